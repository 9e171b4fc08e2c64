/** Shows a tap the packets of a relayed member as RTP, which they would be if the member had a network. */
import type { VoicePacket } from '../../formats/voice-packet.ts';
import type { Millis } from '../../lib/clock.ts';
import { NetworkPath } from '../../rtc/net/network-path.ts';
import { writeRtpHeader } from '../../rtc/rtp/rtp-packet.ts';
import type { Tap } from '../endpoint.ts';

const HEADER_LENGTH = 12;
/** As the server's answers name Opus. */
const PAYLOAD_TYPE = 111;
/** Of the largest Opus packet that anybody may send, and more than any mix has. */
const MAX_PAYLOAD = 1500;
/** RFC 5737: addresses of examples, 192.0.2.1 for the server. The packets come from no real one. */
const SERVER = { address: '192.0.2.1', port: 5004 };
const MEMBER = { address: '192.0.2.2', port: 5004 };
const PATH = new NetworkPath({ protocol: 'udp', local: SERVER, send: () => true }, MEMBER.address, MEMBER.port, 0);

export class RelayedCapture {
  readonly #tap: Tap;
  readonly #memberId: number;
  readonly #packet = new Uint8Array(HEADER_LENGTH + MAX_PAYLOAD);
  #sent = 0;

  /** @param memberId becomes the SSRC of both directions, whose addresses tell them apart */
  constructor(tap: Tap, memberId: number) {
    this.#tap = tap;
    this.#memberId = memberId;
  }

  received({ sequenceNumber, timestamp, payload }: VoicePacket, nowMs: Millis): void {
    const packet = this.#write(sequenceNumber, timestamp, false, payload);
    if (packet !== null) this.#tap.received(packet, PATH, nowMs);
  }

  sent(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void {
    const packet = this.#write(this.#sent, timestamp, marker, payload);
    this.#sent = (this.#sent + 1) & 0xffff;
    if (packet !== null) this.#tap.sent(packet, PATH, nowMs);
  }

  #write(sequenceNumber: number, timestamp: number, marker: boolean, payload: Uint8Array): Uint8Array | null {
    if (payload.length > MAX_PAYLOAD) return null;
    writeRtpHeader(this.#packet, PAYLOAD_TYPE, sequenceNumber, timestamp >>> 0, this.#memberId, marker);
    this.#packet.set(payload, HEADER_LENGTH);
    return this.#packet.subarray(0, HEADER_LENGTH + payload.length);
  }
}
