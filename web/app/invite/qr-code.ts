/** QR codes (ISO/IEC 18004): bytes, error correction of level M, versions 1 to 20. */

const MAX_VERSION = 20;
/** By version. */
const CHECK_BYTES_PER_BLOCK = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const BYTE_MODE = 0b0100;
const PADDING = [0xec, 0x11];
/** Level M in the format information. */
const LEVEL = 0b00;
const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Rows of modules; true is dark. */
export type QrCode = readonly (readonly boolean[])[];

/** The code of a text without the margin, which has to be four modules wide. Null if the text is too long. */
export function qrCode(text: string): QrCode | null {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= MAX_VERSION; version += 1) {
    if (headerBits(version) + bytes.length * 8 > dataBytes(version) * 8) continue;
    const words = interleaved(version, encoded(version, bytes));
    const codes = MASKS.map((_, mask) => new Drawing(version).finish(words, mask));
    return codes.reduce((best, code) => (penalty(code) < penalty(best) ? code : best));
  }
  return null;
}

function headerBits(version: number): number {
  return 4 + (version < 10 ? 8 : 16);
}

/** Bits that are left for data and checks, without finders, timing, alignment, format and version. */
function rawBits(version: number): number {
  const bits = (16 * version + 128) * version + 64;
  if (version === 1) return bits;
  const aligned = Math.floor(version / 7) + 2;
  return bits - ((25 * aligned - 10) * aligned - 55) - (version >= 7 ? 36 : 0);
}

function dataBytes(version: number): number {
  return Math.floor(rawBits(version) / 8) - at(CHECK_BYTES_PER_BLOCK, version) * at(BLOCKS, version);
}

function encoded(version: number, bytes: Uint8Array): number[] {
  const bits: number[] = [];
  const add = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  add(BYTE_MODE, 4);
  add(bytes.length, headerBits(version) - 4);
  for (const byte of bytes) add(byte, 8);
  const capacity = dataBytes(version) * 8;
  add(0, Math.min(4, capacity - bits.length));
  add(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0; bits.length < capacity; pad += 1) add(at(PADDING, pad % 2), 8);
  return Array.from({ length: capacity / 8 }, (_, index) =>
    bits.slice(index * 8, index * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0),
  );
}

/** Data and checks in the order in which they are drawn: the first of each block, then the second of each, and so on. */
function interleaved(version: number, data: readonly number[]): number[] {
  const count = at(BLOCKS, version);
  const checkLength = at(CHECK_BYTES_PER_BLOCK, version);
  const shortLength = Math.floor(data.length / count);
  const longBlocks = data.length % count;
  const divisor = generator(checkLength);
  const blocks: number[][] = [];
  const checks: number[][] = [];
  for (let block = 0, start = 0; block < count; block += 1) {
    const length = shortLength + (block >= count - longBlocks ? 1 : 0);
    const part = data.slice(start, start + length);
    blocks.push(part);
    checks.push(remainder(part, divisor));
    start += length;
  }
  const inTurn = (parts: readonly number[][], length: number) =>
    Array.from({ length }, (_, index) => parts.flatMap((part) => part[index] ?? [])).flat();
  return [...inTurn(blocks, shortLength + 1), ...inTurn(checks, checkLength)];
}

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** The generator polynomial of this degree, without its first coefficient, which is 1. */
function generator(degree: number): number[] {
  const result = Array.from({ length: degree }, (_, index) => Number(index === degree - 1));
  let root = 1;
  for (let factor = 0; factor < degree; factor += 1) {
    for (let index = 0; index < degree; index += 1)
      result[index] = times(at(result, index), root) ^ (result[index + 1] ?? 0);
    root = times(root, 2);
  }
  return result;
}

function remainder(data: readonly number[], divisor: readonly number[]): number[] {
  let result = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ at(result, 0);
    result = [...result.slice(1), 0].map((value, index) => value ^ times(at(divisor, index), factor));
  }
  return result;
}

/** The modules of one code. */
class Drawing {
  readonly #version: number;
  readonly #size: number;
  readonly #dark: boolean[][];
  /** Not for data. */
  readonly #taken: boolean[][];

