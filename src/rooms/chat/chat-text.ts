import { AppError } from '../../lib/errors.ts';
import { MAX_CHAT_LENGTH } from '../../protocol/bounds.ts';

/** Control characters other than line breaks, and lone surrogates, which take six bytes each in JSON. */
const FORBIDDEN = /\p{Cs}|(?!\n)\p{Cc}/u;
const LINE_BREAK = /\r\n?/g;

/**
 * A chat message as everyone sees it: trimmed, Unicode form NFC, line breaks as `\n`. Every other character is left as
 * it is, so pages must isolate the direction of the text. Throws `invalid_text`.
 */
export function chatText(text: string): string {
  // Before normalising, which takes quadratic time in the length for malicious input.
  if (text.length > MAX_CHAT_LENGTH) throw new AppError('invalid_text');
  const normal = text.replace(LINE_BREAK, '\n').normalize('NFC').trim();
  if (normal.length === 0 || normal.length > MAX_CHAT_LENGTH || FORBIDDEN.test(normal))
    throw new AppError('invalid_text');
  return normal;
}
