/**
 * The plural categories of CLDR that each text with a number has. Left out is `many` of Spanish, French and Portuguese,
 * which is for millions.
 */
export const CATEGORIES = {
  en: ['one', 'other'],
  de: ['one', 'other'],
  es: ['one', 'other'],
  fr: ['one', 'other'],
  'pt-BR': ['one', 'other'],
  ko: ['other'],
  ja: ['other'],
  'zh-Hans': ['other'],
  ar: ['zero', 'one', 'two', 'few', 'many', 'other'],
} as const;

/** The languages of the page (BCP 47). */
export type LanguageTag = keyof typeof CATEGORIES;

type Forms<Tag extends LanguageTag> = Readonly<Record<(typeof CATEGORIES)[Tag][number], string>>;

/** What the texts of a language need in order to be put together. */
export function grammarOf<Tag extends LanguageTag>(tag: Tag) {
  const rules = new Intl.PluralRules(tag);
  const numbers = numbersOf(tag);
  return {
    /** The form for this count, with the count in place of `#`. */
    plural(count: number, forms: Forms<Tag>): string {
      const known: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = forms;
      return (known[rules.select(count)] ?? known.other ?? '').replace('#', String(count));
    },
    /** `Ada, Ben and Cy` */
    list: (items: readonly string[]): string => new Intl.ListFormat(tag).format(items),
    /** @param part 1 for all of it */
    percent: (part: number, digits = 0): string =>
      new Intl.NumberFormat(numbers, {
        style: 'percent',
        useGrouping: false,
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(part),
  };
}

/** The locale for numbers in texts of this language: all of them have Latin digits, as the names of keys and codecs have. */
export function numbersOf(tag: LanguageTag): string {
  return `${tag}-u-nu-latn`;
}
