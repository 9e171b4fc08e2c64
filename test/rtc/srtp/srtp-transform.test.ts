import * as fc from 'fast-check';
import { test } from 'tap';
import { applyKeystream, blocksFor, tagByte } from '../../../src/rtc/srtp/srtp-transform.ts';

test('the keystream is applied between start and end only, and applying it twice undoes it', (t) => {
  const bytes = fc.uint8Array({ minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(bytes, bytes, fc.nat(30), fc.nat(30), fc.nat(30), (packet, keystream, start, length, at) => {
      const changed = Uint8Array.from(packet);
      applyKeystream(changed, start, start + length, keystream, at);
      const isRight = changed.every((byte, i) => {
        const isInside = i >= start && i < start + length;
        return byte === (isInside ? packet[i]! ^ keystream[at + i - start]! : packet[i]);
      });
      applyKeystream(changed, start, start + length, keystream, at);
      return isRight && Buffer.from(changed).equals(packet);
    }),
  );
  t.end();
});

test('a payload uses as few blocks as will hold it', (t) => {
  for (let length = 0; length < 100; length++) {
    t.ok(blocksFor(length) * 16 >= length);
    t.ok((blocksFor(length) - 1) * 16 < length);
  }
  t.end();
});

test('the bytes of a tag are its words in network byte order', (t) => {
  const tag = Buffer.from(Array.from({ length: 20 }, (_, i) => (i * 37 + 128) & 0xff));
  const words = Int32Array.from({ length: 5 }, (_, i) => tag.readInt32BE(4 * i));
  t.same(
    Array.from(tag, (_, i) => tagByte(words, i)),
    [...tag],
  );
  t.end();
});
