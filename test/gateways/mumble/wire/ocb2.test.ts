import * as fc from 'fast-check';
import { test } from 'tap';
import { BLOCK, MAX_TEXT_BYTES, Ocb2 } from '../../../../src/gateways/mumble/wire/ocb2.ts';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const NONCE = Buffer.from('ffeeddccbbaa99887766554433221100', 'hex');

function seal(ocb: Ocb2, text: Uint8Array, nonce: Uint8Array = NONCE) {
  const sealed = Buffer.alloc(text.length);
  const finished = ocb.seal(text, sealed, 0, ocb.start(nonce), NONCE);
  return { sealed, tag: Buffer.from(finished.subarray(0, BLOCK)).toString('hex'), next: finished.subarray(BLOCK) };
}

function open(ocb: Ocb2, sealed: Uint8Array, nonce: Uint8Array = NONCE) {
  const text = Buffer.alloc(sealed.length);
  const finished = ocb.open(sealed, text, ocb.start(nonce), NONCE);
  return finished && { text, tag: Buffer.from(finished.subarray(0, BLOCK)).toString('hex') };
}

// draft-krovetz-ocb-00, appendix A, which Mumble's own tests use.
test('the test vectors of OCB2', async (t) => {
  const ocb = new Ocb2(KEY);
  t.equal(seal(ocb, Buffer.alloc(0), KEY).tag, 'bf3108130773ad5ec70ec69e7875a7b0');
  const { sealed, tag } = seal(
    ocb,
    Uint8Array.from({ length: 40 }, (_, i) => i),
    KEY,
  );
  t.equal(tag, '9db0cdf880f73e3e10d4eb3217766688');
  t.equal(sealed.toString('hex'), 'f75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c');
});

test('what is sealed is opened again, whatever its length', async (t) => {
  const ocb = new Ocb2(KEY);
  for (const length of [...Array(128).keys(), MAX_TEXT_BYTES - 1, MAX_TEXT_BYTES]) {
    const text = Buffer.from(Uint8Array.from({ length }, (_, i) => i + 1));
    const { sealed, tag } = seal(ocb, text);
    t.same(open(ocb, sealed), { text, tag }, `${length} bytes`);
  }
});

test('the start of the next nonce comes with the tag', async (t) => {
  const ocb = new Ocb2(KEY);
  t.same(seal(ocb, Buffer.from('abc')).next, ocb.start(NONCE));
});

test('the text is written from an offset on, and nothing else', async (t) => {
  const ocb = new Ocb2(KEY);
  const into = Buffer.alloc(60, 0xee);
  ocb.seal(Buffer.alloc(20, 7), into, 10, ocb.start(NONCE), NONCE);
  t.same(into.subarray(0, 10), Buffer.alloc(10, 0xee));
  t.same(into.subarray(30), Buffer.alloc(30, 0xee));
  t.same(into.subarray(10, 30), seal(ocb, Buffer.alloc(20, 7)).sealed);
});

test('any other ciphertext or nonce has another tag', (t) => {
  const ocb = new Ocb2(KEY);
  const text = fc.uint8Array({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(text, fc.nat(), (bytes, at) => {
      const { sealed, tag } = seal(ocb, bytes);
      sealed[at % sealed.length]! ^= 1 << (at & 7);
      return open(ocb, sealed)?.tag !== tag;
    }),
  );
  t.not(seal(ocb, KEY, KEY).tag, seal(ocb, KEY, NONCE).tag);
  t.end();
});

test('texts that allow the attack of eprint 2019/311 are changed when sealed', async (t) => {
  const ocb = new Ocb2(KEY);
  const text = Buffer.alloc(2 * BLOCK, 42).fill(0, 0, BLOCK);
  text[BLOCK - 1] = 128;
  const { sealed, tag } = seal(ocb, text);
  const opened = open(ocb, sealed);
  const changed = Buffer.from(text);
  changed[0] = 1;
  t.same(opened, { text: changed, tag }, 'one bit of the last but one block');

  const before = Buffer.concat([Buffer.alloc(BLOCK), Buffer.alloc(2 * BLOCK, 42)]);
  t.same(open(ocb, seal(ocb, before).sealed)?.text, before, 'earlier blocks may be zero');
});

test('a packet of the attack is refused when opened', async (t) => {
  const ocb = new Ocb2(KEY);
  // What an attacker makes of a text that was sealed without the change: the padded block equals the delta.
  const delta = doubled(ocb.start(NONCE));
  const length = Buffer.from(delta);
  length[BLOCK - 1]! ^= 128;
  const pad = ocb.start(length);
  const forged = Buffer.from(pad.map((byte, i) => byte ^ delta[i]!));
  t.equal(open(ocb, forged), null);
  forged[BLOCK - 1]! ^= 1;
  t.equal(open(ocb, forged), null, 'whatever the last byte is');
  forged[BLOCK - 2]! ^= 1;
  t.not(open(ocb, forged), null);
});

function doubled(block: Uint8Array): Buffer {
  const value = BigInt(`0x${Buffer.from(block).toString('hex')}`) << 1n;
  const reduced = BigInt.asUintN(128, value) ^ (value >> 128n === 0n ? 0n : 0x87n);
  return Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex');
}
