import * as fc from 'fast-check';
import { test } from 'tap';
import { harmlessJson, harmlessText } from '../../src/lib/harmless-text.ts';

/** C0, DEL, C1, the separators, and the bidirectional controls (UAX #9 section 2). */
const HARMFUL = [
  ...Array.from({ length: 0x20 }, (_, i) => i),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ...[0x2028, 0x2029, 0x061c, 0x200e, 0x200f],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));

test('harmful characters are made visible, and everything else stays', (t) => {
  const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...HARMFUL));
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join('');
      const harmless = harmlessText(text);
      const isVisible = !HARMFUL.some((character) => harmless.includes(character));
      const isHarmful = HARMFUL.some((character) => text.includes(character));
      return isVisible && (isHarmful || harmless === text);
    }),
  );
  t.equal(harmlessText('a\nb\u001b[31m\u202ec\u007f'), 'a\\nb\\u001b[31m\\u202ec\\u007f');
  t.end();
});

test('a line of JSON keeps its meaning', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...HARMFUL))), (value) => {
      const line = harmlessJson(JSON.stringify(value));
      const isVisible = !HARMFUL.some((character) => line.includes(character));
      return isVisible && JSON.stringify(JSON.parse(line)) === JSON.stringify(value);
    }),
  );
  t.end();
});
