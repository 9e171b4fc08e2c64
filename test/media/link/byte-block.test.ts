import { test } from 'tap';
import { ByteBlock } from '../../../src/media/link/byte-block.ts';

test('a block grows as records are added, up to its limit', (t) => {
  const block = new ByteBlock(200_000);
  t.ok(block.isEmpty);
  t.equal(block.reserve(64 * 1024), 0);
  block.bytes[5] = 77;
  t.equal(block.reserve(100_000), 64 * 1024, 'one after the other');
  t.equal(block.bytes[5], 77, 'what was there stays');
  block.view.setUint8(64 * 1024 + 99_999, 88);
  t.equal(block.reserve(200_000 - 64 * 1024 - 100_000 + 1), -1, 'one byte too many');
  t.equal(block.reserve(200_000 - 64 * 1024 - 100_000), 64 * 1024 + 100_000);
  t.notOk(block.isEmpty);
  const taken = block.take()!;
  t.same([taken.length, taken.buffer.byteLength, taken[5], taken[64 * 1024 + 99_999]], [200_000, 200_000, 77, 88]);
  t.ok(block.isEmpty);
  t.equal(block.take(), null);
  t.equal(block.reserve(10), 0);
  block.bytes[5] = 1;
  t.equal(taken[5], 77, 'memory of its own');
  t.end();
});
