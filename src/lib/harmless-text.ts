/** Control characters (C0, DEL, C1), line and paragraph separators, and what turns the direction of text around (UAX #9). */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** The same but for C0, which JSON has escaped already. */
const HARMFUL_IN_JSON = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text with what could write a line of its own or steer a terminal made visible, as `\n` or `\u001b`. */
export function harmlessText(text: string): string {
  return text.replace(HARMFUL, escaped);
}

/** The same for a line of JSON, which still means what it meant. */
export function harmlessJson(line: string): string {
  return line.replace(HARMFUL_IN_JSON, escaped);
}

function escaped(character: string): string {
  const inJson = JSON.stringify(character).slice(1, -1);
  return inJson === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : inJson;
}
