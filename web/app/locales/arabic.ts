/** What the Arabic texts of the page have in common. */
import { grammarOf } from './grammar.ts';

const { plural } = grammarOf('ar');

/** Keeps what may be written from left to right, such as a name, from reordering the sentence around it (UAX #9). */
export const apart = (text: string | number): string => `\u2068${text}\u2069`;

export const seconds = (count: number): string =>
  plural(count, {
    zero: '# ثانية',
    one: 'ثانية واحدة',
    two: 'ثانيتين',
    few: '# ثوانٍ',
    many: '# ثانية',
    other: '# ثانية',
  });
