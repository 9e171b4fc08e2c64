/** The per-packet part of a protection profile; sessions handle indices, replay and counting. */
export interface SrtpTransform {
  /** The tag that ends an SRTP packet, in bytes. */
  readonly tagLength: number;
  /** What SRTCP adds: tag and index word, in bytes. */
  readonly rtcpOverhead: number;
  /** Encrypts `packet` from `start` to `end` in place and writes the tag after it. */
  sealRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): void;
  /**
   * Verifies the tag after `end` and decrypts from `start` to `end` in place. False: the packet is forged or damaged,
   * or has another index; it is then unchanged.
   */
  openRtp(packet: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean;
  /** Encrypts the RTCP packet of `length` bytes in place, all but its first eight, and writes tag and index after it. */
  sealRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): void;
  /**
   * Verifies and decrypts in place an SRTCP packet with `length` bytes in total. `rtcpIndexAt` says where the index is.
   */
  openRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): boolean;
  /** Where the word with the E bit and the 31-bit index starts in an SRTCP packet of `length` bytes. */
  rtcpIndexAt(length: number): number;
}

/** The RTCP header and the sender's SSRC stay unencrypted (RFC 3711 section 3.4). */
export const RTCP_CLEAR_LENGTH = 8;

/** The word with the E bit and the index of an SRTCP packet, in bytes. */
export const RTCP_INDEX_LENGTH = 4;

/** The E bit of SRTCP: the packet is encrypted. WebRTC allows nothing else. */
export const RTCP_ENCRYPTED = 0x8000_0000;

/** Number of packets whose keystream is made at once. */
export const PACKETS_AHEAD = 8;

/** Number of AES keystream blocks for a payload of `length` bytes. */
export function blocksFor(length: number): number {
  return Math.ceil(length / 16);
}

/** Byte `i` of a tag computed in big-endian words. */
export function tagByte(words: Int32Array, i: number): number {
  return (words[i >> 2]! >>> (24 - 8 * (i & 3))) & 0xff;
}

/** XORs the keystream from `at` on onto `packet` from `start` to `end`. */
export function applyKeystream(
  packet: Uint8Array,
  start: number,
  end: number,
  keystream: Uint8Array,
  at: number,
): void {
  for (let i = start, k = at; i < end; i++, k++) packet[i]! ^= keystream[k]!;
}
