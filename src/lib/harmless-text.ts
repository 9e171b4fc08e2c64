/**
 * Control characters (C0, DEL, C1), line and paragraph separators, and characters that change the text direction (UAX
 * #9).
 */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** The same without C0, which JSON has already escaped. */
const HARMFUL_IN_JSON = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Escapes, as `\n` or `\u001b`, everything that could start a new line or control a terminal. */
export function harmlessText(text: string): string {
  return text.replace(HARMFUL, escaped);
}

/** The same for a line of JSON, without changing its meaning. */
export function harmlessJson(line: string): string {
  return line.replace(HARMFUL_IN_JSON, escaped);
}

function escaped(character: string): string {
  const inJson = JSON.stringify(character).slice(1, -1);
  return inJson === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : inJson;
}
