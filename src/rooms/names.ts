import { AppError } from '../lib/errors.ts';
import { MAX_NAME_LENGTH } from '../protocol/bounds.ts';

/** In Unicode code points after normalisation. */
export const MAX_NAME_CHARACTERS = 64;

/**
 * Control characters, lone surrogates, line and paragraph separators, and characters that change the direction of
 * surrounding text.
 */
const FORBIDDEN_IN_NAME = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;
const AROUND_ROOM_NAME = /^[\p{Zs}/]+|[\p{Zs}/]+$/gu;
const SPACES = /\p{Zs}+/gu;
const AROUND_SLASHES = /[\p{Zs}/]*\/[\p{Zs}/]*/gu;
const SPACED = /[ -]* [ -]*/g;
const ROOM_NAME = /^[\p{L}\p{Nd}\-_.][\p{L}\p{M}\p{Nd}\-_.\u200C\u200D]*$/u;
/**
 * Zero-width characters, fillers, tags, variation selectors and joiners: all of them are invisible. So are characters
 * that have no property that says so: interlinear annotations, controls of Egyptian hieroglyphs, and the filler of the
 * Khitan small script. Noncharacters are shown as anything or nothing.
 */
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\uFFF9-\uFFFB\u{13430}-\u{1343F}\u{16FE4}]/u;
/**
 * A letter, a digit, a symbol or an emoji. Three symbols look blank or are invisible without having a property that
 * says so: the empty braille pattern, the object replacement character, and the null notehead.
 */
const VISIBLE =
  /(?![\p{Default_Ignorable_Code_Point}\u2800\uFFFC\u{1D159}])[\p{L}\p{N}\p{S}\p{Extended_Pictographic}]/u;

/** Scripts in which the joiners U+200C and U+200D matter within words (Unicode 16, sections 9.2 to 16.3 and 23.2). */
const SCRIPTS_WITH_JOINERS = [
  ...['Arab', 'Syrc', 'Mand', 'Mani', 'Nkoo', 'Phag', 'Mong', 'Rohg', 'Adlm', 'Sogd'],
  ...['Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym', 'Sinh', 'Mymr', 'Khmr', 'Tibt'],
];
const JOINING = `(?=[\\p{L}\\p{M}])[${SCRIPTS_WITH_JOINERS.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`;
/** Between two letters or marks, or at the end of a Malayalam chillu in the spelling before Unicode 5.1. */
const JOINER_IN_WORD = new RegExp(`(?<=${JOINING})[\\u200C\\u200D](?=${JOINING})|(?<=\\u0D4D)\\u200D`, 'gu');
/** Unicode Technical Standard 51, section 1.4.9: between the parts of one emoji. */
const JOINER_IN_EMOJI =
  /(?<=\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?)\u200D(?=\p{Extended_Pictographic})/gu;
/** The same, section 1.4.6: tags that form the flag of a subdivision. */
const FLAG_TAGS = /(?<=\u{1F3F4})[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}/gu;
/** After characters that have variants: emoji and other symbols, ideographs, Mongolian letters, and keycap digits. */
const VARIATION =
  /(?<=[\p{Extended_Pictographic}\p{S}\p{Script=Han}\p{Script=Mongolian}])\p{Variation_Selector}|(?<=[0-9#*])\uFE0F(?=\u20E3)/gu;
/** Marks that control the order in which neighbours in different scripts are displayed. */
const DIRECTION_MARKS = /[\u200E\u200F\u061C]/gu;

/** Trims and normalises (NFC); undefined if the text is too long for any name. */
export function normalName(text: string): string | undefined {
  // Normalising takes quadratic time in the length for malicious input.
  return text.length <= MAX_NAME_LENGTH ? text.normalize('NFC').trim() : undefined;
}

/** The display name of a participant: trimmed, Unicode form NFC, any script. Throws `invalid_name`. */
export function participantName(text: string): string {
  const name = normalName(text);
  if (name === undefined || !hasAllowedLength(name)) throw new AppError('invalid_name');
  if (FORBIDDEN_IN_NAME.test(name)) throw new AppError('invalid_name', 'It may not contain control characters.');
  if (!VISIBLE.test(name))
    throw new AppError('invalid_name', 'It must contain a letter, a digit, a symbol or an emoji.');
  const rest = [JOINER_IN_WORD, JOINER_IN_EMOJI, FLAG_TAGS, VARIATION, DIRECTION_MARKS].reduce(without, name);
  if (INVISIBLE.test(rest)) throw new AppError('invalid_name', 'It may not contain invisible characters.');
  return name;
}

/**
 * The name of a room as it is shown: as it was typed, but trimmed, without slashes around it, with single spaces and
 * slashes, and in Unicode form NFC. Slashes inside make a tree of rooms. Throws `invalid_room`.
 */
export function roomName(text: string): string {
  const name = normalName(text)?.replace(AROUND_ROOM_NAME, '').replace(AROUND_SLASHES, '/').replace(SPACES, ' ');
  if (name === undefined) throw new AppError('invalid_room');
  for (const spelled of [name.replaceAll(' ', '-'), fold(name)]) {
    if (!hasAllowedLength(spelled)) throw new AppError('invalid_room');
    for (const part of spelled.split('/')) checkPlainName(part);
  }
  return name;
}

/**
 * Identifies a room: the same for all spellings of its name that differ only in case, or in spaces instead of hyphens.
 * It is a name of the same room itself. Throws `invalid_room`.
 */
export function roomKey(text: string): string {
  return fold(roomName(text));
}

/** The same; undefined if this cannot be the name of a room. */
export function roomKeyOrUndefined(text: string): string | undefined {
  try {
    return roomKey(text);
  } catch {
    return undefined;
  }
}

/** Throws `invalid_room`. */
function checkPlainName(name: string): void {
  if (!hasAllowedLength(name) || !ROOM_NAME.test(name)) throw new AppError('invalid_room');
  // Two rooms with names that look the same would split a group without anyone seeing why.
  if (INVISIBLE.test(without(name, JOINER_IN_WORD)))
    throw new AppError('invalid_room', 'It may not contain invisible characters.');
  // The URLs /room/. and /room/.. lead elsewhere (RFC 3986 section 5.2.4).
  if (name === '.' || name === '..') throw new AppError('invalid_room');
}

/** Lower case twice, because some letters have it only by way of their capital: ẞ, ß and SS are one. */
function fold(name: string): string {
  const folded = name.replace(SPACED, '-').toLowerCase().toUpperCase().toLowerCase();
  // Lower case depends on neighbours only for this letter.
  return folded.replaceAll('ς', 'σ').normalize('NFC');
}

function without(text: string, pattern: RegExp): string {
  return text.replace(pattern, '');
}

function hasAllowedLength(name: string): boolean {
  const length = [...name].length;
  return length >= 1 && length <= MAX_NAME_CHARACTERS;
}

/**
 * The canonical name of a channel: trimmed, Unicode form NFC, the same characters as in that of a room but no spaces.
 * Throws `invalid_channel`.
 */
export function channelName(text: string, detail?: string): string {
  try {
    const name = normalName(text) ?? '';
    checkPlainName(name);
    return name;
  } catch {
    throw new AppError('invalid_channel', detail);
  }
}
