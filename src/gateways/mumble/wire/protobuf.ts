/**
 * Protocol buffers, as far as Mumble's control messages need them: flat messages, described by a table of fields. A
 * library would be larger than all of this, and would not check what it reads against bounds.
 */

/** How the value of a field is written. Nested messages are bytes. */
export type FieldKind = 'uint32' | 'int32' | 'uint64' | 'bool' | 'float' | 'text' | 'bytes';

export interface Field<K extends FieldKind = FieldKind, R extends boolean = boolean> {
  readonly number: number;
  readonly kind: K;
  readonly repeated: R;
}

/** The fields of a message by name. They are written in this order. */
export type MessageTable = Readonly<Record<string, Field>>;

interface ValueOf {
  readonly uint32: number;
  readonly int32: number;
  readonly uint64: bigint;
  readonly bool: boolean;
  readonly float: number;
  readonly text: string;
  readonly bytes: Uint8Array;
}
type Value = ValueOf[FieldKind];

/** A message: what is absent is undefined, and a repeated field that is absent is an empty array. */
export type MessageOf<T extends MessageTable> = {
  readonly [K in keyof T as T[K] extends Field<FieldKind, false> ? K : never]?: ValueOf[T[K]['kind']] | undefined;
} & {
  readonly [K in keyof T as T[K] extends Field<FieldKind, true> ? K : never]: readonly ValueOf[T[K]['kind']][];
};

/** A message to write. */
export type MessageValues<T extends MessageTable> = {
  readonly [K in keyof T]?: T[K] extends Field<FieldKind, true>
    ? readonly ValueOf[T[K]['kind']][]
    : ValueOf[T[K]['kind']] | undefined;
};

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
/** Values of one repeated field. Further ones make the message malformed. */
const MAX_REPEATED = 256;
const MAX_VARINT_BYTES = 10;

export function field<K extends FieldKind>(number: number, kind: K): Field<K, false> {
  return { number, kind, repeated: false };
}

export function repeated<K extends FieldKind>(number: number, kind: K): Field<K, true> {
  return { number, kind, repeated: true };
}

/** Encodes a message. `int32` and `uint32` are cut to 32 bits. */
export function encodeMessage<T extends MessageTable>(table: T, values: MessageValues<T>): Uint8Array {
  const out: number[] = [];
  for (const [name, { number, kind }] of Object.entries(table)) {
    const given = values[name] as Value | readonly Value[] | undefined;
    if (given === undefined) continue;
    for (const value of Array.isArray(given) ? (given as readonly Value[]) : [given as Value])
      putField(out, number, kind, value);
  }
  return Uint8Array.from(out);
}

function putField(out: number[], number: number, kind: FieldKind, value: Value): void {
  switch (kind) {
    case 'uint32':
      putKey(out, number, VARINT);
      putVarint(out, BigInt((value as number) >>> 0));
      break;
    case 'int32':
      putKey(out, number, VARINT);
      // Negative numbers take 64 bits.
      putVarint(out, BigInt.asUintN(64, BigInt((value as number) | 0)));
      break;
    case 'uint64':
      putKey(out, number, VARINT);
      putVarint(out, BigInt.asUintN(64, value as bigint));
      break;
    case 'bool':
      putKey(out, number, VARINT);
      out.push(value === true ? 1 : 0);
      break;
    case 'float':
      putKey(out, number, FIXED32);
      out.push(...new Uint8Array(Float32Array.of(value as number).buffer));
      break;
    case 'text':
    case 'bytes': {
      const bytes = kind === 'text' ? Buffer.from(value as string) : (value as Uint8Array);
      putKey(out, number, DELIMITED);
      putVarint(out, BigInt(bytes.length));
      for (const byte of bytes) out.push(byte);
      break;
    }
  }
}

function putKey(out: number[], number: number, wireType: number): void {
  putVarint(out, BigInt((number << 3) | wireType));
}

function putVarint(out: number[], value: bigint): void {
  let rest = value;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
}

/**
 * Decodes a message. Unknown fields are skipped; of a field that is not repeated the last one counts. Null if it is
 * malformed, or has a field of the wrong wire type. `bytes` are views.
 */
