import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { Kernels, threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { loadSimd } from '../../../src/mixer/kernels/simd.ts';
import { Hearing } from '../../../src/mixer/mix/hearing.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';

const NOBODY = createStanding();

function frame(value: number): Float32Array {
  return new Float32Array(FRAME_SAMPLES).fill(value);
}

/** The sum that is added to. */
function sum(value: number): Frame {
  const taken = threadKernels().frames.take();
  taken.samples.fill(value);
  return taken;
}

function pair(kernels = threadKernels()): [SharedMixLink, SharedMixLink] {
  const [a, b] = [createSharedMix(0), createSharedMix(1)];
  return [new SharedMixLink(a, [b], kernels), new SharedMixLink(b, [a], kernels)];
}

test('a part hears exactly what the others said in that tick, and nothing of itself', async (t) => {
  const memories = [1, 2, 3].map((order) => createSharedMix(order));
  const links = memories.map(
    (own) =>
      new SharedMixLink(
        own,
        memories.filter((memory) => memory !== own),
        threadKernels(),
      ),
  );
  for (let tick = 100; tick < 120; tick++) {
    links.forEach((link, part) => {
      link.publish(tick, frame(10 ** part * (tick % 7)), part + 1, NOBODY);
    });
    const heard = links.map((link) => {
      const mix = sum(0);
      return { talkers: link.add(tick, mix), value: mix.samples[500] };
    });
    const value = tick % 7;
    t.same(heard, [
      { talkers: 5, value: 110 * value },
      { talkers: 4, value: 101 * value },
      { talkers: 3, value: 11 * value },
    ]);
  }
});

test('a silent part adds nothing', async (t) => {
  const [a, b] = pair();
  a.publish(7, frame(99), 0, NOBODY);
  const mix = sum(3);
  t.equal(b.add(7, mix), 0);
  t.same(mix.samples, frame(3));
});

test("a late part's last frame fades out once, and its next frame fades in", async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  t.equal(b.add(10, sum(0)), 1);
  const fading = sum(0);
  t.equal(b.add(11, fading), 1, 'the bridge counts as a talker');
  t.ok(fading.samples[0]! > 990 && Math.abs(fading.samples[FRAME_SAMPLES - 1]!) < 1);
  const silent = sum(0);
  t.equal(b.add(12, silent), 0);
  t.same(silent.samples, frame(0));
  a.publish(13, frame(1000), 1, NOBODY);
  const back = sum(0);
  t.equal(b.add(13, back), 1);
  t.ok(back.samples[0]! < 10 && back.samples[FRAME_SAMPLES - 1]! > 990);
});

test('a part that stops properly is not repeated', async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  b.add(10, sum(0));
  a.publish(11, frame(1000), 0, NOBODY);
  const mix = sum(0);
  t.equal(b.add(11, mix), 0);
  t.same(mix.samples, frame(0));
});

test('a part that is gone is heard once more, and counts as a talker', async (t) => {
  const [own, other] = [createSharedMix(0), createSharedMix(1)];
  const link = new SharedMixLink(own, [other], threadKernels());
  new SharedMixLink(other, [own], threadKernels()).publish(10, frame(1000), 1, NOBODY);
  link.add(10, sum(0));
  link.setOthers([]);
  const fading = sum(0);
  t.equal(link.add(11, fading), 1);
  t.ok(fading.samples[0]! > 990 && Math.abs(fading.samples[FRAME_SAMPLES - 1]!) < 1);
  t.equal(link.add(12, sum(0)), 0);
  t.ok(link.alone);
});

test('old frames are not mistaken for new ones', async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  for (const tick of [9, 11, 14, 18, 2 ** 31 + 10]) t.equal(b.add(tick, sum(0)), 0, `tick ${tick}`);
});

test('the SIMD kernels add the same as TypeScript, also in bridges and when a part comes back', async (t) => {
  const [simd, plain] = [new Kernels(loadSimd()), new Kernels(undefined)];
  const heard = [simd, plain].map((kernels) => {
    const [a, b] = pair(kernels);
    const said = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => 9000 * Math.sin(i / 7));
    return [1, 2, 3, 4, 5].map((tick) => {
      if (tick !== 3) a.publish(tick, said, 1, NOBODY);
      const mix = kernels.frames.take();
      mix.samples.fill(100);
      b.add(tick, mix);
      return mix.samples.slice();
    });
  });
  t.same(heard[0], heard[1]);
});

