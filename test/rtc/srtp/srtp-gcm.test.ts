import { createCipheriv } from 'node:crypto';
import { test } from 'tap';
import { AesGcm, GcmTransform } from '../../../src/rtc/srtp/srtp-gcm.ts';
import { deriveSessionKeys, type SessionKeys } from '../../../src/rtc/srtp/srtp-keys.ts';
import { createBytes } from '../bytes.ts';
import { transformLaws } from './transform-laws.ts';

const randomBytes = createBytes(8);
const hex = (text: string) => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const createMaster = () => ({ key: randomBytes(16), salt: randomBytes(12) });
const SSRC = 0x89abcdef;

test('protection with AES-GCM', (t) => {
  transformLaws(t, () => {
    const master = createMaster();
    return [new GcmTransform(master, 'send'), new GcmTransform(master, 'receive')];
  });
  t.end();
});

const gcm = () =>
  new AesGcm({ encryption: hex('000102030405060708090a0b0c0d0e0f'), salt: hex('517569642070726f2071756f') }, 1);

test('SRTP with AEAD_AES_128_GCM matches RFC 7714 section 16.1', (t) => {
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

test('SRTCP with AEAD_AES_128_GCM matches RFC 7714 section 17.1', (t) => {
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

/** RFC 7714 sections 8.1 and 9.1 by `node:crypto`: the ciphertext and then the tag. */
function seal({ encryption, salt }: SessionKeys, index: number, aad: Uint8Array, plain: Uint8Array): Buffer {
  const iv = Buffer.from(salt);
  const packet = Buffer.alloc(12);
  packet.writeUInt32BE(SSRC, 2);
  packet.writeUIntBE(index, 6, 6);
  for (const [i, byte] of packet.entries()) iv[i]! ^= byte;
  const cipher = createCipheriv('aes-128-gcm', encryption, iv).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

test('packets match those that node:crypto makes by the rules of RFC 7714', (t) => {
  for (const index of [0, 0x1_0000, 0xffff_ffff, 0x1234_5678_9abc]) {
    const master = createMaster();
    const transform = new GcmTransform(master, 'send');
    const plain = randomBytes(77);

    const rtp = Buffer.concat([plain, Buffer.alloc(16)]);
    transform.sealRtp(rtp, 12, plain.length, SSRC, index);
    const header = plain.subarray(0, 12);
    t.same(rtp, Buffer.concat([header, seal(deriveSessionKeys(master, 'rtp'), index, header, plain.subarray(12))]));

    const rtcpIndex = index % 2 ** 31;
    const rtcp = Buffer.concat([plain, Buffer.alloc(20)]);
    transform.sealRtcp(rtcp, plain.length, SSRC, rtcpIndex);
    const word = Buffer.alloc(4);
    word.writeUInt32BE(0x8000_0000 + rtcpIndex);
    const clear = plain.subarray(0, 8);
    const aad = Buffer.concat([clear, word]);
    const hidden = seal(deriveSessionKeys(master, 'rtcp'), rtcpIndex, aad, plain.subarray(8));
    t.same(rtcp, Buffer.concat([clear, hidden, word]));
  }
  t.end();
});

test('packets are longer by their tag, and reports by their index as well', (t) => {
  const { tagLength, rtcpOverhead } = new GcmTransform(createMaster(), 'send');
  t.same([tagLength, rtcpOverhead], [16, 16 + 4]);
  t.end();
});
