/**
 * Picks the packets of one sender out of all that arrives at a port. Without a key, an address is all that tells the
 * sender from others, so only one is heard.
 */
import { packetSamples } from '../../formats/opus-packet.ts';
import type { Millis } from '../../lib/clock.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { RelayedPacket } from '../../media/plane.ts';
import { createRtpHeader, parseRtpHeader, withoutPadding } from '../../rtc/rtp/rtp-packet.ts';
import type { SrtpMasterKey } from '../../rtc/srtp/srtp-keys.ts';
import { SrtpSession } from '../../rtc/srtp/srtp-session.ts';

/** Why a packet was left out. */
export interface DroppedPackets {
  /** From another address. */
  readonly otherSource: number;
  /** Of another stream (SSRC) while the first was heard. */
  readonly otherStream: number;
  /** Not RTP with Opus. */
  readonly malformed: number;
  /** SRTP with another key, or repeated. */
  readonly unauthentic: number;
  readonly tooMany: number;
}

export interface RtpReceiverOptions {
  /** The address of the sender; null: that of the first packet that is accepted. */
  readonly source: string | null;
  /** Null: packets are not encrypted. */
  readonly key: SrtpMasterKey | null;
  readonly nowMs: Millis;
}

/** A sender that starts again has another SSRC. */
const OTHER_STREAM_AFTER_MS: Millis = 1000;
/** RFC 3551 section 3: dynamic payload types. They also tell RTP from RTCP (RFC 5761). */
const PAYLOAD_TYPES = { first: 96, last: 127 } as const;
/** Packets of 2.5 ms, the shortest, are 400 a second. */
const RATE = { perSecond: 500, burst: 500 } as const;

export class RtpReceiver {
  readonly #srtp: SrtpSession | null;
  readonly #rate: TokenBucket;
  readonly #header = createRtpHeader();
  readonly #dropped = { otherSource: 0, otherStream: 0, malformed: 0, unauthentic: 0, tooMany: 0 };
  readonly #packet: { -readonly [K in keyof RelayedPacket]: RelayedPacket[K] } = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: new Uint8Array(0),
    levelDbov: null,
  };
  #source: string | null;
  #ssrc: number | null = null;
  #payloadType = 0;
  #latestMs: Millis = Number.NEGATIVE_INFINITY;
  #packets = 0;

  constructor({ source, key, nowMs }: RtpReceiverOptions) {
    this.#source = source;
    this.#srtp = key === null ? null : new SrtpSession({ profile: 'AES128_CM_HMAC_SHA1_80', local: key, remote: key });
    this.#rate = new TokenBucket({ ...RATE, now: nowMs });
  }

  /** The address of the sender, if it is known. */
  get source(): string | null {
    return this.#source;
  }

  /** The stream that is heard, or was last. */
  get ssrc(): number | null {
    return this.#ssrc;
  }

  /** Those that were accepted. */
  get packets(): number {
    return this.#packets;
  }

  get dropped(): DroppedPackets {
    return this.#dropped;
  }

  /** Whether something has been heard within the last second. */
  isHeard(nowMs: Millis): boolean {
    return nowMs - this.#latestMs < OTHER_STREAM_AFTER_MS;
  }

  /** What was accepted last. The payload is a view of the datagram. */
  get packet(): RelayedPacket {
    return this.#packet;
  }

  /**
   * @param datagram is decrypted in place
   * @param from the address of its sender
   * @returns what it is: the next packet, the first one of a stream, or nothing that should be heard
   */
  receive(datagram: Uint8Array, from: string, nowMs: Millis): 'next' | 'first' | 'dropped' {
    const reason = this.#take(datagram, from, nowMs);
    if (reason === 'next' || reason === 'first') {
      this.#packets++;
      return reason;
    }
    this.#dropped[reason]++;
    return 'dropped';
  }

  #take(datagram: Uint8Array, from: string, nowMs: Millis): 'next' | 'first' | keyof DroppedPackets {
    if (this.#source !== null && this.#source !== from) return 'otherSource';
    const header = this.#header;
    if (!parseRtpHeader(datagram, header, null)) return 'malformed';
    const { ssrc, payloadType } = header;
    if (payloadType < PAYLOAD_TYPES.first || payloadType > PAYLOAD_TYPES.last) return 'malformed';
    const isFirst = ssrc !== this.#ssrc || payloadType !== this.#payloadType;
    if (isFirst && this.isHeard(nowMs)) return 'otherStream';
    if (!this.#rate.take(nowMs)) return 'tooMany';
    const end = this.#srtp === null ? datagram.length : this.#srtp.unprotectRtp(datagram, header);
    if (typeof end !== 'number') return end === 'malformed' ? end : 'unauthentic';
    const payload = datagram.subarray(header.headerLength, Math.max(0, withoutPadding(datagram, header, end)));
    if (packetSamples(payload) === 0) return 'malformed';
    this.#source = from;
    this.#ssrc = ssrc;
    this.#payloadType = payloadType;
    this.#latestMs = nowMs;
    const packet = this.#packet;
    packet.sequenceNumber = header.sequenceNumber;
    packet.timestamp = header.timestamp;
    packet.payload = payload;
    return isFirst ? 'first' : 'next';
  }
}
