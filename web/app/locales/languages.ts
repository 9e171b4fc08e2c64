import { table as english, type Table } from './en.ts';
import type { LanguageTag } from './grammar.ts';
import type { LateTable } from './late/en.ts';

export interface Language {
  readonly tag: LanguageTag;
  /** In the language itself. */
  readonly name: string;
  readonly direction: 'ltr' | 'rtl';
  /** No native speaker has reviewed its texts. The first line of its file says the same. */
  readonly isDraft: boolean;
  /** Rejects if its texts cannot be loaded. */
  readonly load: () => Promise<{ readonly table: Table }>;
  /** Loads the texts of panels. Rejects if they cannot be loaded. */
  readonly loadLate: () => Promise<{ readonly table: LateTable }>;
}

/** What everybody gets whose languages the page does not have. It needs no loading. */
export const ENGLISH: Language = {
  tag: 'en',
  name: 'English',
  direction: 'ltr',
  isDraft: false,
  load: async () => ({ table: english }),
  loadLate: () => import('./late/en.ts'),
};

/** In the order of the menu. */
export const LANGUAGES: readonly Language[] = [
  ENGLISH,
  {
    tag: 'de',
    name: 'Deutsch',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./de.ts'),
    loadLate: () => import('./late/de.ts'),
  },
  {
    tag: 'es',
    name: 'Español',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./es.ts'),
    loadLate: () => import('./late/es.ts'),
  },
  {
    tag: 'fr',
    name: 'Français',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./fr.ts'),
    loadLate: () => import('./late/fr.ts'),
  },
  {
    tag: 'pt-BR',
    name: 'Português (Brasil)',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./pt-br.ts'),
    loadLate: () => import('./late/pt-br.ts'),
  },
  {
    tag: 'ko',
    name: '한국어',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./ko.ts'),
    loadLate: () => import('./late/ko.ts'),
  },
  {
    tag: 'ja',
    name: '日本語',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./ja.ts'),
    loadLate: () => import('./late/ja.ts'),
  },
  {
    tag: 'zh-Hans',
    name: '简体中文',
    direction: 'ltr',
    isDraft: true,
    load: () => import('./zh-hans.ts'),
    loadLate: () => import('./late/zh-hans.ts'),
  },
  {
    tag: 'ar',
    name: 'العربية',
    direction: 'rtl',
    isDraft: true,
    load: () => import('./ar.ts'),
    loadLate: () => import('./late/ar.ts'),
  },
];

/** The language of the first of these tags (BCP 47) that the page has; English if it has none of them. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const written = writtenLanguage(tag);
    const language = LANGUAGES.find((known) => writtenLanguage(known.tag) === written);
    if (written !== null && language !== undefined) return language;
  }
  return ENGLISH;
}

/** The language and its script, such as `zh-Hant` for `zh-TW`; null if it is no tag. */
function writtenLanguage(tag: string): string | null {
  try {
    const { language, script } = new Intl.Locale(tag).maximize();
    return `${language}-${script}`;
  } catch {
    return null;
  }
}