  constructor(version: number) {
    this.#version = version;
    this.#size = version * 4 + 17;
    const rows = () => Array.from({ length: this.#size }, () => Array.from({ length: this.#size }, () => false));
    this.#dark = rows();
    this.#taken = rows();
    this.#drawFixed();
  }

  finish(words: readonly number[], mask: number): QrCode {
    this.#drawFormat(mask);
    this.#drawWords(words, MASKS[mask] ?? (() => false));
    return this.#dark;
  }

  #set(x: number, y: number, dark: boolean): void {
    const [row, taken] = [this.#dark[y], this.#taken[y]];
    if (row === undefined || taken === undefined || x < 0 || x >= this.#size) return;
    row[x] = dark;
    taken[x] = true;
  }

  #drawFixed(): void {
    const last = this.#size - 1;
    for (let index = 0; index <= last; index += 1) {
      this.#set(6, index, index % 2 === 0);
      this.#set(index, 6, index % 2 === 0);
    }
    for (const [x, y] of [
      [3, 3],
      [last - 3, 3],
      [3, last - 3],
    ] as const)
      this.#drawRings(x, y, 4, [2, 4]);
    const places = this.#alignmentPlaces();
    for (const x of places)
      for (const y of places) {
        const isFinder = (x === 6 && (y === 6 || y === last - 6)) || (x === last - 6 && y === 6);
        if (!isFinder) this.#drawRings(x, y, 2, [1]);
      }
    if (this.#version >= 7) this.#drawVersion();
  }

  /** Rings around a centre, dark except at these distances. */
  #drawRings(centreX: number, centreY: number, radius: number, light: readonly number[]): void {
    for (let dy = -radius; dy <= radius; dy += 1)
      for (let dx = -radius; dx <= radius; dx += 1)
        this.#set(centreX + dx, centreY + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  }

  #alignmentPlaces(): number[] {
    if (this.#version === 1) return [];
    const count = Math.floor(this.#version / 7) + 2;
    const step = Math.ceil((this.#version * 4 + 4) / (count * 2 - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, index) => this.#size - 7 - index * step)];
  }

  /** Which version it is, twice, with a BCH (18, 6) check. */
  #drawVersion(): void {
    const bits = (this.#version << 12) | bchRemainder(this.#version, 12, 0x1f25);
    for (let index = 0; index < 18; index += 1) {
      const [near, far] = [Math.floor(index / 3), this.#size - 11 + (index % 3)];
      const dark = ((bits >> index) & 1) === 1;
      this.#set(far, near, dark);
      this.#set(near, far, dark);
    }
  }

  /** Level and mask, twice, with a BCH (15, 5) check. */
  #drawFormat(mask: number): void {
    const data = (LEVEL << 3) | mask;
    const bits = ((data << 10) | bchRemainder(data, 10, 0x537)) ^ 0x5412;
    const last = this.#size - 1;
    for (let index = 0; index < 15; index += 1) {
      const dark = ((bits >> index) & 1) === 1;
      // Around the timing lines.
      const along = index < 6 ? index : index < 8 ? index + 1 : 15 - index;
      if (index < 8) this.#set(8, along, dark);
      else this.#set(index === 8 ? 7 : 14 - index, 8, dark);
      if (index < 8) this.#set(last - index, 8, dark);
      else this.#set(8, last - 14 + index, dark);
    }
    this.#set(8, last - 7, true);
  }

  /** In columns of two from right to left, up and down in turn. */
  #drawWords(words: readonly number[], mask: (x: number, y: number) => boolean): void {
    let bit = 0;
    for (let right = this.#size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const isUpward = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.#size; step += 1) {
        const y = isUpward ? this.#size - 1 - step : step;
        for (const x of [right, right - 1]) {
          const row = this.#dark[y];
          if (row === undefined || this.#taken[y]?.[x] === true) continue;
          const dark = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
          row[x] = dark !== mask(x, y);
          bit += 1;
        }
      }
    }
  }
}

function bchRemainder(data: number, degree: number, polynomial: number): number {
  let result = data;
  for (let step = 0; step < degree; step += 1) result = (result << 1) ^ ((result >> (degree - 1)) * polynomial);
  return result;
}

/** How hard a code is to read: long runs, squares of one colour, and more of one colour than of the other. */
function penalty(code: QrCode): number {
  const size = code.length;
  const dark = (x: number, y: number) => code[y]?.[x] === true;
  let points = 0;
  let darkCount = 0;
  for (let a = 0; a < size; a += 1) {
    for (const isDark of [(b: number) => dark(a, b), (b: number) => dark(b, a)]) {
      let run = 0;
      for (let b = 0; b < size; b += 1) {
        run = b > 0 && isDark(b) === isDark(b - 1) ? run + 1 : 1;
        if (run === 5) points += 3;
        else if (run > 5) points += 1;
      }
    }
    for (let b = 0; b < size; b += 1) {
      if (dark(a, b)) darkCount += 1;
      const isSame = [dark(a + 1, b), dark(a, b + 1), dark(a + 1, b + 1)].every((other) => other === dark(a, b));
      if (isSame && a + 1 < size && b + 1 < size) points += 3;
    }
  }
  return points + Math.floor(Math.abs(darkCount * 20 - size * size * 10) / (size * size)) * 10;
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}
