import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { table as english } from '../../web/app/locales/en.ts';
import { CATEGORIES, grammarOf } from '../../web/app/locales/grammar.ts';
import { chooseLanguage, LANGUAGES } from '../../web/app/locales/languages.ts';
import { table as lateEnglish } from '../../web/app/locales/late/en.ts';

const FOLDER = new URL('../../web/app/locales/', import.meta.url);
const OTHERS = LANGUAGES.filter(({ tag }) => tag !== 'en');
const tables = await Promise.all(
  OTHERS.map(async ({ tag, load, loadLate }) => ({ tag, table: (await load()).table, late: (await loadLate()).table })),
);

type Text = string | ((...values: never[]) => string);

/** Labels of buttons, which have little room. */
const BUTTONS = [
  'join.submit',
  'join.joining',
  'join.cancel',
  'join.modes.open',
  'join.modes.muted',
  'join.modes.listen',
  'check.microphone',
  'check.hearMyself',
  'check.sound',
  'microphone.retry',
  'microphone.listenInstead',
  'microphone.add',
  'room.copyLink',
  'room.linkCopied',
  'room.mute',
  'room.deafen',
  'room.settings',
  'room.leave',
  'room.undeafen',
  'room.unlock',
  'leaving.stay',
  'leaving.leave',
  'talk.press',
  'talk.hold.push',
  'talk.hold.mute',
  'channels.whisper',
  'channels.shout',
  'channels.everyone',
  'volume.close',
  'chat.title',
  'chat.close',
  'chat.send',
  'chat.save',
  'chat.edit',
  'chat.delete',
  'moderation.mute',
  'moderation.allow',
  'moderation.muteInChat',
  'moderation.allowInChat',
  'moderation.kick',
  'moderation.ban',
  'moderation.cancel',
  'moderation.lock',
  'retryNow',
  'mini.open',
  'mini.leave',
  'stats.open',
  'stats.copy',
  'stats.copied',
  'settings.close',
  'settings.chooseOutput',
];
const MOST_OF_ENGLISH = 1.7;
/** Any button has room for so many Latin letters, or for half as many of East Asia. */
const ALWAYS_FITS = 16;
const WIDE = /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]/gu;

/** What is the same in other languages, too. */
const SAME = new Set(['Partyline', 'Chat', 'Codec', 'Jitter', 'Volume', 'Teams', 'Direct, TCP']);
/** What may be written in Latin letters between other ones. */
const LATIN = new Set([
  'Partyline',
  'Mumble',
  'Chromium',
  'Firefox',
  'Safari',
  'UDP',
  'HTTPS',
  'TCP',
  'Wi-Fi',
  'https',
  'localhost',
  'dB',
  'kbit',
  'min',
  'ms',
  's',
]);
const IN_OTHER_SCRIPTS = new Set(['ko', 'ja', 'zh-Hans', 'ar']);
const ENGLISH_WORDS = /\b(?:the|your|you|and|with|this|that|cannot|again|browser’s|everyone|nobody)\b/i;
const ENDS: readonly (readonly [english: RegExp, other: RegExp])[] = [
  [/\.$/, /[.。]$/],
  [/…$/, /…$/],
  [/\?$/, /[?？؟]$/],
  [/:$/, /[:：]$/],
];

/** What is loaded at once, and what comes with panels. */
function sourcesOf(tag: string): readonly string[] {
  return ['', 'late/'].map((folder) => readFileSync(new URL(`${folder}${tag.toLowerCase()}.ts`, FOLDER), 'utf8'));
}

/** Every text with its path in the tables, which have no path in common. */
function textsOf(...tables: readonly object[]): ReadonlyMap<string, Text> {
  const found = new Map<string, Text>();
  const visit = (value: object, path: string): void => {
    for (const [key, text] of Object.entries(value) as [string, Text | object][]) {
      if (typeof text === 'object') visit(text, `${path}${key}.`);
      else if (found.has(path + key)) throw new Error(`${path}${key} is in both tables.`);
      else found.set(path + key, text);
    }
  };
  for (const table of tables) visit(table, '');
  return found;
}

