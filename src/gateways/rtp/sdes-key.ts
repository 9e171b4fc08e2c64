/** The key of SRTP as people exchange it (SDES, RFC 4568 section 6.1): 16 bytes of key and 14 of salt, in base64. */
import { SRTP_PROFILES, type SrtpMasterKey } from '../../rtc/srtp/srtp-keys.ts';

/** @param text as `sdesKeySchema` accepts it */
export function parseSdesKey(text: string): SrtpMasterKey {
  const bytes = Buffer.from(text, 'base64');
  const { keyLength } = SRTP_PROFILES.AES128_CM_HMAC_SHA1_80;
  return { key: bytes.subarray(0, keyLength), salt: bytes.subarray(keyLength) };
}
