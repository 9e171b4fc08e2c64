import { AppError } from '../lib/errors.ts';

/** Counted in Unicode code points after normalisation. */
const MAX_LENGTH = 64;

/** Control characters, lone surrogates, line and paragraph separators, and what turns the direction of the text around it. */
const FORBIDDEN_IN_NAME = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{M}]/gu;
const ROOM_NAME = /^[\p{L}\p{Nd}\-_.][\p{L}\p{M}\p{Nd}\-_.]*$/u;
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/u;

/** The name of a participant as it is shown: trimmed, in Unicode form NFC, any script. Throws `invalid_name`. */
export function participantName(text: string): string {
  const name = text.normalize('NFC').trim();
  if (!hasAllowedLength(name)) throw new AppError('invalid_name');
  if (FORBIDDEN_IN_NAME.test(name)) throw new AppError('invalid_name', 'It may not hold control characters.');
  if (name.replace(INVISIBLE, '') === '') throw new AppError('invalid_name', 'Something of it must be visible.');
  return name;
}

/** The name of a room as everybody writes it: trimmed, in Unicode form NFC. Throws `invalid_room`. */
export function roomName(text: string): string {
  const name = text.normalize('NFC').trim();
  if (!hasAllowedLength(name) || !ROOM_NAME.test(name)) throw new AppError('invalid_room');
  // Two rooms whose names look the same would divide a group without anybody seeing why.
  if (IGNORABLE.test(name)) throw new AppError('invalid_room', 'It may not hold invisible characters.');
  // The addresses /room/. and /room/.. lead elsewhere (RFC 3986 section 5.2.4).
  if (name === '.' || name === '..') throw new AppError('invalid_room');
  return name;
}

function hasAllowedLength(name: string): boolean {
  const length = [...name].length;
  return length >= 1 && length <= MAX_LENGTH;
}