const texts = textsOf(english, lateEnglish);

/** A value that was put into a text. */
const VALUE = /⟦\w⟧/g;
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  string: ['⟦a⟧', '⟦b⟧'],
  number: [7, 25, 300],
  'number | null': [7, 25, null],
  boolean: [true, false],
  'readonly string[]': [['⟦a⟧', '⟦b⟧', '⟦c⟧']],
  MediaPath: [
    { kind: 'relay', transport: 'udp' },
    { kind: 'direct', transport: 'tcp' },
  ],
};

/** What to call each function with, by its path: the types of the parameters are read in the English file. */
const argumentsOf: ReadonlyMap<string, readonly (readonly unknown[])[]> = (() => {
  const declared = [
    ...sourcesOf('en')
      .join('\n')
      .matchAll(/^ +(\w+): \(([^)]*)\)(?:: string)? =>/gm),
  ];
  const functions = [...texts].filter(([, text]) => typeof text === 'function');
  return new Map(
    functions.map(([path], index) => {
      const [, key, parameters = ''] = declared[index] ?? [];
      if (key !== path.split('.').at(-1)) throw new Error(`The parameters of ${path} cannot be read.`);
      const types = [...parameters.matchAll(/: ([^,]+)/g)].map(([, type = '']) => type.trim());
      const samples = types.map((type) => SAMPLES[type] ?? []);
      if (samples.some(({ length }) => length === 0))
        throw new Error(`There are no samples for ${path}(${parameters}).`);
      const most = Math.max(...samples.map(({ length }) => length));
      const at = (index: number) => samples.map((each, place) => each[(index + place) % each.length]);
      return [path, Array.from({ length: most }, (_, index) => at(index))];
    }),
  );
})();

/** The text, or what the function makes of its samples. */
function sentencesOf(path: string, text: Text | undefined): readonly string[] {
  if (typeof text === 'string') return [text];
  const call = text as unknown as (...values: readonly unknown[]) => string;
  return (argumentsOf.get(path) ?? []).map((values) => call(...values));
}

function* pairs(
  translated: ReadonlyMap<string, Text>,
): Generator<readonly [path: string, english: string, other: string]> {
  for (const [path, text] of texts) {
    const others = sentencesOf(path, translated.get(path));
    for (const [index, sentence] of sentencesOf(path, text).entries()) yield [path, sentence, others[index] ?? ''];
  }
}

function numbersIn(text: string): readonly string[] {
  return (text.match(/\d+(?:[.,]\d+)?/g) ?? []).map((number) => number.replace(',', '.'));
}

test('every language has a file, and no file is without its language', async (t) => {
  const known = LANGUAGES.map(({ tag }) => `${tag.toLowerCase()}.ts`);
  t.same(readdirSync(FOLDER).sort(), [...known, 'arabic.ts', 'grammar.ts', 'languages.ts', 'late'].sort());
  t.same(readdirSync(new URL('late/', FOLDER)).sort(), [...known].sort());
  for (const { tag, isDraft } of OTHERS)
    for (const source of sourcesOf(tag))
      t.equal(source.split(':')[0], isDraft ? '// draft' : '// reviewed', `the first line of ${tag}`);
});

test('the plural categories of each language are those of CLDR', async (t) => {
  for (const { tag } of LANGUAGES) {
    const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
    const isRare = (category: string) => category === 'many' && ['es', 'fr', 'pt-BR'].includes(tag);
    t.same([...CATEGORIES[tag]].sort(), pluralCategories.filter((category) => !isRare(category)).sort(), tag);
  }
  const { plural } = grammarOf('ar');
  const forms = { zero: 'z#', one: 'one', two: 'two', few: 'f#', many: 'm#', other: 'o#' };
  t.same(
    [0, 1, 2, 3, 11, 100].map((count) => plural(count, forms)),
    ['z0', 'one', 'two', 'f3', 'm11', 'o100'],
  );
});

