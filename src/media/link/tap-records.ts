/**
 * What the room taps of one worker have seen, as one block of bytes instead of a message for each packet. Posted views
 * of datagrams would copy the buffers behind them.
 */
import type { Millis } from '../../lib/clock.ts';
import { ByteBlock } from './byte-block.ts';

/** One packet of a member, or of the mix. */
export interface TapRecord {
  readonly roomId: number;
  /** 0: the mix. */
  readonly memberId: number;
  /** The number of the member's RTP stream. */
  readonly stream: number;
  readonly arrivalMs: Millis;
  /** 32 bits, in samples at 48 kHz. */
  readonly timestamp: number;
  /** 0 is full scale, -127 is silence (RFC 6464); null if there is none. */
  readonly levelDbov: number | null;
  /** One Opus packet. */
  readonly payload: Uint8Array;
}

const HEADER_LENGTH = 4 + 4 + 2 + 8 + 4 + 1 + 2;
const NO_LEVEL = 255;
/** Several times what any number of talkers sends in a tenth of a second. Beyond it packets are not recorded. */
const MAX_LENGTH = 8 * 1024 * 1024;

export class TapRecordWriter {
  readonly #block = new ByteBlock(MAX_LENGTH);
  #dropped = 0;

  /** Packets for which there was no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Copies the payload. */
  add({ roomId, memberId, stream, arrivalMs, timestamp, levelDbov, payload }: TapRecord): void {
    const at = payload.length > 0xffff ? -1 : this.#block.reserve(HEADER_LENGTH + payload.length);
    if (at < 0) {
      this.#dropped++;
      return;
    }
    const { view, bytes } = this.#block;
    view.setUint32(at, roomId);
    view.setUint32(at + 4, memberId);
    view.setUint16(at + 8, stream);
    view.setFloat64(at + 10, arrivalMs);
    view.setUint32(at + 18, timestamp);
    view.setUint8(at + 22, levelDbov === null ? NO_LEVEL : Math.max(0, Math.min(127, -levelDbov)));
    view.setUint16(at + 23, payload.length);
    bytes.set(payload, at + HEADER_LENGTH);
  }

  /** The records since the last call, in memory of their own; null if there are none. */
  take(): Uint8Array | null {
    return this.#block.take();
  }
}

/** Visits the records of `TapRecordWriter.take`. Their payloads are views of the same memory. */
export function forEachTapRecord(bytes: Uint8Array, visit: (record: TapRecord) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_LENGTH <= bytes.length; ) {
    const level = view.getUint8(at + 22);
    const payloadAt = at + HEADER_LENGTH;
    const end = payloadAt + view.getUint16(at + 23);
    visit({
      roomId: view.getUint32(at),
      memberId: view.getUint32(at + 4),
      stream: view.getUint16(at + 8),
      arrivalMs: view.getFloat64(at + 10),
      timestamp: view.getUint32(at + 18),
      levelDbov: level === NO_LEVEL ? null : -level,
      payload: bytes.subarray(payloadAt, end),
    });
    at = end;
  }
}