test('the frames of a part are given back when it has ended, and when the link is closed', async (t) => {
  const kernels = new Kernels(undefined);
  const memories = [1, 2, 3].map((order) => createSharedMix(order));
  const [own, first, second] = memories as [SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer];
  const link = new SharedMixLink(own, [first, second], kernels);
  t.equal(kernels.frames.taken, 4);
  link.setOthers([first]);
  link.setOthers([first]);
  t.equal(kernels.frames.taken, 4, "the part's last frame may have to fade out");
  link.add(1, sum(0));
  t.equal(kernels.frames.taken, 2);
  link.close();
  link.close();
  t.equal(kernels.frames.taken, 0);
});

test('a listener hears the most that any part gives them, with their gains, until parts that are gone have faded', async (t) => {
  const memories = [0, 1, 2].map((order) => createSharedMix(order)) as [
    SharedArrayBuffer,
    SharedArrayBuffer,
    SharedArrayBuffer,
  ];
  const [own, first, second] = memories;
  const link = new SharedMixLink(own, [first, second], threadKernels());
  const others = [new SharedMixLink(first, [own], threadKernels()), new SharedMixLink(second, [own], threadKernels())];
  const say = (tick: number, levels: readonly number[]) => {
    for (const [i, level] of levels.entries()) {
      const voices = level > 0 ? [{ voice: 10 + i, frame: { samples: frame(level) } }] : [];
      others[i]!.publish(tick, frame(level), voices.length, NOBODY, voices as never);
    }
    link.targeted(tick);
    link.add(tick, sum(0));
  };
  const gains = (...pairs: (readonly [number, number])[]) => new Hearing(new Map(pairs));
  const addedFor = (hearing: Hearing) => {
    const mix = sum(0);
    const voices = link.addFor(hearing, mix);
    return [voices, Math.round(mix.samples[FRAME_SAMPLES - 1]!)];
  };
  for (const order of [0, 1]) {
    const swap = (levels: readonly number[]) => (order === 0 ? levels : levels.toReversed());
    const [a, b] = swap([10, 11]) as [number, number];
    const from = 100 + 100 * order;
    for (let tick = from; tick < from + 3; tick++) say(tick, swap([100, 0]));
    say(from + 3, swap([100, 50]));
    t.equal(link.heardBy(gains()), 'more');
    t.equal(link.heardBy(gains([a, 0], [b, 2])), 'beginnings', 'the other one begins');
    t.equal(link.heardBy(gains([a, 0], [b, 0])), 'nothing');
    t.equal(link.heardBy(gains([b, 0])), 'more');
    t.ok(link.touches(gains([a, 0])) && link.touches(gains([b, 2])));
    t.notOk(link.touches(gains([99, 2])) || link.touches(gains()));
    t.same(addedFor(gains([a, 0.5], [b, 2])), [2, 150]);
    t.notOk(link.alone);
  }
  say(300, [100, 50]);
  say(301, [100, 50]);
  link.setOthers([second]);
  t.notOk(link.alone);
  say(302, [100, 50]);
  t.equal(link.heardBy(gains([11, 0])), 'more', 'a part that is gone still sounds');
  t.ok(link.touches(gains([10, 0.5])));
  t.same(addedFor(gains([10, 0.5])), [2, 100], 'a part that is gone as well');
  link.setOthers([]);
  t.notOk(link.alone, 'while they fade');
  for (let tick = 303; tick < 310; tick++) say(tick, [0, 0]);
  t.ok(link.alone);
  t.equal(link.heardBy(gains()), 'nothing');
  for (const one of [link, ...others]) one.close();
});

test('all parts see the standings in the same order, with their own among them', async (t) => {
  const memories = [3, 7, 5].map((order) => createSharedMix(order));
  const links = memories.map(
    (own) =>
      new SharedMixLink(
        own,
        memories.filter((memory) => memory !== own),
        threadKernels(),
      ),
  );
  const standings = [30, 70, 50].map((places) => ({ ...createStanding(), places }));
  for (const [i, link] of links.entries()) link.publish(9, frame(0), 0, standings[i]!);
  t.same(
    links.map(({ position }) => position),
    [0, 2, 1],
  );
  for (const [i, link] of links.entries()) {
    t.same(
      link.standings(9, standings[i]!).map(({ places }) => places),
      [30, 50, 70],
    );
  }
  for (const link of links) link.close();
});
