/**
 * The use_srtp extension (RFC 5764 section 4.1): the protection profiles that a handshake may negotiate, and the
 * resulting keys.
 */

/**
 * RFC 5764 section 4.1.2 and RFC 7714 section 14.2: the number of each profile, and the lengths of its master key and
 * salt in bytes.
 */
export const USE_SRTP_PROFILES = {
  AEAD_AES_128_GCM: { id: 0x0007, keyLength: 16, saltLength: 12 },
  AES128_CM_HMAC_SHA1_80: { id: 0x0001, keyLength: 16, saltLength: 14 },
} as const;

export type UseSrtpProfile = keyof typeof USE_SRTP_PROFILES;

interface ExportedMasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** The keying material that DTLS exports for SRTP (RFC 5764 section 4.2). */
export interface ExportedSrtpKeys {
  readonly profile: UseSrtpProfile;
  /** For what we send. */
  readonly local: ExportedMasterKey;
  /** For what the peer sends. */
  readonly remote: ExportedMasterKey;
}
