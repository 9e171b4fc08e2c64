import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';

const NOBODY = createStanding();

function frame(value: number): Float32Array {
  return new Float32Array(FRAME_SAMPLES).fill(value);
}

function pair(): [SharedMixLink, SharedMixLink] {
  const [a, b] = [createSharedMix(0), createSharedMix(1)];
  return [new SharedMixLink(a, [b]), new SharedMixLink(b, [a])];
}

test('a part hears exactly what the others said in that tick, and nothing of itself', async (t) => {
  const memories = [1, 2, 3].map((order) => createSharedMix(order));
  const links = memories.map(
    (own) =>
      new SharedMixLink(
        own,
        memories.filter((memory) => memory !== own),
      ),
  );
  for (let tick = 100; tick < 120; tick++) {
    links.forEach((link, part) => {
      link.publish(tick, frame(10 ** part * (tick % 7)), part + 1, NOBODY);
    });
    const heard = links.map((link) => {
      const mix = frame(0);
      return { talkers: link.add(tick, mix), value: mix[500] };
    });
    const value = tick % 7;
    t.same(heard, [
      { talkers: 5, value: 110 * value },
      { talkers: 4, value: 101 * value },
      { talkers: 3, value: 11 * value },
    ]);
  }
});

test('a part that is silent adds nothing', async (t) => {
  const [a, b] = pair();
  a.publish(7, frame(99), 0, NOBODY);
  const mix = frame(3);
  t.equal(b.add(7, mix), 0);
  t.same(mix, frame(3));
});

test('what a late part said last fades once, and what it says next fades in', async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  t.equal(b.add(10, frame(0)), 1);
  const fading = frame(0);
  t.equal(b.add(11, fading), 1, 'the bridge counts as somebody who talks');
  t.ok(fading[0]! > 990 && Math.abs(fading[FRAME_SAMPLES - 1]!) < 1);
  const silent = frame(0);
  t.equal(b.add(12, silent), 0);
  t.same(silent, frame(0));
  a.publish(13, frame(1000), 1, NOBODY);
  const back = frame(0);
  t.equal(b.add(13, back), 1);
  t.ok(back[0]! < 10 && back[FRAME_SAMPLES - 1]! > 990);
});

test('a part that stops as it should is not repeated', async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  b.add(10, frame(0));
  a.publish(11, frame(1000), 0, NOBODY);
  const mix = frame(0);
  t.equal(b.add(11, mix), 0);
  t.same(mix, frame(0));
});

test('old frames are not taken for new ones', async (t) => {
  const [a, b] = pair();
  a.publish(10, frame(1000), 1, NOBODY);
  for (const tick of [9, 11, 14, 18, 2 ** 31 + 10]) t.equal(b.add(tick, frame(0)), 0, `tick ${tick}`);
});
