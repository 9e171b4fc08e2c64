/** Mumble shows texts as HTML, and its clients write HTML. The chat of rooms is plain text. */

/** What a client may send; everything beyond it is cut off before anything else is done with it. */
export const MAX_HTML_LENGTH = 16_384;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '<br>',
};
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
/** What is between these is not text. A tag ends before the next one begins, or many open ones would take quadratic time. */
const NOT_TEXT = /<(style|script|head|title)\b[^<>]*>.*?(?:<\/\1\s*>|$)|<!--.*?(?:-->|$)/gis;
const BREAK = /<(?:br|\/p|\/div|\/li|\/tr|\/h[1-6])\b[^<>]*>/gi;
/** A tag, also one that does not end. */
const TAG = /<\/?[a-z!][^>]*(?:>|$)/gi;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi;

/** Plain text as Mumble shows it. */
export function toHtml(text: string): string {
  return text.replace(/[&<>"\n]/g, (character) => ESCAPES[character]!);
}

/** The text of HTML, without tags, attributes, images and styles. Line breaks are kept. */
export function fromHtml(html: string): string {
  const short = html.slice(0, MAX_HTML_LENGTH);
  return short
    .replace(NOT_TEXT, '')
    .replace(/[\r\n]+/g, ' ')
    .replace(BREAK, '\n')
    .replace(TAG, '')
    .replace(ENTITY, decoded)
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}

function decoded(whole: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
  const isAllowed = code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isAllowed || code === 0x0a ? String.fromCodePoint(code) : ' ';
}
