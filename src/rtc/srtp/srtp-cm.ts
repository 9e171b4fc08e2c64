/** AES128_CM_HMAC_SHA1_80 for SRTP and SRTCP (RFC 3711). */

import { writeUint32 } from '../../lib/bytes.ts';
import { HmacSha1 } from '../../lib/hmac-sha1.ts';
import { CounterKeystream } from './counter-keystream.ts';
import {
  deriveSessionKey,
  RTCP_AUTHENTICATION,
  RTCP_ENCRYPTION,
  RTCP_SALT,
  RTP_AUTHENTICATION,
  RTP_ENCRYPTION,
  RTP_SALT,
  type SrtpMasterKey,
} from './srtp-keys.ts';
import {
  applyKeystream,
  PACKETS_AHEAD,
  RTCP_CLEAR_LENGTH,
  RTCP_ENCRYPTED,
  type SrtpTransform,
} from './srtp-transform.ts';

const TAG = 10;
const INDEX = 4;
const BLOCK = 16;
const AUTHENTICATION_KEY = 20;
const received = new Uint8Array(TAG);

export class CmTransform implements SrtpTransform {
  readonly tagLength = TAG;
  readonly rtcpOverhead = INDEX + TAG;
  readonly #rtpKeystream: CounterKeystream;
  readonly #rtpHmac: HmacSha1;
  readonly #rtcpKeystream: CounterKeystream;
  readonly #rtcpHmac: HmacSha1;

  constructor(master: SrtpMasterKey) {
    this.#rtpKeystream = new CounterKeystream({
      key: deriveSessionKey(master, RTP_ENCRYPTION, 16),
      salt: deriveSessionKey(master, RTP_SALT, 14),
      layout: 'cm',
      // Received ones follow each other too, and only authentic ones get as far as needing it.
      packetsAhead: PACKETS_AHEAD,
    });
    this.#rtpHmac = new HmacSha1(deriveSessionKey(master, RTP_AUTHENTICATION, AUTHENTICATION_KEY));
    this.#rtcpKeystream = new CounterKeystream({
      key: deriveSessionKey(master, RTCP_ENCRYPTION, 16),
      salt: deriveSessionKey(master, RTCP_SALT, 14),
      layout: 'cm',
      packetsAhead: 1,
    });
    this.#rtcpHmac = new HmacSha1(deriveSessionKey(master, RTCP_AUTHENTICATION, AUTHENTICATION_KEY));
  }

  sealRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): void {
    const at = this.#rtpKeystream.at(ssrc, index, Math.ceil((end - start) / BLOCK));
    applyKeystream(packet, start, end, this.#rtpKeystream.bytes, at);
    // The rollover counter is authenticated but not sent (section 4.2): it stands where the tag will be.
    writeUint32(packet, end, Math.floor(index / 0x1_0000));
    writeTag(packet, end, this.#rtpHmac.digest(packet, end + INDEX));
  }

  openRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean {
    for (let i = 0; i < TAG; i++) received[i] = packet[end + i]!;
    writeUint32(packet, end, Math.floor(index / 0x1_0000));
    if (!isTag(received, 0, this.#rtpHmac.digest(packet, end + INDEX))) {
      // It may be tried again with another rollover counter.
      for (let i = 0; i < INDEX; i++) packet[end + i] = received[i]!;
      return false;
    }
    const at = this.#rtpKeystream.at(ssrc, index, Math.ceil((end - start) / BLOCK));
    applyKeystream(packet, start, end, this.#rtpKeystream.bytes, at);
    return true;
  }

  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): void {
    this.#applyRtcp(packet, length, ssrc, index);
    writeUint32(packet, length, RTCP_ENCRYPTED + index);
    writeTag(packet, length + INDEX, this.#rtcpHmac.digest(packet, length + INDEX));
  }

  openRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): boolean {
    const tagAt = length - TAG;
    if (!isTag(packet, tagAt, this.#rtcpHmac.digest(packet, tagAt))) return false;
    this.#applyRtcp(packet, tagAt - INDEX, ssrc, index);
    return true;
  }

  rtcpIndexAt(length: number): number {
    return length - TAG - INDEX;
  }

  #applyRtcp(packet: Uint8Array, end: number, ssrc: number, index: number): void {
    const at = this.#rtcpKeystream.at(ssrc, index, Math.ceil((end - RTCP_CLEAR_LENGTH) / BLOCK));
    applyKeystream(packet, RTCP_CLEAR_LENGTH, end, this.#rtcpKeystream.bytes, at);
  }
}

function writeTag(packet: Uint8Array, at: number, words: Int32Array): void {
  for (let i = 0; i < TAG; i++) packet[at + i] = words[i >> 2]! >>> (24 - 8 * (i & 3));
}

/** Compares in constant time. */
function isTag(packet: Uint8Array, at: number, words: Int32Array): boolean {
  let difference = 0;
  for (let i = 0; i < TAG; i++) difference |= packet[at + i]! ^ ((words[i >> 2]! >>> (24 - 8 * (i & 3))) & 0xff);
  return difference === 0;
}