export function decodeMessage<T extends MessageTable>(table: T, bytes: Uint8Array): MessageOf<T> | null {
  const reader = new ProtoReader(bytes);
  const message: Record<string, Value | Value[]> = {};
  const byNumber = new Map<number, readonly [name: string, field: Field]>();
  for (const [name, known] of Object.entries(table)) {
    byNumber.set(known.number, [name, known]);
    if (known.repeated) message[name] = [];
  }
  while (!reader.isAtEnd) {
    if (!reader.readKey()) return null;
    const found = byNumber.get(reader.field);
    if (found === undefined) {
      if (!reader.skip()) return null;
      continue;
    }
    const [name, { kind, repeated: isRepeated }] = found;
    if (!isRepeated) {
      const value = readValue(reader, kind);
      if (value === null) return null;
      message[name] = value;
    } else if (!readRepeated(reader, kind, message[name] as Value[])) return null;
  }
  return message as MessageOf<T>;
}

/** Numbers may be packed or not, whatever the schema says. */
function readRepeated(reader: ProtoReader, kind: FieldKind, into: Value[]): boolean {
  const isPacked = reader.wireType === DELIMITED && kind !== 'text' && kind !== 'bytes';
  if (!isPacked) return into.length < MAX_REPEATED && pushed(into, readValue(reader, kind));
  const packed = reader.readBytes();
  if (packed === null) return false;
  const inner = new ProtoReader(packed);
  while (!inner.isAtEnd) {
    inner.wireType = kind === 'float' ? FIXED32 : VARINT;
    if (into.length >= MAX_REPEATED || !pushed(into, readValue(inner, kind))) return false;
  }
  return true;
}

function pushed(into: Value[], value: Value | null): boolean {
  if (value === null) return false;
  into.push(value);
  return true;
}

function readValue(reader: ProtoReader, kind: FieldKind): Value | null {
  switch (kind) {
    case 'text': {
      const bytes = reader.readBytes();
      return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    }
    case 'bytes':
      return reader.readBytes();
    case 'float':
      return reader.readFloat();
    default:
      if (reader.wireType !== VARINT || !reader.readVarint()) return null;
  }
  switch (kind) {
    case 'uint32':
      return reader.low >>> 0;
    case 'int32':
      return reader.low | 0;
    case 'bool':
      return reader.low !== 0 || reader.high !== 0;
    case 'uint64':
      return (BigInt(reader.high) << 32n) | BigInt(reader.low);
  }
}

/** Reads one field after the other. What returns false or null has met something malformed, and nothing more is read. */
export class ProtoReader {
  /** Of the field that `readKey` found. */
  field = 0;
  wireType = 0;
  /** What `readVarint` found: 32 bits each, unsigned. */
  low = 0;
  high = 0;
  #bytes: Uint8Array;
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.reset(bytes, start, end);
  }

  /** Begins again with other bytes. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  readKey(): boolean {
    if (!this.readVarint() || this.high !== 0) return false;
    this.field = this.low >>> 3;
    this.wireType = this.low & 7;
    return this.field > 0;
  }

  readVarint(): boolean {
    let low = 0;
    let high = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (this.#at >= this.#end) return false;
      const byte = this.#bytes[this.#at++]!;
      const bits = byte & 127;
      const shift = 7 * i;
      if (shift < 32) low |= bits << shift;
      // The fifth byte has bits of both halves.
      if (shift === 28) high |= bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }

  /** A view of a length-delimited value. */
  readBytes(): Uint8Array | null {
    if (this.wireType !== DELIMITED || !this.readVarint()) return null;
    const start = this.#at;
    if (this.high !== 0 || this.low > this.#end - start) return null;
    this.#at = start + this.low;
    return this.#bytes.subarray(start, this.#at);
  }

  readFloat(): number | null {
    if (this.wireType !== FIXED32 || this.#end - this.#at < 4) return null;
    const value = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, 4).getFloat32(0, true);
    this.#at += 4;
    return value;
  }

  /** Skips the value of a field. Groups are not supported. */
  skip(): boolean {
    switch (this.wireType) {
      case VARINT:
        return this.readVarint();
      case DELIMITED:
        return this.readBytes() !== null;
      case FIXED64:
      case FIXED32:
        this.#at += this.wireType === FIXED64 ? 8 : 4;
        return this.#at <= this.#end;
      default:
        return false;
    }
  }
}
