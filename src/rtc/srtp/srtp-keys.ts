/**
 * SRTP keys: what DTLS exports (RFC 5764 section 4.2), and the session keys derived from them (RFC 3711 section 4.3).
 */
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

/** The labels of RFC 3711 section 4.3.2, for RTP; those for RTCP are the next three. */
const LABEL = { encryption: 0, authentication: 1, salt: 2 } as const;
const RTCP_LABELS = 3;

const ENCRYPTION_KEY = 16;
const AUTHENTICATION_KEY = 20;

/** The keys that protect RTP, or RTCP, in one direction. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  /** AES-GCM needs none. */
  readonly authentication: Uint8Array;
  /** As long as the master salt. */
  readonly salt: Uint8Array;
}

export function deriveSessionKeys(master: SrtpMasterKey, protocol: 'rtp' | 'rtcp'): SessionKeys {
  const first = protocol === 'rtp' ? 0 : RTCP_LABELS;
  return {
    encryption: deriveSessionKey(master, first + LABEL.encryption, ENCRYPTION_KEY),
    authentication: deriveSessionKey(master, first + LABEL.authentication, AUTHENTICATION_KEY),
    salt: deriveSessionKey(master, first + LABEL.salt, master.salt.length),
  };
}

/**
 * The session key of `label`, `length` bytes, at a key derivation rate of zero (RFC 3711 section 4.3.3).
 * A salt of 12 bytes is padded with zeros to 14 (RFC 7714 section 11).
 */
export function deriveSessionKey(master: SrtpMasterKey, label: number, length: number): Uint8Array {
  const blocks = Math.ceil(length / 16);
  const counters = new Uint8Array(16 * blocks);
  for (let i = 0; i < blocks; i++) {
    const block = counters.subarray(16 * i, 16 * i + 16);
    block.set(master.salt);
    block[7]! ^= label;
    block[15] = i;
  }
  const cipher = createCipheriv('aes-128-ecb', master.key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(counters)).subarray(0, length);
}
