import { test } from 'tap';
import { ProtectionProfileAeadAes128Gcm, ProtectionProfileAes128CmHmacSha1_80 } from 'werift';
import { USE_SRTP_PROFILES } from '../../../src/rtc/dtls/use-srtp.ts';
import { SRTP_PROFILES } from '../../../src/rtc/srtp/srtp-keys.ts';

test('the profiles have their registered numbers, and the lengths that SRTP needs', (t) => {
  t.equal(USE_SRTP_PROFILES.AEAD_AES_128_GCM.id, ProtectionProfileAeadAes128Gcm);
  t.equal(USE_SRTP_PROFILES.AES128_CM_HMAC_SHA1_80.id, ProtectionProfileAes128CmHmacSha1_80);
  t.same(Object.keys(USE_SRTP_PROFILES).sort(), Object.keys(SRTP_PROFILES).sort());
  for (const [name, lengths] of Object.entries(SRTP_PROFILES)) {
    t.match(USE_SRTP_PROFILES[name as keyof typeof SRTP_PROFILES], lengths);
  }
  t.end();
});
