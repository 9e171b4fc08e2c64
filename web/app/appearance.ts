/** How a person looks in the list. */
export interface Appearance {
  /** For the avatar: one or two letters, or one emoji. */
  readonly initials: string;
  readonly hue: number;
  /** 2, 3, … for those who came after someone of the same name; otherwise null. */
  readonly number: number | null;
}

/** So far apart that people tell them from each other. */
const HUES = [265, 25, 145, 330, 85, 205, 300, 55, 175, 235, 5, 115] as const;
/** No two of so many people who came after each other have the same colour. */
const APART = 6;
const MAX_WORDS = 64;

/** Firefox before 125 has none. */
const segmenter = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null;
const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\uFE0F?\u20E3)/u;
const LETTER_OR_DIGIT = /^[\p{L}\p{N}]/u;
/** Scripts with capitals have initials. In others, a first character says as much, and two may join into a strange word. */
const HAS_CAPITALS = /^[\p{Lu}\p{Lt}\p{Nd}]/u;

/** The appearance of each of these people, in the order in which they came, which is the same for everyone. */
export function appearances(
  people: Iterable<{ readonly id: string; readonly name: string }>,
): ReadonlyMap<string, Appearance> {
  const result = new Map<string, Appearance>();
  const countOf = new Map<string, number>();
  const recent: number[] = [];
  for (const { id, name } of people) {
    const folded = name.toLowerCase();
    const count = (countOf.get(folded) ?? 0) + 1;
    countOf.set(folded, count);
    const index = freeColour(hash(name), recent);
    recent.push(index);
    if (recent.length > APART) recent.shift();
    result.set(id, { initials: initialsOf(name), hue: HUES[index] ?? 0, number: count === 1 ? null : count });
  }
  return result;
}

/** The initials of a name in any script: never a bracket, a half of a flag, or a part of an emoji. */
export function initialsOf(name: string): string {
  const firsts = name.split(/\s+/, MAX_WORDS).flatMap((word) => {
    const first = firstGrapheme(word);
    return first === undefined ? [] : [first];
  });
  const [first, ...others] = firsts.filter((grapheme) => LETTER_OR_DIGIT.test(grapheme) && !EMOJI.test(grapheme));
  if (first === undefined) return firsts[0] ?? '?';
  const last = others.at(-1);
  const initial = first.toUpperCase();
  if (last === undefined || !HAS_CAPITALS.test(initial)) return initial;
  const second = last.toUpperCase();
  return HAS_CAPITALS.test(second) ? initial + second : initial;
}

/** The first letter, digit or emoji of a word; if there is none, its first character that is more than punctuation. */
function firstGrapheme(word: string): string | undefined {
  const graphemes = segmenter === null ? [...word] : Array.from(segmenter.segment(word), ({ segment }) => segment);
  return (
    graphemes.find((grapheme) => EMOJI.test(grapheme) || LETTER_OR_DIGIT.test(grapheme)) ??
    graphemes.find((grapheme) => /^\p{S}/u.test(grapheme))
  );
}

/** The colour of this name, or the next that none of the people before has. */
function freeColour(wanted: number, taken: readonly number[]): number {
  for (let step = 0; step < HUES.length; step += 1) {
    const index = (wanted + step) % HUES.length;
    if (!taken.includes(index)) return index;
  }
  return wanted % HUES.length;
}

function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return value;
}
