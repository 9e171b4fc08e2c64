/**
 * Accepts the SCTP association that a client starts over DTLS (RFC 8261) when it offers data channels. The server has none: it
 * acknowledges what comes and discards it. Without an association some clients consider the whole connection as failed.
 */
import { crc32c } from '../../lib/crc.ts';

/** RFC 9260 section 3.2, and RFC 3758 and RFC 6525. */
const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
  reconfig: 130,
  forwardTsn: 192,
} as const;
/** RFC 9260 section 3.3.3. */
const STATE_COOKIE = 7;
/** RFC 6525 sections 4.1 and 4.4. */
const OUTGOING_RESET_REQUEST = 13;
const RECONFIG_RESPONSE = 16;
const RESET_PERFORMED = 1;

const COMMON_HEADER = 12;
const CHUNK_HEADER = 4;
const INIT_BYTES = 20;
/** What a peer may have on its way: one packet after the other is enough for what is discarded. */
const RECEIVE_WINDOW_BYTES = 4096;
const STREAMS = 65_535;
/** DTLS has proved who the peer is, so the cookie has nothing to prove, but it must not be empty. */
const COOKIE = Uint8Array.of(0, 0, 0, 0);

export interface SctpResponderOptions {
  /** Sends one packet to the peer. Must not throw. */
  readonly send: (packet: Buffer) => void;
  /** 32 random bits that are not 0. */
  readonly tag: number;
}

export class SctpResponder {
  readonly #send: (packet: Buffer) => void;
  readonly #tag: number;
  /** 0 while there is no association. */
  #peerTag = 0;
  /** All data up to here has come. */
  #cumulativeTsn = 0;

  constructor({ send, tag }: SctpResponderOptions) {
    this.#send = send;
    this.#tag = tag;
  }

  /** One packet of the peer. DTLS vouches for its integrity, so the checksum is not verified (RFC 9653). Never throws. */
  receive(bytes: Uint8Array): void {
    if (bytes.length < COMMON_HEADER) return;
    const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const tag = packet.readUInt32BE(4);
    const replies: Buffer[] = [];
    let hasData = false;
    for (let at = COMMON_HEADER; at + CHUNK_HEADER <= packet.length; ) {
      const length = packet.readUInt16BE(at + 2);
      if (length < CHUNK_HEADER || at + length > packet.length) break;
      const type = packet[at]!;
      const body = packet.subarray(at + CHUNK_HEADER, at + length);
      if (type === CHUNK.init) this.#accept(body, replies);
      else if (tag === this.#tag && this.#peerTag !== 0) hasData = this.#receiveChunk(type, body, replies) || hasData;
      at += padded(length);
    }
    if (hasData) replies.push(this.#sack());
    if (replies.length > 0) this.#reply(packet, replies);
  }

  #accept(body: Buffer, replies: Buffer[]): void {
    if (body.length < INIT_BYTES - CHUNK_HEADER || body.readUInt32BE(0) === 0) return;
    this.#peerTag = body.readUInt32BE(0);
    this.#cumulativeTsn = (body.readUInt32BE(12) - 1) >>> 0;
    const accepted = Buffer.alloc(16);
    accepted.writeUInt32BE(this.#tag, 0);
    accepted.writeUInt32BE(RECEIVE_WINDOW_BYTES, 4);
    accepted.writeUInt16BE(STREAMS, 8);
    accepted.writeUInt16BE(STREAMS, 10);
    // Our initial TSN may be any number (RFC 9260 section 3.3.3).
    accepted.writeUInt32BE(this.#tag, 12);
    replies.push(chunk(CHUNK.initAck, Buffer.concat([accepted, parameter(STATE_COOKIE, COOKIE)])));
  }

  /** Returns whether the chunk asks for a SACK. */
  #receiveChunk(type: number, body: Buffer, replies: Buffer[]): boolean {
    switch (type) {
      case CHUNK.cookieEcho:
        replies.push(chunk(CHUNK.cookieAck));
        return false;
      case CHUNK.heartbeat:
        replies.push(chunk(CHUNK.heartbeatAck, body));
        return false;
      case CHUNK.data:
        if (body.length < 4) return false;
        if (isNext(body.readUInt32BE(0), this.#cumulativeTsn)) this.#cumulativeTsn = body.readUInt32BE(0);
        return true;
      case CHUNK.forwardTsn:
        if (body.length < 4) return false;
        if (isAhead(body.readUInt32BE(0), this.#cumulativeTsn)) this.#cumulativeTsn = body.readUInt32BE(0);
        return true;
      case CHUNK.reconfig:
        if (body.length >= 8 && body.readUInt16BE(0) === OUTGOING_RESET_REQUEST) replies.push(resetPerformed(body));
        return false;
      case CHUNK.shutdown:
        replies.push(chunk(CHUNK.shutdownAck));
        return false;
      case CHUNK.abort:
        this.#peerTag = 0;
        return false;
      default:
        return false;
    }
  }

  #sack(): Buffer {
    const body = Buffer.alloc(12);
    body.writeUInt32BE(this.#cumulativeTsn, 0);
    body.writeUInt32BE(RECEIVE_WINDOW_BYTES, 4);
    return chunk(CHUNK.sack, body);
  }

  #reply(received: Buffer, chunks: readonly Buffer[]): void {
    const packet = Buffer.concat([Buffer.alloc(COMMON_HEADER), ...chunks]);
    packet.writeUInt16BE(received.readUInt16BE(2), 0);
    packet.writeUInt16BE(received.readUInt16BE(0), 2);
    packet.writeUInt32BE(this.#peerTag, 4);
    packet.writeUInt32LE(crc32c(packet, packet.length), 8);
    this.#send(packet);
  }
}

function chunk(type: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  return typed(type << 8, body);
}

function parameter(type: number, value: Uint8Array): Buffer {
  return typed(type, value);
}

/** Chunks and parameters have the same form: 16 bits of type (and flags), 16 of length, and padding that the length leaves out. */
function typed(type: number, body: Uint8Array): Buffer {
  const length = CHUNK_HEADER + body.length;
  const bytes = Buffer.alloc(padded(length));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.set(body, CHUNK_HEADER);
  return bytes;
}

/** The channels that the peer closes are closed: there were none. */
function resetPerformed(request: Buffer): Buffer {
  const response = Buffer.alloc(8);
  response.writeUInt32BE(request.readUInt32BE(4), 0);
  response.writeUInt32BE(RESET_PERFORMED, 4);
  return chunk(CHUNK.reconfig, parameter(RECONFIG_RESPONSE, response));
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Serial number arithmetic (RFC 9260 section 1.6). */
function isAhead(tsn: number, cumulativeTsn: number): boolean {
  return ((tsn - cumulativeTsn) | 0) > 0;
}

function isNext(tsn: number, cumulativeTsn: number): boolean {
  return ((tsn - cumulativeTsn) | 0) === 1;
}
