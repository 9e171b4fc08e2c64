/**
 * Reassembles DTLS handshake messages (RFC 6347 section 4.2): fragments in any order, repeated or overlapping, from
 * messages that overtake each other. Each message comes out once, in order. The waiting data is bounded.
 */
import { readUint16, readUint24 } from '../../lib/bytes.ts';
import { CONTENT_TYPE, dtlsRecord } from './dtls-record.ts';

/** A handshake header (section 4.2.2): type, length, message_seq, fragment_offset, fragment_length. */
export const HANDSHAKE_HEADER = 12;

export const HANDSHAKE_TYPE = {
  clientHello: 1,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Enough for a chain of RSA certificates; browsers send one small certificate. */
const MAX_MESSAGE = 16 * 1024;
/** Messages that may wait for an earlier one: more than a flight contains. */
const MAX_AHEAD = 4;

export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

interface PartialMessage {
  readonly type: number;
  readonly body: Buffer;
  readonly have: Uint8Array;
  missing: number;
}

export class HandshakeReassembler {
  #next = 0;
  readonly #waiting = new Map<number, PartialMessage>();

  /** The number of the next message to come out. */
  get nextSequence(): number {
    return this.#next;
  }

  /**
   * Takes the fragments of one record. Returns the number of the first message in it that has come out before, because
   * the peer repeats itself; or null. Malformed data is dropped with the rest of the record.
   */
  receive(record: Uint8Array): number | null {
    let repeated: number | null = null;
    let at = 0;
    while (at + HANDSHAKE_HEADER <= record.length) {
      const length = readUint24(record, at + 1);
      const sequence = readUint16(record, at + 4);
      const offset = readUint24(record, at + 6);
      const size = readUint24(record, at + 9);
      const start = at + HANDSHAKE_HEADER;
      at = start + size;
      if (at > record.length || offset + size > length || length > MAX_MESSAGE) return repeated;
      if (sequence < this.#next) repeated ??= sequence;
      else if (sequence <= this.#next + MAX_AHEAD) {
        this.#store(record[start - HANDSHAKE_HEADER]!, sequence, length, offset, record.subarray(start, at));
      }
    }
    return repeated;
  }

  /** The next message if it is complete. It stays until `accept` or `reject`. */
  peek(): HandshakeMessage | null {
    const partial = this.#waiting.get(this.#next);
    if (partial === undefined || partial.missing > 0) return null;
    return { type: partial.type, sequence: this.#next, body: partial.body };
  }

  /** Continues with the next message. */
  accept(): void {
    this.#waiting.delete(this.#next++);
  }

  /** Forgets what was assembled for the next message, because it cannot be from the peer. */
  reject(): void {
    this.#waiting.delete(this.#next);
  }

  clear(): void {
    this.#waiting.clear();
  }

  #store(type: number, sequence: number, length: number, offset: number, fragment: Uint8Array): void {
    let partial = this.#waiting.get(sequence);
    if (partial === undefined || partial.type !== type || partial.body.length !== length) {
      // The first fragment decides, unless it belonged to a message that was never completed.
      if (partial !== undefined && fragment.length < length) return;
      partial = { type, body: Buffer.alloc(length), have: new Uint8Array(length), missing: length };
      this.#waiting.set(sequence, partial);
    }
    for (let i = 0; i < fragment.length; i++) {
      if (partial.have[offset + i] === 1) continue;
      partial.have[offset + i] = 1;
      partial.body[offset + i] = fragment[i]!;
      partial.missing--;
    }
  }
}

/** One message in one record and one fragment, the only form that werift accepts in any order. */
export function handshakeRecord(type: number, sequence: number, body: Uint8Array): Buffer {
  const message = Buffer.alloc(HANDSHAKE_HEADER + body.length);
  message.writeUInt8(type, 0);
  message.writeUIntBE(body.length, 1, 3);
  message.writeUInt16BE(sequence, 4);
  message.writeUIntBE(body.length, 9, 3);
  message.set(body, HANDSHAKE_HEADER);
  return dtlsRecord(CONTENT_TYPE.handshake, { epoch: 0, sequence: 0 }, message);
}
