import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { FRAME_BYTES, type Frame, FramePool } from '../../../src/mixer/kernels/frame.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1209);
const START = 128;

/** A pool in a memory with room for exactly this many frames. */
const poolOf = (capacity: number) => new FramePool(new ArrayBuffer(START + capacity * FRAME_BYTES), START, capacity);

test('for any order of takes and releases no frame is shared, and the memory fills up before any frame lies outside', async (t) => {
  t.comment(`SEED=${SEED}`);
  const steps = fc.array(fc.record({ take: fc.boolean(), which: fc.nat() }), { maxLength: 80 });
  fc.assert(
    fc.property(fc.nat(6), steps, (capacity, actions) => {
      const pool = poolOf(capacity);
      const held: Frame[] = [];
      for (const { take, which } of actions) {
        if (take) held.push(pool.take());
        else if (held.length > 0) pool.release(held.splice(which % held.length, 1)[0]!);
        const inside = held.filter(({ address }) => address > 0);
        const apart = new Set(held).size === held.length && new Set(inside.map(({ address }) => address)).size;
        if (apart !== inside.length || pool.taken !== held.length) return false;
        // Frames outside were there when the memory was full. No new ones go there while it is not.
        if (take && held.at(-1)!.address === 0 && inside.length < capacity) return false;
        for (const { address, samples } of held) {
          if (samples.length !== FRAME_SAMPLES) return false;
          if (address > 0 && (samples.byteOffset !== address || (address - START) % FRAME_BYTES !== 0)) return false;
        }
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
});

test('the first frame lies at the start of the memory, and each one right after the last', async (t) => {
  const pool = poolOf(3);
  t.same(
    Array.from({ length: 4 }, () => pool.take().address),
    [START, START + FRAME_BYTES, START + 2 * FRAME_BYTES, 0],
  );
});

test('without a memory all frames lie outside', async (t) => {
  const pool = new FramePool();
  const [first, second] = [pool.take(), pool.take()];
  t.same([first.address, second.address, pool.taken], [0, 0, 2]);
  t.not(first.samples.buffer, second.samples.buffer);
  pool.release(first);
  t.equal(pool.take(), first, 'and are reused');
});

test('a bounded number of outside frames is kept for reuse, and all those inside the memory', async (t) => {
  for (const [capacity, kept] of [
    [0, 64],
    [200, 200],
  ] as const) {
    const pool = poolOf(capacity);
    const frames = Array.from({ length: 200 }, () => pool.take());
    for (const frame of frames) pool.release(frame);
    t.equal(pool.taken, 0);
    const again = new Set(Array.from({ length: 200 }, () => pool.take()));
    t.equal(frames.filter((frame) => again.has(frame)).length, kept);
  }
});
