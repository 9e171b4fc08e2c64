const UNITS = ['byte', 'kilobyte', 'megabyte'] as const;

/** `12 kB`, `3.4 MB` */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const options = { style: 'unit', unit: UNITS[unit], unitDisplay: 'short', maximumSignificantDigits: 3 } as const;
  return new Intl.NumberFormat(document.documentElement.lang, options).format(value);
}
