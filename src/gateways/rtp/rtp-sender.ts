/** Puts Opus packets of 20 ms into RTP, and into SRTP with a key. */
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../rtc/rtp/rtp-packet.ts';
import type { SrtpMasterKey } from '../../rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../rtc/srtp/srtp-session.ts';

export interface RtpSenderOptions {
  readonly payloadType: number;
  readonly ssrc: number;
  /** Null: packets are not encrypted. */
  readonly key: SrtpMasterKey | null;
}

export class RtpSender {
  readonly #options: RtpSenderOptions;
  readonly #srtp: SrtpSession | null;
  #packets = 0;

  constructor(options: RtpSenderOptions) {
    this.#options = options;
    const { key } = options;
    this.#srtp = key === null ? null : new SrtpSession({ profile: 'AES128_CM_HMAC_SHA1_80', local: key, remote: key });
  }

  get packets(): number {
    return this.#packets;
  }

  /**
   * The next packet. Sequence numbers begin at 0, so that a receiver of SRTP that comes later than the first packet has
   * as long as possible until it would have to know how often they have begun again.
   * @param position its first sample; the caller skips what is missing
   */
  packet(payload: Uint8Array, position: number): Uint8Array {
    const { payloadType, ssrc } = this.#options;
    const end = RTP_HEADER_LENGTH + payload.length;
    // The socket sends it later.
    const packet = Buffer.allocUnsafe(end + SRTP_MAX_OVERHEAD);
    const sequenceNumber = this.#packets & 0xffff;
    writeRtpHeader(packet, payloadType, sequenceNumber, position >>> 0, ssrc, this.#packets === 0);
    packet.set(payload, RTP_HEADER_LENGTH);
    this.#packets++;
    return packet.subarray(0, this.#srtp?.protectRtp(packet, RTP_HEADER_LENGTH, end) ?? end);
  }
}
