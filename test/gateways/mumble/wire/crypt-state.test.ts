import { randomBytes } from 'node:crypto';
import { test } from 'tap';
import { CryptState } from '../../../../src/gateways/mumble/wire/crypt-state.ts';

const TEXT = Buffer.from('abcdefghi');

/** Two ends, the first of which sends. */
function pair(iv = Buffer.alloc(16, 0x55)): readonly [CryptState, CryptState] {
  const key = randomBytes(16);
  const other = Buffer.alloc(16, 0x33);
  return [new CryptState({ key, sendIv: iv, receiveIv: other }), new CryptState({ key, sendIv: other, receiveIv: iv })];
}

const packets = (from: CryptState, count: number): Buffer[] =>
  Array.from({ length: count }, () => Buffer.from(from.encrypt(TEXT)));
const isTaken = (to: CryptState, packet: Uint8Array): boolean => {
  const text = to.decrypt(packet);
  return text !== null && TEXT.equals(text);
};

test('both directions work, over many turns of the counter', async (t) => {
  const [a, b] = pair(Buffer.concat([Buffer.alloc(3, 0xff), Buffer.alloc(13)]));
  for (let i = 0; i < 70_000; i++) if (!isTaken(b, a.encrypt(TEXT))) t.fail(`packet ${i}`);
  t.ok(isTaken(a, b.encrypt(TEXT)));
  t.same(b.counts, { good: 70_000, late: 0, lost: 0, resyncs: 0 });
});

test('a packet begins with the counter and the tag', async (t) => {
  const [a] = pair();
  const [first, second] = packets(a, 2);
  t.equal(first![0], 0x56);
  t.equal(second![0], 0x57);
  t.equal(first!.length, TEXT.length + 4);
});

test('a repeated packet is refused, at once and later', async (t) => {
  const [a, b] = pair();
  const sent = packets(a, 10);
  for (const packet of sent) t.ok(isTaken(b, packet));
  for (const packet of sent) t.equal(b.decrypt(packet), null);
  t.equal(b.good, 10);
});

test('lost packets are counted, and come off the count when they are late', async (t) => {
  const [a, b] = pair();
  const sent = packets(a, 18);
  t.ok(isTaken(b, sent[0]!));
  t.ok(isTaken(b, sent[17]!));
  t.same(b.counts, { good: 2, late: 0, lost: 16, resyncs: 0 });
  t.ok(isTaken(b, sent[5]!));
  t.equal(b.decrypt(sent[5]!), null, 'a late packet is taken once');
  t.same(b.counts, { good: 3, late: 1, lost: 15, resyncs: 0 });
  t.ok(isTaken(b, a.encrypt(TEXT)), 'the counter is where it was');
  t.equal(b.counts.lost, 15);
});

test('packets may be 29 behind, across the turn of the lowest byte', async (t) => {
  for (const low of [0x55, 0xf0]) {
    const [a, b] = pair(Buffer.alloc(16, low));
    const taken = packets(a, 128)
      .reverse()
      .map((packet) => isTaken(b, packet));
    t.same(
      taken,
      taken.map((_, i) => i < 30),
      `beginning with ${low}`,
    );
  }
});

test('packets may be 128 ahead', async (t) => {
  const [a, b] = pair();
  t.ok(isTaken(b, packets(a, 128)[127]!));
  t.equal(b.counts.lost, 127);
  t.equal(b.decrypt(packets(a, 129)[128]!), null);
});

test('after more than a whole turn lost, the peer must say where its counter is', async (t) => {
  const [a, b] = pair();
  packets(a, 257);
  for (let i = 0; i < 3; i++) t.equal(b.decrypt(a.encrypt(TEXT)), null);
  t.ok(b.resync(a.sendIv));
  t.ok(isTaken(b, a.encrypt(TEXT)));
  t.same(b.counts, { good: 1, late: 0, lost: 0, resyncs: 1 });
  t.notOk(b.resync(Buffer.alloc(15)));
  t.equal(b.counts.resyncs, 1);
});

test('no packet with one bit changed is taken, and none of them does harm', async (t) => {
  const [a, b] = pair();
  t.ok(isTaken(b, a.encrypt(TEXT)));
  const text = Buffer.from('It was a funky funky town!');
  const packet = Buffer.from(a.encrypt(text));
  for (let bit = 0; bit < packet.length * 8; bit++) {
    packet[bit >> 3]! ^= 1 << (bit & 7);
    if (b.decrypt(packet) !== null) t.fail(`bit ${bit}`);
    packet[bit >> 3]! ^= 1 << (bit & 7);
  }
  t.same(Buffer.from(b.decrypt(packet) ?? []), text);
  t.ok(isTaken(b, a.encrypt(TEXT)));
  t.same(b.counts, { good: 3, late: 0, lost: 0, resyncs: 0 });
});

test('packets that are too short or too long are refused', async (t) => {
  const [a, b] = pair();
  t.equal(b.decrypt(a.encrypt(TEXT).subarray(0, 3)), null);
  t.equal(b.decrypt(Buffer.alloc(4 + 1025, 0x56)), null);
  t.same(Buffer.from(b.decrypt(a.encrypt(Buffer.alloc(0))) ?? [1]), Buffer.alloc(0), 'an empty text is a text');
  t.same(b.decrypt(a.encrypt(Buffer.alloc(1024, 7)))?.length, 1024);
});
