/** AEAD_AES_128_GCM for SRTP and SRTCP (RFC 7714). */

import { writeUint32 } from '../../lib/bytes.ts';
import { CounterKeystream } from './counter-keystream.ts';
import { Ghash } from './ghash.ts';
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

const TAG = 16;
const BLOCK = 16;
const rtcpAad = new Uint8Array(RTCP_CLEAR_LENGTH + RTCP_INDEX_LENGTH);

export class GcmTransform implements SrtpTransform {
  readonly tagLength = TAG;
  readonly rtcpOverhead = TAG + RTCP_INDEX_LENGTH;
  readonly #rtp: AesGcm;
  readonly #rtcp: AesGcm;

  constructor(master: SrtpMasterKey, direction: 'send' | 'receive') {
    this.#rtp = new AesGcm(deriveSessionKeys(master, 'rtp'), direction === 'send' ? PACKETS_AHEAD : 1);
    this.#rtcp = new AesGcm(deriveSessionKeys(master, 'rtcp'), 1);
  }

  sealRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): void {
    this.#rtp.seal(packet, start, packet, start, end, ssrc, index);
  }

  openRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean {
    return this.#rtp.open(packet, start, packet, start, end, ssrc, index);
  }

  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): void {
    writeUint32(packet, length + TAG, RTCP_ENCRYPTED + index);
    gatherRtcpAad(packet, length + TAG);
    this.#rtcp.seal(rtcpAad, rtcpAad.length, packet, RTCP_CLEAR_LENGTH, length, ssrc, index);
  }

  openRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): boolean {
    gatherRtcpAad(packet, length - RTCP_INDEX_LENGTH);
    return this.#rtcp.open(
      rtcpAad,
      rtcpAad.length,
      packet,
      RTCP_CLEAR_LENGTH,
      length - RTCP_INDEX_LENGTH - TAG,
      ssrc,
      index,
    );
  }

  rtcpIndexAt(length: number): number {
    return length - RTCP_INDEX_LENGTH;
  }
}

/** RFC 7714 section 9.2: the unencrypted part, then the word with the E bit and the index. */
function gatherRtcpAad(packet: Uint8Array, indexAt: number): void {
  for (let i = 0; i < RTCP_CLEAR_LENGTH; i++) rtcpAad[i] = packet[i]!;
  for (let i = 0; i < RTCP_INDEX_LENGTH; i++) rtcpAad[RTCP_CLEAR_LENGTH + i] = packet[indexAt + i]!;
}

/** AES-GCM under one session key and salt. The tag follows the ciphertext. */
export class AesGcm {
  readonly #keystream: CounterKeystream;
  readonly #ghash: Ghash;

  constructor({ encryption: key, salt }: Pick<SessionKeys, 'encryption' | 'salt'>, packetsAhead: number) {
    this.#keystream = new CounterKeystream({ key, salt, layout: 'gcm', packetsAhead });
    this.#ghash = new Ghash(this.#keystream.encryptBlock(new Uint8Array(BLOCK)));
  }

  seal(
    aad: Uint8Array,
    aadLength: number,
    packet: Uint8Array,
    start: number,
    end: number,
    ssrc: number,
    index: number,
  ): void {
    const at = this.#keystreamAt(end - start, ssrc, index);
    const keystream = this.#keystream.bytes;
    applyKeystream(packet, start, end, keystream, at + BLOCK);
    this.#ghash.digest(aad, aadLength, packet, start, end);
    const words = this.#ghash.words;
    for (let i = 0; i < TAG; i++) packet[end + i] = tagByte(words, i) ^ keystream[at + i]!;
  }

  open(
    aad: Uint8Array,
    aadLength: number,
    packet: Uint8Array,
    start: number,
    end: number,
    ssrc: number,
    index: number,
  ): boolean {
    const at = this.#keystreamAt(end - start, ssrc, index);
    const keystream = this.#keystream.bytes;
    this.#ghash.digest(aad, aadLength, packet, start, end);
    const words = this.#ghash.words;
    let difference = 0;
    for (let i = 0; i < TAG; i++) {
      difference |= packet[end + i]! ^ tagByte(words, i) ^ keystream[at + i]!;
    }
    if (difference !== 0) return false;
    applyKeystream(packet, start, end, keystream, at + BLOCK);
    return true;
  }

  /** The block that masks the tag comes first, the keystream of the payload after it. */
  #keystreamAt(length: number, ssrc: number, index: number): number {
    return this.#keystream.at(ssrc, index, 1 + blocksFor(length));
  }
}
