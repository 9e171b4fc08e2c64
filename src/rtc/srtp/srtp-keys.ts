/** Keys of SRTP: what DTLS exports (RFC 5764 section 4.2), and the session keys that follow from them (RFC 3711 section 4.3). */
import { createCipheriv } from 'node:crypto';

/** RFC 5764 section 4.1.2 and RFC 7714 section 12: the lengths of master key and salt in bytes. */
export const SRTP_PROFILES = {
  AEAD_AES_128_GCM: { keyLength: 16, saltLength: 12 },
  AES128_CM_HMAC_SHA1_80: { keyLength: 16, saltLength: 14 },
} as const;

export type SrtpProfile = keyof typeof SRTP_PROFILES;

/** One direction's master key (16 bytes) and master salt (12 bytes with GCM, 14 with AES-CM). */
export interface SrtpMasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** Both directions; plain data that may be posted to another thread. */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  /** For what we send. */
  readonly local: SrtpMasterKey;
  /** For what the peer sends. */
  readonly remote: SrtpMasterKey;
}

/** The labels of RFC 3711 section 4.3.2. */
export type KeyLabel = 0 | 1 | 2 | 3 | 4 | 5;

export const RTP_ENCRYPTION: KeyLabel = 0;
export const RTP_AUTHENTICATION: KeyLabel = 1;
export const RTP_SALT: KeyLabel = 2;
export const RTCP_ENCRYPTION: KeyLabel = 3;
export const RTCP_AUTHENTICATION: KeyLabel = 4;
export const RTCP_SALT: KeyLabel = 5;

/**
 * The session key of `label`, `length` bytes, at a key derivation rate of zero (RFC 3711 section 4.3.3).
 * A salt of 12 bytes is padded with zeros to 14 (RFC 7714 section 11).
 */
export function deriveSessionKey(master: SrtpMasterKey, label: KeyLabel, length: number): Uint8Array {
  const blocks = Math.ceil(length / 16);
  const counters = new Uint8Array(16 * blocks);
  for (let i = 0; i < blocks; i++) {
    const block = counters.subarray(16 * i, 16 * i + 16);
    block.set(master.salt.subarray(0, 14));
    block[7]! ^= label;
    block[15] = i;
  }
  const cipher = createCipheriv('aes-128-ecb', master.key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(counters)).subarray(0, length);
}