for (const { tag, table, late } of tables) {
  const others = textsOf(table, late);

  test(`the texts in ${tag} say as much as the English ones`, async (t) => {
    t.same([...others.keys()].sort(), [...texts.keys()].sort());
    const faults: string[] = [];
    for (const [path, text, other] of pairs(others)) {
      const said = numbersIn(other);
      const lacks = [
        ...(text.match(VALUE) ?? []).filter((value) => !other.includes(value)),
        ...numbersIn(text).filter((number) => !said.includes(number)),
      ];
      if (lacks.length > 0) faults.push(`${path} lacks ${lacks.join()}: ${other}`);
      if (other === '' && text !== '') faults.push(`${path} is empty`);
      if (/[<>]|&\w+;/.test(other)) faults.push(`${path} is HTML: ${other}`);
      const [, end = /$/] = ENDS.find(([pattern]) => pattern.test(text)) ?? [];
      if (typeof texts.get(path) === 'string' && !end.test(other)) faults.push(`${path} ends otherwise: ${other}`);
    }
    t.same(faults, []);
  });

  test(`nothing in ${tag} is left in English`, async (t) => {
    const faults: string[] = [];
    for (const [path, text, other] of pairs(others)) {
      const words = other.replace(VALUE, '').match(/\p{L}[\p{L}-]*/gu) ?? [];
      const own = words.filter((word) => !LATIN.has(word));
      if (text === other && own.length > 0 && !SAME.has(text)) faults.push(`${path}: ${other}`);
      if (ENGLISH_WORDS.test(other)) faults.push(`${path}: ${other}`);
      if (IN_OTHER_SCRIPTS.has(tag) && own.some((word) => /^[A-Za-z-]+$/.test(word))) faults.push(`${path}: ${other}`);
    }
    t.same(faults, []);
  });

  test(`the labels of buttons in ${tag} fit`, async (t) => {
    const width = (text: string) => text.length + (text.match(WIDE) ?? []).length;
    for (const path of BUTTONS) {
      const text = String(others.get(path));
      const most = Math.max(ALWAYS_FITS, MOST_OF_ENGLISH * width(String(texts.get(path))));
      t.ok(width(text) <= most, `${path}: ${text}`);
    }
  });
}

test('what a screen reader says of a button has the word on it (WCAG 2.5.3)', async (t) => {
  for (const { tag, table } of [{ tag: 'en', table: english }, ...tables]) {
    const { whisper, whisperTo, shout, shoutTo } = table.channels;
    for (const [label, name] of [
      [whisper, whisperTo('Ada')],
      [shout, shoutTo('Red')],
    ] as const)
      t.match(
        name,
        new RegExp(`(?<![\\p{Script=Latin}\\p{Script=Arabic}])${label}(?![\\p{Script=Latin}\\p{Script=Arabic}])`, 'iu'),
        tag,
      );
  }
});

test('the labels of buttons are texts of the page', async (t) => {
  for (const path of BUTTONS) t.type(texts.get(path), 'string', path);
});

test('the first language that somebody wants and the page has is chosen, by language and script', async (t) => {
  const chosen = (...wanted: string[]) => chooseLanguage(wanted).tag;
  t.equal(chosen('ko-KR', 'en-US'), 'ko');
  t.equal(chosen('de-AT'), 'de');
  t.equal(chosen('pt'), 'pt-BR');
  t.equal(chosen('pt-PT'), 'pt-BR');
  t.equal(chosen('zh-CN'), 'zh-Hans');
  t.equal(chosen('zh-SG'), 'zh-Hans');
  t.equal(chosen('zh-TW', 'fr'), 'fr', 'not in the other script');
  t.equal(chosen('ar-EG'), 'ar');
  t.equal(chosen('fi', 'ja'), 'ja');
  t.equal(chosen('', 'no tag at all', 'x'), 'en');
  t.equal(chosen(), 'en');
});
