import { createCipheriv, createHmac } from 'node:crypto';
import { test } from 'tap';
import { CmTransform } from '../../../src/rtc/srtp/srtp-cm.ts';
import { deriveSessionKeys, type SessionKeys } from '../../../src/rtc/srtp/srtp-keys.ts';
import { createBytes } from '../bytes.ts';
import { transformLaws } from './transform-laws.ts';

const randomBytes = createBytes(7);
const createMaster = () => ({ key: randomBytes(16), salt: randomBytes(14) });
const SSRC = 0x89abcdef;

test('protection with AES-CM', (t) => {
  transformLaws(t, () => {
    const master = createMaster();
    return [new CmTransform(master), new CmTransform(master)];
  });
  t.end();
});

/** RFC 3711 section 4.1.1 by `node:crypto`. */
function encrypt({ encryption, salt }: SessionKeys, index: number, plain: Uint8Array): Buffer {
  const iv = Buffer.concat([salt, Buffer.alloc(2)]);
  iv.writeUInt32BE((iv.readUInt32BE(4) ^ SSRC) >>> 0, 4);
  const indexBytes = Buffer.alloc(6);
  indexBytes.writeUIntBE(index, 0, 6);
  for (const [i, byte] of indexBytes.entries()) iv[8 + i]! ^= byte;
  return createCipheriv('aes-128-ctr', encryption, iv).update(plain);
}

function tagOf({ authentication }: SessionKeys, ...parts: Uint8Array[]): Buffer {
  return createHmac('sha1', authentication).update(Buffer.concat(parts)).digest().subarray(0, 10);
}

test('packets match those that node:crypto makes by the rules of RFC 3711', (t) => {
  for (const index of [0, 0x1_0000, 0xffff_ffff, 0x1234_5678_9abc]) {
    const master = createMaster();
    const transform = new CmTransform(master);
    const rtpKeys = deriveSessionKeys(master, 'rtp');
    const rtcpKeys = deriveSessionKeys(master, 'rtcp');
    const plain = randomBytes(77);

    const rtp = Buffer.concat([plain, Buffer.alloc(10)]);
    transform.sealRtp(rtp, 12, plain.length, SSRC, index);
    const rollover = Buffer.alloc(4);
    rollover.writeUInt32BE(Math.floor(index / 0x1_0000));
    const hidden = Buffer.concat([plain.subarray(0, 12), encrypt(rtpKeys, index, plain.subarray(12))]);
    t.same(rtp, Buffer.concat([hidden, tagOf(rtpKeys, hidden, rollover)]));

    const rtcpIndex = index % 2 ** 31;
    const rtcp = Buffer.concat([plain, Buffer.alloc(14)]);
    transform.sealRtcp(rtcp, plain.length, SSRC, rtcpIndex);
    const word = Buffer.alloc(4);
    word.writeUInt32BE(0x8000_0000 + rtcpIndex);
    const report = Buffer.concat([plain.subarray(0, 8), encrypt(rtcpKeys, rtcpIndex, plain.subarray(8)), word]);
    t.same(rtcp, Buffer.concat([report, tagOf(rtcpKeys, report)]));
  }
  t.end();
});

test('packets are longer by their tag, and reports by their index as well', (t) => {
  const { tagLength, rtcpOverhead } = new CmTransform(createMaster());
  t.same([tagLength, rtcpOverhead], [10, 10 + 4]);
  t.end();
});
