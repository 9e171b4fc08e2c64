/**
 * SRTP and SRTCP of one peer connection (RFC 3711): packet indices, replay protection, and the transform of the
 * negotiated profile. Packets are protected and unprotected in place. Nothing throws after construction. The indices
 * are not checked against the 2^48 packets and 2^31 reports of RFC 3711 section 9.2, which would take centuries at our
 * pace.
 */

import { readUint16, readUint32 } from '../../lib/bytes.ts';
import type { RtpHeader } from '../rtp/rtp-packet.ts';
import { ReceivedSources } from './received-sources.ts';
import { CmTransform } from './srtp-cm.ts';
import { GcmTransform } from './srtp-gcm.ts';
import { SRTP_PROFILES, type SrtpKeys, type SrtpMasterKey, type SrtpProfile } from './srtp-keys.ts';
import { RTCP_CLEAR_LENGTH, RTCP_ENCRYPTED, type SrtpTransform } from './srtp-transform.ts';

/**
 * Why a packet was not unprotected: forged or damaged; already received or too old; not SRTP, or one synchronisation
 * source too many.
 */
export type SrtpFailure = 'auth' | 'replay' | 'malformed';

const SEQUENCE_NUMBERS = 0x1_0000;
/**
 * Number of higher rollover counters to try if the estimate (RFC 3711 section 3.3.1) was wrong because the packets
 * before the first wrap were lost, or more than 2^15 in a row. Enough for half an hour of 20 ms packets.
 */
const MORE_COUNTERS = 2;
/**
 * Forged packets would cost time with this, so it is done for this many that turn out to be forged, and then only for
 * some.
 */
const DOUBTS = { all: 64, oneOf: 16 } as const;

/** The most bytes that `protectRtp` and `protectRtcp` add to a packet with any profile. */
export const SRTP_MAX_OVERHEAD = 20;

export class SrtpSession {
  readonly #sender: SrtpTransform;
  readonly #receiver: SrtpTransform;
  readonly #rtpSources = new ReceivedSources();
  readonly #rtcpSources = new ReceivedSources();
  /** Packets that matched none of several rollover counters, since one did. */
  #doubts = 0;
  #sentSsrc = -1;
  #sentIndex = -1;
  #sentRtcpIndex = 0;

  /** Throws a RangeError if keys or salts do not have the length of the profile. */
  constructor(keys: SrtpKeys) {
    this.#sender = createTransform(keys.profile, keys.local, 'send');
    this.#receiver = createTransform(keys.profile, keys.remote, 'receive');
  }

