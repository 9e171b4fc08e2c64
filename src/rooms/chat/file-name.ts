import { MAX_FILE_NAME_LENGTH } from '../../protocol/bounds.ts';

/** In characters. File systems allow 255 bytes. */
const MAX_CHARACTERS = 100;
/**
 * What file systems do not allow, and what is invisible or changes the direction of text: `report\u202Egnp.exe` would
 * look like `reportexe.png`.
 */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\/:*?"<>|]+/gu;
const HIDING = /^[.\s]+/u;

/** A file name as it is shown and suggested for saving. Nothing is refused: whatever is left of a name is a name. */
export function fileName(wanted: string): string {
  const base = wanted.slice(0, MAX_FILE_NAME_LENGTH).normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const clean = base.replace(FORBIDDEN, '_').replace(HIDING, '').trim();
  if (clean === '') return 'file';
  const characters = Array.from(clean);
  if (characters.length <= MAX_CHARACTERS) return clean;
  // The end says what kind of file it is.
  const end = /\.[^.]{1,10}$/u.exec(clean)?.[0] ?? '';
  return characters.slice(0, MAX_CHARACTERS - Array.from(end).length).join('') + end;
}
