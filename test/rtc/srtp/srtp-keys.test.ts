import { createCipheriv } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'tap';
import { deriveSessionKey, deriveSessionKeys } from '../../../src/rtc/srtp/srtp-keys.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const upper = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase();

test('session keys are derived as in RFC 3711 appendix B.3', (t) => {
  const master = { key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'), salt: hex('0EC675AD498AFEEBB6960B3AABE6') };
  const { encryption, authentication, salt } = deriveSessionKeys(master, 'rtp');
  const long = upper(deriveSessionKey(master, 1, 94));
  t.equal(upper(encryption), 'C61E7A93744F39EE10734AFE3FF7A087');
  t.equal(upper(salt), '30CBBC08863D8C85D49DB34A9AE1');
  t.equal(
    long,
    'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2',
  );
  t.equal(upper(authentication), long.slice(0, 40));
  t.end();
});

test('every key is the counter-mode keystream of its label (RFC 3711 section 4.3.3)', (t) => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(bytes(16), fc.oneof(bytes(12), bytes(14)), (key, salt) => {
      const expected = (label: number, length: number) => {
        const iv = Buffer.alloc(16);
        iv.set(salt);
        iv[7]! ^= label;
        return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
      };
      return (['rtp', 'rtcp'] as const).every((protocol, i) => {
        const keys = deriveSessionKeys({ key, salt }, protocol);
        return (
          expected(3 * i, 16).equals(keys.encryption) &&
          expected(3 * i + 1, 20).equals(keys.authentication) &&
          expected(3 * i + 2, salt.length).equals(keys.salt)
        );
      });
    }),
  );
  t.end();
});
