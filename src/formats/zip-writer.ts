/**
 * Writes a zip archive whose files are stored as they are (PKWARE APPNOTE 6.3). Sizes are known beforehand, checksums
 * only after a file has passed, so it can be sent while it is read, and its length is known at the start. Own code rather
 * than a package: these are a few records of fixed layout, and the checksum was there already.
 */

/** A file of the archive. */
export interface ZipFile {
  /** With `/` between folders. */
  readonly name: string;
  readonly size: number;
}

const LOCAL_FILE = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL_FILE = 0x02014b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const END = 0x06054b50;

const CHECKSUM_FOLLOWS = 1 << 3;
const NAMES_ARE_UTF8 = 1 << 11;
const STORED = 0;
/** 4.5: needed for files over 4 GiB. */
const VERSION = 45;
const UNIX = 3 << 8;
/** A file that its owner may read and write. */
const UNIX_MODE = 0o100600;
const ZIP64_FIELD = 1;
/** 1 January 1980: the same input gives the same archive. */
const DOS_DATE = (1 << 5) | 1;
const IN_ZIP64 = 0xffff_ffff;

/** More files than this need zip64 as well. */
const MAX_SMALL_FILES = 0xfffe;

/** Lengths of records without names. */
interface Layout {
  readonly local: number;
  readonly descriptor: number;
  readonly central: number;
  readonly end: number;
}
const SMALL: Layout = { local: 30, descriptor: 16, central: 46, end: 22 };
const LARGE: Layout = { local: 30 + 20, descriptor: 24, central: 46 + 28, end: 56 + 20 + 22 };

interface Written extends ZipFile {
  readonly offset: number;
  readonly checksum: number;
}

/**
 * For each file, in their order: `begin`, then exactly its bytes, then `finish`. In the end `end`. Archives of 4 GiB and
 * more are zip64; smaller ones are not, because not every program reads that.
 */
export class ZipWriter {
  readonly #written: Written[] = [];
  readonly #layout: Layout;
  /** Of the whole archive. */
  readonly length: number;
  #offset = 0;

  constructor(files: readonly ZipFile[]) {
    const isLarge = lengthOf(files, SMALL) >= IN_ZIP64 || files.length > MAX_SMALL_FILES;
    this.#layout = isLarge ? LARGE : SMALL;
    this.length = lengthOf(files, this.#layout);
  }

  get #isLarge(): boolean {
    return this.#layout === LARGE;
  }

  /** What comes before the bytes of a file. */
  begin({ name }: ZipFile): Uint8Array {
    const size = this.#isLarge ? IN_ZIP64 : 0;
    const record = new Record(this.#layout.local, name);
    record
      .write(LOCAL_FILE, 4)
      .write(VERSION, 2)
      .write(CHECKSUM_FOLLOWS | NAMES_ARE_UTF8, 2)
      .write(STORED, 2);
    record.write(0, 2).write(DOS_DATE, 2).write(0, 4).write(size, 4).write(size, 4);
    record
      .writeNameLength()
      .write(this.#isLarge ? 20 : 0, 2)
      .writeName();
    if (this.#isLarge) record.write(ZIP64_FIELD, 2).write(16, 2).write(0, 8).write(0, 8);
    return record.bytes;
  }

  /**
   * What comes after the bytes of a file.
   * @param checksum CRC-32 of its bytes
   */
  finish({ name, size }: ZipFile, checksum: number): Uint8Array {
    this.#written.push({ name, size, checksum, offset: this.#offset });
    this.#offset += this.#layout.local + Buffer.byteLength(name) + size + this.#layout.descriptor;
    const sizeBytes = this.#isLarge ? 8 : 4;
    const record = new Record(this.#layout.descriptor);
    record.write(DESCRIPTOR, 4).write(checksum, 4).write(size, sizeBytes).write(size, sizeBytes);
    return record.bytes;
  }

  /** What comes after all files. */
  end(): Uint8Array {
    const central = Buffer.concat(this.#written.map((file) => this.#central(file)));
    const number = this.#written.length;
    const record = new Record(this.#layout.end);
    if (this.#isLarge) {
      record
        .write(ZIP64_END, 4)
        .write(44, 8)
        .write(UNIX | VERSION, 2)
        .write(VERSION, 2)
        .write(0, 4)
        .write(0, 4);
      record.write(number, 8).write(number, 8).write(central.length, 8).write(this.#offset, 8);
      record
        .write(ZIP64_LOCATOR, 4)
        .write(0, 4)
        .write(this.#offset + central.length, 8)
        .write(1, 4);
      record.write(END, 4).write(0, 4).write(0xffff, 2).write(0xffff, 2).write(IN_ZIP64, 4).write(IN_ZIP64, 4);
    } else {
      record
        .write(END, 4)
        .write(0, 4)
        .write(number, 2)
        .write(number, 2)
        .write(central.length, 4)
        .write(this.#offset, 4);
    }
    return Buffer.concat([central, record.write(0, 2).bytes]);
  }

  #central({ name, size, checksum, offset }: Written): Uint8Array {
    const isLarge = this.#isLarge;
    const record = new Record(this.#layout.central, name);
    record
      .write(CENTRAL_FILE, 4)
      .write(UNIX | VERSION, 2)
      .write(VERSION, 2);
    record
      .write(CHECKSUM_FOLLOWS | NAMES_ARE_UTF8, 2)
      .write(STORED, 2)
      .write(0, 2)
      .write(DOS_DATE, 2);
    record
      .write(checksum, 4)
      .write(isLarge ? IN_ZIP64 : size, 4)
      .write(isLarge ? IN_ZIP64 : size, 4);
    record
      .writeNameLength()
      .write(isLarge ? 28 : 0, 2)
      .write(0, 2)
      .write(0, 2)
      .write(0, 2);
    record
      .write(UNIX_MODE * 0x10000, 4)
      .write(isLarge ? IN_ZIP64 : offset, 4)
      .writeName();
    if (isLarge) record.write(ZIP64_FIELD, 2).write(24, 2).write(size, 8).write(size, 8).write(offset, 8);
    return record.bytes;
  }
}

function lengthOf(files: readonly ZipFile[], { local, descriptor, central, end }: Layout): number {
  const each = files.map(({ name, size }) => local + size + descriptor + central + 2 * Buffer.byteLength(name));
  return each.reduce((sum, length) => sum + length, end);
}

/** Fields one after the other, the lowest byte first. */
class Record {
  readonly bytes: Buffer;
  readonly #name: Buffer;
  #at = 0;

  /** @param length without the name */
  constructor(length: number, name = '') {
    this.#name = Buffer.from(name);
    this.bytes = Buffer.alloc(length + this.#name.length);
  }

  write(value: number, bytes: 2 | 4 | 8): this {
    if (bytes === 8) this.bytes.writeBigUInt64LE(BigInt(value), this.#at);
    else this.bytes.writeUIntLE(value, this.#at, bytes);
    this.#at += bytes;
    return this;
  }

  writeNameLength(): this {
    return this.write(this.#name.length, 2);
  }

  writeName(): this {
    this.bytes.set(this.#name, this.#at);
    this.#at += this.#name.length;
    return this;
  }
}
