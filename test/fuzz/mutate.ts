/** Makes new inputs from old ones, with the usual byte mutations and words of the format. */
import { integerBetween, type Prng } from '../helpers/prng.ts';
import { type FuzzTarget, joinFrames, splitFrames } from './target.ts';

const DEFAULT_MAX_BYTES = 1500;
const INTERESTING = [0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 254, 255] as const;
const INTERESTING_16 = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3ff, 0x5dc, 0x7fff, 0x8000, 0xfffe, 0xffff] as const;
const INTERESTING_NUMBERS = ['0', '1', '-1', '255', '256', '65535', '65536', '4294967296', '1e308', '9'.repeat(40)];
const MAX_CHANGES = 5;

export type Mutator = (prng: Prng, corpus: readonly Uint8Array[]) => Uint8Array;

/** Makes inputs for one target from its corpus. */
export function createMutator({
  framed = false,
  tokens = [],
  generate,
  maxBytes = DEFAULT_MAX_BYTES,
}: FuzzTarget): Mutator {
  const words = tokens.map((token) => Buffer.from(token));
  const bytes = (prng: Prng, corpus: readonly Uint8Array[]): Uint8Array => {
    if (generate !== undefined && prng() < 0.3) return generate(prng);
    const base = pick(prng, corpus);
    return changed(prng, base, corpus, words, maxBytes);
  };
  const frames = (prng: Prng, corpus: readonly Uint8Array[]): Uint8Array => {
    if (generate !== undefined && prng() < 0.3) return generate(prng);
    const list = splitFrames(pick(prng, corpus));
    const others = splitFrames(pick(prng, corpus));
    for (let changes = integerBetween(prng, 1, MAX_CHANGES); changes > 0; changes--) {
      changeList(prng, list, others, (frame) => changed(prng, frame, others, words, maxBytes));
    }
    return joinFrames(list);
  };
  return framed ? frames : bytes;
}

function changeList(
  prng: Prng,
  list: Uint8Array[],
  others: readonly Uint8Array[],
  change: (frame: Uint8Array) => Uint8Array,
): void {
  const at = integerBetween(prng, 0, Math.max(0, list.length - 1));
  const frame = list[at];
  if (frame === undefined) {
    list.push(...others);
    return;
  }
  switch (integerBetween(prng, 0, 7)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1:
      list.splice(at, 0, frame);
      return;
    case 2:
      list.splice(integerBetween(prng, 0, list.length - 1), 0, ...list.splice(at, 1));
      return;
    case 3:
      if (others.length > 0) list.splice(at, 0, pick(prng, others));
      return;
    default:
      list[at] = change(frame);
  }
}

function changed(
  prng: Prng,
  base: Uint8Array,
  corpus: readonly Uint8Array[],
  words: readonly Buffer[],
  maxBytes: number,
): Uint8Array {
  let input: Buffer = Buffer.from(base);
  for (let changes = integerBetween(prng, 1, MAX_CHANGES); changes > 0; changes--) {
    input = changeOnce(prng, input, corpus, words);
  }
  return input.length > maxBytes ? input.subarray(0, maxBytes) : input;
}

function changeOnce(prng: Prng, input: Buffer, corpus: readonly Uint8Array[], words: readonly Buffer[]): Buffer {
  const at = integerBetween(prng, 0, Math.max(0, input.length - 1));
  const size = integerBetween(prng, 1, Math.max(1, Math.min(16, input.length - at)));
  switch (integerBetween(prng, 0, words.length > 0 ? 14 : 12)) {
    case 0:
      if (input.length > 0) input[at]! ^= 1 << integerBetween(prng, 0, 7);
      return input;
    case 1:
      if (input.length > 0) input[at] = integerBetween(prng, 0, 255);
      return input;
    case 2:
      if (input.length > 0) input[at] = pick(prng, INTERESTING);
      return input;
    case 3:
      if (input.length > 0) input[at] = (input[at]! + integerBetween(prng, -4, 4)) & 0xff;
      return input;
    case 4:
      if (at + 2 <= input.length) input.writeUInt16BE(pick(prng, INTERESTING_16), at);
      return input;
    case 5:
      // A length field that gives the true length, or nearly.
      if (at + 2 <= input.length) input.writeUInt16BE((input.length - at + integerBetween(prng, -4, 2)) & 0xffff, at);
      return input;
    case 6:
      return splice(input, at, size, Buffer.alloc(0));
    case 7:
      return splice(input, at, 0, input.subarray(at, at + size));
    case 8:
      return splice(input, at, 0, randomBytes(prng, size));
    case 9:
      return input.subarray(0, at);
    case 10:
      return Buffer.concat([input, prng() < 0.5 ? Buffer.alloc(size) : randomBytes(prng, size)]);
    case 11: {
      const other = pick(prng, corpus);
      const from = integerBetween(prng, 0, Math.max(0, other.length - 1));
      const piece = Buffer.from(other.subarray(from, from + integerBetween(prng, 1, 64)));
      return splice(input, at, prng() < 0.5 ? piece.length : 0, piece);
    }
    case 12:
      return changeNumber(prng, input, at);
    case 13:
      return splice(input, at, 0, pick(prng, words));
    default:
      return splice(input, at, size, pick(prng, words));
  }
}

/** Replaces the decimal number that begins at or after `at`. */
function changeNumber(prng: Prng, input: Buffer, at: number): Buffer {
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;
  let start = at;
  while (start < input.length && !isDigit(input[start])) start++;
  let end = start;
  while (isDigit(input[end])) end++;
  return end === start ? input : splice(input, start, end - start, Buffer.from(pick(prng, INTERESTING_NUMBERS)));
}

function splice(input: Buffer, at: number, remove: number, put: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), put, input.subarray(at + remove)]);
}

/** Pseudo-random bytes. */
export function randomBytes(prng: Prng, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = prng() * 256;
  return bytes;
}

/** An element of a list that is not empty. */
export function pick<T>(prng: Prng, list: readonly T[]): T {
  return list[Math.floor(prng() * list.length)]!;
}
