/** AES128_CM_HMAC_SHA1_80 for SRTP and SRTCP (RFC 3711). */

import { writeUint32 } from '../../lib/bytes.ts';
import { HmacSha1 } from '../../lib/hmac-sha1.ts';
import { CounterKeystream } from './counter-keystream.ts';
import { deriveSessionKeys, type SessionKeys, type SrtpMasterKey } from './srtp-keys.ts';
import {
  applyKeystream,
  blocksFor,
  PACKETS_AHEAD,
  RTCP_CLEAR_LENGTH,
  RTCP_ENCRYPTED,
  RTCP_INDEX_LENGTH,
  type SrtpTransform,
  tagByte,
} from './srtp-transform.ts';

const TAG = 10;
/** The part of the packet index that is authenticated without being sent (RFC 3711 section 4.2). */
const ROLLOVER_COUNTER = 4;
const received = new Uint8Array(TAG);

export class CmTransform implements SrtpTransform {
  readonly tagLength = TAG;
  readonly rtcpOverhead = RTCP_INDEX_LENGTH + TAG;
  readonly #rtpKeystream: CounterKeystream;
  readonly #rtpHmac: HmacSha1;
  readonly #rtcpKeystream: CounterKeystream;
  readonly #rtcpHmac: HmacSha1;

  constructor(master: SrtpMasterKey) {
    const rtp = deriveSessionKeys(master, 'rtp');
    const rtcp = deriveSessionKeys(master, 'rtcp');
    // Received ones follow each other too, and only authentic ones get as far as needing it.
    this.#rtpKeystream = keystreamOf(rtp, PACKETS_AHEAD);
    this.#rtpHmac = new HmacSha1(rtp.authentication);
    this.#rtcpKeystream = keystreamOf(rtcp, 1);
    this.#rtcpHmac = new HmacSha1(rtcp.authentication);
  }

  sealRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): void {
    const at = this.#rtpKeystream.at(ssrc, index, blocksFor(end - start));
    applyKeystream(packet, start, end, this.#rtpKeystream.bytes, at);
    // The rollover counter stands where the tag will be.
    writeUint32(packet, end, Math.floor(index / 0x1_0000));
    writeTag(packet, end, this.#rtpHmac.digest(packet, end + ROLLOVER_COUNTER));
  }

  openRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean {
    for (let i = 0; i < TAG; i++) received[i] = packet[end + i]!;
    writeUint32(packet, end, Math.floor(index / 0x1_0000));
    if (!isTag(received, 0, this.#rtpHmac.digest(packet, end + ROLLOVER_COUNTER))) {
      // It may be tried again with another rollover counter.
      for (let i = 0; i < ROLLOVER_COUNTER; i++) packet[end + i] = received[i]!;
      return false;
    }
    const at = this.#rtpKeystream.at(ssrc, index, blocksFor(end - start));
    applyKeystream(packet, start, end, this.#rtpKeystream.bytes, at);
    return true;
  }

  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): void {
    this.#applyRtcp(packet, length, ssrc, index);
    writeUint32(packet, length, RTCP_ENCRYPTED + index);
    writeTag(packet, length + RTCP_INDEX_LENGTH, this.#rtcpHmac.digest(packet, length + RTCP_INDEX_LENGTH));
  }

  openRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): boolean {
    const tagAt = length - TAG;
    if (!isTag(packet, tagAt, this.#rtcpHmac.digest(packet, tagAt))) return false;
    this.#applyRtcp(packet, tagAt - RTCP_INDEX_LENGTH, ssrc, index);
    return true;
  }

  rtcpIndexAt(length: number): number {
    return length - TAG - RTCP_INDEX_LENGTH;
  }

  #applyRtcp(packet: Uint8Array, end: number, ssrc: number, index: number): void {
    const at = this.#rtcpKeystream.at(ssrc, index, blocksFor(end - RTCP_CLEAR_LENGTH));
    applyKeystream(packet, RTCP_CLEAR_LENGTH, end, this.#rtcpKeystream.bytes, at);
  }
}

function keystreamOf({ encryption, salt }: SessionKeys, packetsAhead: number): CounterKeystream {
  return new CounterKeystream({ key: encryption, salt, layout: 'cm', packetsAhead });
}

function writeTag(packet: Uint8Array, at: number, words: Int32Array): void {
  for (let i = 0; i < TAG; i++) packet[at + i] = tagByte(words, i);
}

/** Compares in constant time. */
function isTag(packet: Uint8Array, at: number, words: Int32Array): boolean {
  let difference = 0;
  for (let i = 0; i < TAG; i++) difference |= packet[at + i]! ^ tagByte(words, i);
  return difference === 0;
}
