import { createCipheriv } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'tap';
import { CounterKeystream } from '../../../src/rtc/srtp/counter-keystream.ts';
import { createBytes } from '../bytes.ts';

const randomBytes = createBytes(2);
const BLOCK = 16;
const LAYOUTS = ['cm', 'gcm'] as const;
const SALT_LENGTH = { cm: 14, gcm: 12 } as const;

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}

/** By the formulas of RFC 3711 section 4.1.1 and RFC 7714 section 8.1, and the counter mode of `node:crypto`. */
function expectedKeystream(
  { key, salt, layout }: { key: Uint8Array; salt: Buffer; layout: 'cm' | 'gcm' },
  ssrc: number,
  index: number,
  length: number,
): Buffer {
  const saltValue = BigInt(`0x${salt.toString('hex')}`);
  const packet = [BigInt(ssrc), BigInt(index)] as const;
  const iv =
    layout === 'cm'
      ? bytesOf((saltValue << 16n) ^ (packet[0] << 64n) ^ (packet[1] << 16n), BLOCK)
      : Buffer.concat([bytesOf(saltValue ^ (packet[0] << 48n) ^ packet[1], 12), Buffer.from([0, 0, 0, 1])]);
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
}

test('the AES-CM keystream matches RFC 3711 appendix B.2', (t) => {
  const keystream = new CounterKeystream({
    key: Buffer.from('2B7E151628AED2A6ABF7158809CF4F3C', 'hex'),
    salt: Buffer.from('F0F1F2F3F4F5F6F7F8F9FAFBFCFD', 'hex'),
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

for (const layout of LAYOUTS) {
  test(`${layout}: each packet has its own keystream, whatever was requested before`, (t) => {
    const packet = fc.record({
      source: fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff),
      step: fc.oneof(fc.integer({ min: -2, max: 9 }), fc.constantFrom(0xffff, 0x1_0000, 0xffff_ffff)),
      blocks: fc.integer({ min: 1, max: 9 }),
    });
    const start = fc.oneof(fc.nat(70_000), fc.integer({ min: 0xffff_fff0, max: 2 ** 47 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), start, fc.array(packet), (packetsAhead, first, packets) => {
        const options = { key: randomBytes(16), salt: randomBytes(SALT_LENGTH[layout]), layout };
        const keystream = new CounterKeystream({ ...options, packetsAhead });
        let index = first;
        return packets.every(({ source, step, blocks }) => {
          index = Math.max(0, index + step);
          const at = keystream.at(source, index, blocks);
          const made = Buffer.from(keystream.bytes.subarray(at, at + blocks * BLOCK));
          return made.equals(expectedKeystream(options, source, index, blocks * BLOCK));
        });
      }),
    );
    t.end();
  });

  test(`${layout}: the keystream of the next packets is precomputed, even for slightly longer ones`, (t) => {
    for (const packetsAhead of [1, 2, 8]) {
      const options = { key: randomBytes(16), salt: randomBytes(SALT_LENGTH[layout]), layout, packetsAhead };
      const keystream = new CounterKeystream(options);
      t.equal(keystream.at(5, 1000, 4), 0);
      const made = keystream.bytes;
      for (let ahead = 0; ahead < packetsAhead; ahead++) {
        keystream.at(5, 1000 + ahead, packetsAhead === 1 ? 4 : 6);
        t.equal(keystream.bytes, made);
      }
      keystream.at(5, 1000 + packetsAhead, 4);
      t.not(keystream.bytes, made);
    }
    t.end();
  });

  test(`${layout}: with an unpredictable index, no more keystream is made than requested`, (t) => {
    const options = { key: randomBytes(16), salt: randomBytes(SALT_LENGTH[layout]), layout, packetsAhead: 1 };
    const keystream = new CounterKeystream(options);
    for (const blocks of [7, 3, 12]) {
      keystream.at(5, blocks, blocks);
      t.equal(keystream.bytes.length, blocks * BLOCK);
    }
    t.end();
  });
}

test('a block is encrypted with the key', (t) => {
  const key = randomBytes(16);
  const block = randomBytes(BLOCK);
  const keystream = new CounterKeystream({ key, salt: randomBytes(12), layout: 'gcm', packetsAhead: 1 });
  const expected = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
  t.same(keystream.encryptBlock(block), expected);
  t.end();
});