  /**
   * Protects the RTP packet in the first `end` bytes of `packet`, whose payload starts at `start`; there must be room
   * for the tag. All packets of a session have the same SSRC and increasing sequence numbers (by less than 2^15 at a
   * time). Returns the length with the tag, or 0 for a packet that would reuse an index, which with GCM would reveal
   * the key.
   */
  protectRtp(packet: Uint8Array, start: number, end: number): number {
    const ssrc = readUint32(packet, 8);
    const sequenceNumber = readUint16(packet, 2);
    if (this.#sentIndex < 0) {
      this.#sentSsrc = ssrc;
      this.#sentIndex = sequenceNumber - 1;
    }
    const index = estimateIndex(this.#sentIndex, sequenceNumber);
    if (ssrc !== this.#sentSsrc || index <= this.#sentIndex) return 0;
    if (end + this.#sender.tagLength > packet.length) return 0;
    this.#sender.sealRtp(packet, start, end, ssrc, index);
    this.#sentIndex = index;
    return end + this.#sender.tagLength;
  }

  /**
   * Authenticates and decrypts an SRTP packet whose header is already parsed. Returns where the payload ends (it starts
   * at `header.headerLength`), or the reason for failure; after a failure the packet's content is undefined.
   */
  unprotectRtp(packet: Uint8Array, header: RtpHeader): number | SrtpFailure {
    const end = packet.length - this.#receiver.tagLength;
    if (end < header.headerLength) return 'malformed';
    const { ssrc, sequenceNumber } = header;
    const sources = this.#rtpSources;
    if (!sources.hasRoomFor(ssrc)) return 'malformed';
    const highest = sources.highestOf(ssrc);
    const index = highest < 0 ? sequenceNumber : estimateIndex(highest, sequenceNumber);
    const isFresh = sources.isFresh(ssrc, index);
    if (isFresh && this.#receiver.openRtp(packet, header.headerLength, end, ssrc, index)) {
      sources.accept(ssrc, index);
      return end;
    }
    if (this.#openWithHigherCounter(packet, header, end, index)) return end;
    return isFresh ? 'auth' : 'replay';
  }

  /** Retries a packet that is not authentic, or not new, with the estimated index. */
  #openWithHigherCounter(
    packet: Uint8Array,
    { ssrc, headerLength }: RtpHeader,
    end: number,
    estimate: number,
  ): boolean {
    if (this.#doubts >= DOUBTS.all && this.#doubts % DOUBTS.oneOf !== 0) {
      this.#doubts++;
      return false;
    }
    for (let counter = 1; counter <= MORE_COUNTERS; counter++) {
      const index = estimate + counter * SEQUENCE_NUMBERS;
      if (!this.#receiver.openRtp(packet, headerLength, end, ssrc, index)) continue;
      this.#rtpSources.accept(ssrc, index);
      this.#doubts = 0;
      return true;
    }
    this.#doubts++;
    return false;
  }

  /** Protects the (compound) RTCP packet in the first `length` bytes of `packet`. Returns the whole length, or 0 without room. */
  protectRtcp(packet: Uint8Array, length: number): number {
    if (length < RTCP_CLEAR_LENGTH || length + this.#sender.rtcpOverhead > packet.length) return 0;
    this.#sender.sealRtcp(packet, length, readUint32(packet, 4), this.#sentRtcpIndex++);
    return length + this.#sender.rtcpOverhead;
  }

  /** Authenticates and decrypts an SRTCP packet. Returns the length of the RTCP packet, or why not. */
  unprotectRtcp(packet: Uint8Array): number | SrtpFailure {
    const length = packet.length - this.#receiver.rtcpOverhead;
    if (length < RTCP_CLEAR_LENGTH) return 'malformed';
    const word = readUint32(packet, this.#receiver.rtcpIndexAt(packet.length));
    // WebRTC forbids unencrypted packets (RFC 8827 section 6.5).
    if (word < RTCP_ENCRYPTED) return 'malformed';
    const index = word - RTCP_ENCRYPTED;
    const ssrc = readUint32(packet, 4);
    if (!this.#rtcpSources.hasRoomFor(ssrc)) return 'malformed';
    if (!this.#rtcpSources.isFresh(ssrc, index)) return 'replay';
    if (!this.#receiver.openRtcp(packet, packet.length, ssrc, index)) return 'auth';
    this.#rtcpSources.accept(ssrc, index);
    return length;
  }
}

/**
 * RFC 3711 section 3.3.1 and appendix A: the index with this sequence number closest to `reference`. It works across an
 * outage of up to 2^15 packets, wherever the wrap is.
 */
export function estimateIndex(reference: number, sequenceNumber: number): number {
  const distance = ((sequenceNumber - (reference % SEQUENCE_NUMBERS)) << 16) >> 16;
  const index = reference + distance;
  return index < 0 ? index + SEQUENCE_NUMBERS : index;
}

function createTransform(profile: SrtpProfile, master: SrtpMasterKey, direction: 'send' | 'receive'): SrtpTransform {
  const { keyLength, saltLength } = SRTP_PROFILES[profile];
  if (master.key.length !== keyLength || master.salt.length !== saltLength) {
    throw new RangeError(`${profile} requires a key of ${keyLength} and a salt of ${saltLength} bytes`);
  }
  return profile === 'AEAD_AES_128_GCM' ? new GcmTransform(master, direction) : new CmTransform(master);
}
