import { test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { FRAME_BYTES } from '../../../src/mixer/kernels/frame.ts';
import { Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { loadSimd, supportsSimd } from '../../../src/mixer/kernels/simd.ts';

const ALIGNMENT = 16;

test('no two regions of the memory overlap, and each one is aligned for SIMD', async (t) => {
  const { frames, peaks, gains, integers, integersRight, interleaved } = loadSimd(3)!;
  const taken = Array.from({ length: 3 }, () => frames.take());
  const views = [peaks, gains, integers, integersRight, interleaved, ...taken.map(({ samples }) => samples)];
  const areas = views
    .map(({ byteOffset, byteLength }) => ({ start: byteOffset, end: byteOffset + byteLength }))
    .sort((a, b) => a.start - b.start);
  t.ok(areas.every(({ start }, i) => i === 0 || start >= areas[i - 1]!.end));
  t.ok(areas.every(({ start }) => start % ALIGNMENT === 0));
  t.ok(areas[0]!.start > 0, 'address 0 means that a frame lies elsewhere');
  t.ok(areas.at(-1)!.end <= peaks.buffer.byteLength);
  t.equal(new Set(views.map(({ buffer }) => buffer)).size, 1);
  t.same(
    [peaks, gains, integers, integersRight, interleaved].map(({ length }) => length),
    [PTIME_MS, PTIME_MS + 1, FRAME_SAMPLES, FRAME_SAMPLES, 2 * FRAME_SAMPLES],
  );
});

test('the memory has room for all requested frames and hardly more', async (t) => {
  for (const capacity of [0, 1, 12, 13, 100]) {
    const { frames, peaks } = loadSimd(capacity)!;
    const taken = Array.from({ length: capacity }, () => frames.take());
    t.ok(taken.every(({ address }) => address > 0));
    t.equal(frames.take().address, 0);
    const spare = peaks.buffer.byteLength - capacity * FRAME_BYTES;
    t.ok(spare > 0 && spare < 2 * 65_536, `${spare} bytes beyond ${capacity} frames`);
  }
});

test('by default a worker has memory for all possible talkers', async (t) => {
  const { peaks } = loadSimd()!;
  const megabytes = peaks.buffer.byteLength / 2 ** 20;
  t.ok(megabytes > 14 && megabytes < 16, `${megabytes} MB`);
});

test('frames in the memory do not overlap', async (t) => {
  const capacity = 100;
  const { frames } = loadSimd(capacity)!;
  const taken = Array.from({ length: capacity }, () => frames.take());
  for (const [n, frame] of taken.entries()) frame.samples.fill(n);
  t.ok(taken.every((frame, n) => frame.address >= 16_384 && frame.samples.every((sample) => sample === n)));
  t.equal(new Set(taken.map(({ samples }) => samples.buffer)).size, 1);
  t.equal(frames.taken, capacity);
  t.equal(frames.take().address, 0);
});

test('without SIMD, or without memory for it, nothing is loaded and TypeScript does the work', async (t) => {
  t.ok(supportsSimd() && loadSimd() !== undefined);
  const { validate, Memory } = WebAssembly;
  try {
    WebAssembly.validate = () => false;
    t.notOk(supportsSimd());
    t.equal(loadSimd(), undefined);
    WebAssembly.validate = validate;
    Object.assign(WebAssembly, {
      Memory: class {
        constructor() {
          throw new RangeError('could not allocate memory');
        }
      },
    });
    t.equal(loadSimd(), undefined);
    t.notOk(new Kernels(loadSimd()).hasSimd);
  } finally {
    Object.assign(WebAssembly, { validate, Memory });
  }
});
