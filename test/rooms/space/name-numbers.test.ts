import fc from 'fast-check';
import { test } from 'tap';
import { MAX_LAYERS } from '../../../src/protocol/space.ts';
import { NameNumbers } from '../../../src/rooms/space/name-numbers.ts';

const SEED = Number(process.env['SEED'] ?? 4140);
const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
const bitsOf = (value: number) =>
  Array.from({ length: 32 }, (_, bit) => (value >>> bit) & 1).filter((bit) => bit === 1).length;

test('every layer has a bit of its own, which it keeps, and those without a layer share another', (t) => {
  const numbers = new NameNumbers();
  const bits = names(MAX_LAYERS).map((name) => numbers.layers([name]));
  t.equal(new Set(bits).size, MAX_LAYERS);
  t.ok(bits.every((value) => bitsOf(value) === 1));
  const none = numbers.layers([]);
  t.ok(bitsOf(none) === 1 && !bits.includes(none));
  t.strictSame(
    names(MAX_LAYERS).map((name) => numbers.layers([name])),
    bits,
  );
  t.equal(numbers.layers(['3', '5']), bits[3]! | bits[5]!);
  t.end();
});

test('however layers come and go, those in use have different bits, and those that stay keep theirs', (t) => {
  t.comment(`SEED=${SEED}`);
  const used = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: MAX_LAYERS });
  fc.assert(
    fc.property(fc.array(used, { maxLength: 20 }), (matches) => {
      const numbers = new NameNumbers();
      let before = new Map<number, number>();
      for (const match of matches) {
        numbers.keepLayers(new Set(match.map(String)));
        const now = new Map(match.map((name) => [name, numbers.layers([`${name}`])]));
        if (new Set([...now.values(), numbers.layers([])]).size !== match.length + 1) return false;
        for (const [name, bit] of now) if (bitsOf(bit) !== 1 || (before.get(name) ?? bit) !== bit) return false;
        before = now;
      }
      return true;
    }),
    { seed: SEED },
  );
  t.end();
});

test('outdoors is 0, and each enclosure has a number from 1 on that fits its field', (t) => {
  const numbers = new NameNumbers();
  t.equal(numbers.enclosure(null), 0);
  const all = names(70_000).map((name) => numbers.enclosure(name));
  t.strictSame(all.slice(0, 3), [1, 2, 3]);
  t.equal(new Set(all).size, 60_000);
  t.equal(numbers.enclosure('1'), 2);
  t.equal(numbers.enclosure(null), 0);
  t.end();
});
