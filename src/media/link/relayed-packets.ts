/**
 * The packets of relayed members on their way between the control plane and a worker, many in one block of bytes: what
 * members send, and the mixes for them.
 */
import type { VoicePacket } from '../../formats/voice-packet.ts';
import { ByteBlock } from './byte-block.ts';

const NO_LEVEL = 255;
const MAX_PAYLOAD = 0xffff;
/** Several times what a worker can mix in the time that its watchdog leaves it. */
const MAX_BLOCK = 4 * 1024 * 1024;

// What members send: member (4), flags (1), level (1), sequence number (2), timestamp (4), length (2), payload.
const SENT_HEADER = 14;
const QUEUED = 1;
const STARTS_STREAM = 2;

/** How a packet of a member is to be played. */
export interface SentFlags {
  /** It waits for its turn in the worker, which plays one after the other. Its number and timestamp mean nothing. */
  readonly queued: boolean;
  /** Its number and timestamp are unrelated to those before. */
  readonly startsStream: boolean;
}

export type SentPacket = Omit<VoicePacket, 'redundant'>;

/** Collects what members send. */
export class SentPacketWriter {
  readonly #block = new ByteBlock(MAX_BLOCK);

  get isEmpty(): boolean {
    return this.#block.isEmpty;
  }

  /** Copies the payload. False if there is no room for it. */
  add(memberId: number, packet: SentPacket, { queued, startsStream }: SentFlags): boolean {
    const { payload, levelDbov } = packet;
    const at = payload.length > MAX_PAYLOAD ? -1 : this.#block.reserve(SENT_HEADER + payload.length);
    if (at < 0) return false;
    const { view, bytes } = this.#block;
    view.setUint32(at, memberId);
    view.setUint8(at + 4, (queued ? QUEUED : 0) | (startsStream ? STARTS_STREAM : 0));
    view.setUint8(at + 5, levelDbov === null ? NO_LEVEL : Math.max(0, Math.min(127, -levelDbov)));
    view.setUint16(at + 6, packet.sequenceNumber);
    view.setUint32(at + 8, packet.timestamp);
    view.setUint16(at + 12, payload.length);
    bytes.set(payload, at + SENT_HEADER);
    return true;
  }

  /** See `ByteBlock.take`. */
  take(): Uint8Array | null {
    return this.#block.take();
  }
}

/** Reads one block after the other, into objects that are reused for each packet. Payloads are views of the block. */
export class SentPacketReader {
  readonly packet: VoicePacket = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: new Uint8Array(0),
    levelDbov: null,
    redundant: false,
  };
  queued = false;
  startsStream = false;
  memberId = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;

  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
  }

  /** False at the end. */
  next(): boolean {
    const at = this.#at;
    const view = this.#view;
    if (at + SENT_HEADER > this.#bytes.length) return false;
    const flags = view.getUint8(at + 4);
    const level = view.getUint8(at + 5);
    const { packet } = this;
    this.memberId = view.getUint32(at);
    this.queued = (flags & QUEUED) !== 0;
    this.startsStream = (flags & STARTS_STREAM) !== 0;
    packet.levelDbov = level === NO_LEVEL ? null : -level;
    packet.sequenceNumber = view.getUint16(at + 6);
    packet.timestamp = view.getUint32(at + 8);
    this.#at = at + SENT_HEADER + view.getUint16(at + 12);
    packet.payload = this.#bytes.subarray(at + SENT_HEADER, this.#at);
    return true;
  }
}

// What members get: member (4), flags (1), number (8), length (2), payload.
const MIX_HEADER = 15;
const MARKER = 1;
/** The payload is that of the record before, because most listeners get the same. */
const SAME_PAYLOAD = 2;
/** Not a packet: the number says how many queued samples have been played. */
const PLAYED = 4;

/** Collects the mixes of a tick for relayed members. */
export class MixPacketWriter {
  readonly #block = new ByteBlock(MAX_BLOCK);
  #last: Uint8Array | null = null;

  /** Copies the payload, once for all who get it one after the other. False if there is no room for it. */
  add(memberId: number, payload: Uint8Array, timestamp: number, marker: boolean): boolean {
    const isSame = payload === this.#last;
    const length = isSame ? 0 : payload.length;
    if (!this.#write(memberId, (marker ? MARKER : 0) | (isSame ? SAME_PAYLOAD : 0), timestamp, length)) return false;
    if (!isSame) this.#block.bytes.set(payload, this.#at + MIX_HEADER);
    this.#last = payload;
    return true;
  }

  /** The member's queue has been played up to here. */
  addPlayed(memberId: number, samples: number): boolean {
    return this.#write(memberId, PLAYED, samples, 0);
  }

  /** See `ByteBlock.take`. */
  take(): Uint8Array | null {
    this.#last = null;
    return this.#block.take();
  }

  #at = 0;

  #write(memberId: number, flags: number, value: number, length: number): boolean {
    const at = length > MAX_PAYLOAD ? -1 : this.#block.reserve(MIX_HEADER + length);
    if (at < 0) return false;
    const { view } = this.#block;
    view.setUint32(at, memberId);
    view.setUint8(at + 4, flags);
    view.setFloat64(at + 5, value);
    view.setUint16(at + 13, length);
    this.#at = at;
    return true;
  }
}

/** Receives what `MixPacketWriter` has collected. */
export interface MixPacketVisitor {
  mix(memberId: number, payload: Uint8Array, timestamp: number, marker: boolean): void;
  played(memberId: number, samples: number): void;
}

/** Payloads are views of the block. */
export function forEachMixPacket(bytes: Uint8Array, visitor: MixPacketVisitor): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let payload = bytes.subarray(0, 0);
  for (let at = 0; at + MIX_HEADER <= bytes.length; ) {
    const memberId = view.getUint32(at);
    const flags = view.getUint8(at + 4);
    const value = view.getFloat64(at + 5);
    const end = at + MIX_HEADER + view.getUint16(at + 13);
    if ((flags & PLAYED) !== 0) visitor.played(memberId, value);
    else {
      if ((flags & SAME_PAYLOAD) === 0) payload = bytes.subarray(at + MIX_HEADER, end);
      visitor.mix(memberId, payload, value, (flags & MARKER) !== 0);
    }
    at = end;
  }
}
