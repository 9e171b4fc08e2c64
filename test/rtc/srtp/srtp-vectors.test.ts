import { createCipheriv, createHmac } from 'node:crypto';
import { test } from 'tap';
import { HmacSha1 } from '../../../src/lib/hmac-sha1.ts';
import { CounterKeystream } from '../../../src/rtc/srtp/counter-keystream.ts';
import { Ghash } from '../../../src/rtc/srtp/ghash.ts';
import { AesGcm } from '../../../src/rtc/srtp/srtp-gcm.ts';
import { deriveSessionKey } from '../../../src/rtc/srtp/srtp-keys.ts';
import { createBytes } from '../bytes.ts';

const randomBytes = createBytes(2);
const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');

test('the AES-CM keystream is that of RFC 3711 appendix B.2', (t) => {
  const keystream = new CounterKeystream({
    key: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
    salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
    layout: 'cm',
    packetsAhead: 1,
  });
  const at = keystream.at(0, 0, 3);
  t.equal(
    Buffer.from(keystream.bytes.subarray(at, at + 48))
      .toString('hex')
      .toUpperCase(),
    'E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0',
  );
  t.end();
});

test('session keys are derived as in RFC 3711 appendix B.3', (t) => {
  const master = { key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'), salt: hex('0EC675AD498AFEEBB6960B3AABE6') };
  const derived = (label: 0 | 1 | 2, length: number) =>
    Buffer.from(deriveSessionKey(master, label, length))
      .toString('hex')
      .toUpperCase();
  t.equal(derived(0, 16), 'C61E7A93744F39EE10734AFE3FF7A087');
  t.equal(derived(2, 14), '30CBBC08863D8C85D49DB34A9AE1');
  t.equal(
    derived(1, 94),
    'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2',
  );
  t.end();
});

const gcm = () => new AesGcm(hex('000102030405060708090a0b0c0d0e0f'), hex('517569642070726f2071756f'), 1);

test('SRTP with AEAD_AES_128_GCM is that of RFC 7714 section 16.1', (t) => {
  const plain = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573`);
  const sealed = `8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce`;
  const packet = Buffer.alloc(plain.length + 16);
  plain.copy(packet);
  gcm().seal(packet, 12, packet, 12, plain.length, 0x5501a0b2, 0xf17b);
  t.equal(packet.toString('hex'), sealed);
  t.ok(gcm().open(packet, 12, packet, 12, plain.length, 0x5501a0b2, 0xf17b));
  t.same(packet.subarray(0, plain.length), plain);
  t.end();
});

test('SRTCP with AEAD_AES_128_GCM is that of RFC 7714 section 17.1', (t) => {
  const plain = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef`);
  const packet = Buffer.alloc(plain.length + 16);
  plain.copy(packet);
  const aad = Buffer.concat([plain.subarray(0, 8), hex('800005d4')]);
  gcm().seal(aad, 12, packet, 8, plain.length, 0x4d617273, 0x5d4);
  t.equal(
    packet.toString('hex'),
    '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade',
  );
  t.end();
});

test('GHASH makes the tags of node:crypto for any lengths', (t) => {
  for (let length = 0; length < 300; length++) {
    const key = randomBytes(16);
    const iv = randomBytes(12);
    const aad = randomBytes((length * 7) % 41);
    const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(aad);
    const text = Buffer.concat([cipher.update(randomBytes(length)), cipher.final()]);
    const block = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
    const ghash = new Ghash(block.update(Buffer.alloc(16)));
    const mask = block.update(Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]));
    ghash.digest(aad, aad.length, text, 0, length);
    const tag = Buffer.alloc(16);
    for (let i = 0; i < 4; i++) tag.writeInt32BE(ghash.words[i]! ^ mask.readInt32BE(i * 4), i * 4);
    if (!tag.equals(cipher.getAuthTag())) t.fail(`${length} bytes, key ${key.toString('hex')}`);
  }
  t.end();
});

test('HMAC-SHA1 is that of node:crypto for any length of message and key', (t) => {
  for (const keyLength of [0, 1, 20, 63, 64, 65, 200]) {
    const key = randomBytes(keyLength);
    const hmac = new HmacSha1(key);
    for (let length = 0; length < 300; length++) {
      const bytes = randomBytes(length);
      const digest = Buffer.alloc(20);
      for (const [i, word] of hmac.digest(bytes, length).entries()) digest.writeInt32BE(word, i * 4);
      if (!digest.equals(createHmac('sha1', key).update(bytes).digest())) {
        t.fail(`${length} bytes, key ${key.toString('hex')}`);
      }
    }
  }
  t.end();
});
