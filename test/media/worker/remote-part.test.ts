import fc from 'fast-check';
import { test } from 'tap';
import { createSharedMix, MAX_VOICES, MixRing } from '../../../src/media/link/mix-ring.ts';
import { RemotePart } from '../../../src/media/worker/remote-part.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { Hearing } from '../../../src/mixer/mix/hearing.ts';
import { createStanding } from '../../../src/mixer/source/talker-places.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 3307);
const NOBODY = createStanding();
const LAST = FRAME_SAMPLES - 1;

/** A voice, by its number in hearings; each sample of its frame has this level. */
interface Said {
  readonly voice: number;
  readonly level: number;
}

/** A part that is written in one worker and heard in another, which may be too late to read single voices. */
class LateRing extends MixRing {
  /** How many more voices can be read. */
  left = Infinity;

  override readVoice(tick: number, index: number, into: Float32Array): boolean {
    // What is being written is read, as far as it goes.
    const isThere = super.readVoice(tick, index, into);
    return isThere && this.left-- > 0;
  }
}

function setUp(kernels = new Kernels(undefined)) {
  const memory = createSharedMix(5);
  const writer = new MixRing(memory);
  const ring = new LateRing(memory);
  const part = new RemotePart(ring, kernels);
  const frame = (level: number) => ({ samples: new Float32Array(FRAME_SAMPLES).fill(level) });
  const publish = (tick: number, said: readonly Said[], standing = NOBODY) => {
    const mix = frame(said.reduce((sum, { level }) => sum + level, 0)).samples;
    writer.write(
      tick,
      mix,
      said.length,
      standing,
      said.map(({ voice, level }) => ({ voice, frame: frame(level) })),
    );
  };
  /** Sums into a frame that is not silent, and returns what was added. */
  const added = (add: (mix: ReturnType<typeof kernels.frames.take>) => number) => {
    const mix = kernels.frames.take();
    mix.samples.fill(16);
    const count = add(mix);
    const samples = mix.samples.map((sample) => sample - 16);
    kernels.frames.release(mix);
    return { count, samples, start: samples[0]!, end: samples[LAST]! };
  };
  const tick = (at: number) => added((mix) => part.add(at, mix));
  const heard = (hearing: Hearing) => added((mix) => part.addFor(hearing, mix));
  return { part, ring, publish, tick, heard, kernels };
}

/** Gains that move over this frame. */
function hearingOf(from: ReadonlyMap<number, number>, to = from): Hearing {
  const hearing = new Hearing();
  hearing.set(from);
  hearing.endFrame();
  hearing.set(to);
  return hearing;
}

const people = (count: number, from = 1): Said[] =>
  Array.from({ length: count }, (_, i) => ({ voice: from + i, level: 1 + ((from + i) % 5) }));

const near = (a: number, b: number) => Math.abs(a - b) < 0.3;
const levelOf = (said: readonly Said[], gainOf = (_voice: number) => 1) =>
  said.reduce((sum, { voice, level }) => sum + gainOf(voice) * level, 0);

const gains = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom(0, 0.5, 1, 2)), {
    selector: ([voice]) => voice,
    maxLength: 10,
  })
  .map((entries) => new Map(entries));
const talkers = fc
  .tuple(fc.constantFrom(0, 1, 2, 15, 16, 17, 20), fc.constantFrom(1, 2, 12))
  .map(([count, from]) => people(count, from));

test('each voice of the tick has its gain at both ends of the frame, and one that begins has its last gain at once', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(talkers, talkers, gains, gains, (before, now, from, to) => {
      const { part, publish, tick, heard } = setUp();
      const hearing = hearingOf(from, to);
      publish(99, before);
      tick(99);
      publish(100, now);
      const all = tick(100);
      const mine = heard(hearing);

      const hasFrame = (said: readonly Said[], voice: number) =>
        said.slice(0, MAX_VOICES).some((one) => one.voice === voice);
      const gainOf = (voice: number) => (hasFrame(now, voice) ? hearing.gainOf(voice) : undefined);
      const atEnd = (voice: number) => gainOf(voice)?.to ?? 1;
      const atStart = (voice: number) => (hasFrame(before, voice) ? (gainOf(voice)?.from ?? 1) : atEnd(voice));
      const audible = now.filter(({ voice }) => atEnd(voice) > 0);
      const goOn = now.filter(({ voice }) => !hasFrame(now, voice) || (hasFrame(before, voice) && atStart(voice) > 0));
      const isTouched = now.some(({ voice }) => gainOf(voice) !== undefined);
      const isCertain = isTouched || now.length === 0;
      const expected = goOn.length > 0 ? 'more' : audible.length > 0 ? 'beginnings' : 'nothing';
      return (
        all.count === now.length &&
        near(all.start, levelOf(now)) &&
        near(all.end, levelOf(now)) &&
        mine.count === audible.length &&
        near(mine.start, levelOf(now, atStart)) &&
        near(mine.end, levelOf(now, atEnd)) &&
        part.touches(hearing) === isTouched &&
        // Without gains for any of them, it need not be found out.
        part.heardBy(hearing) === (isCertain ? expected : 'more')
      );
    }),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

test('when the part is late its last frame fades once, but not for those who have a gain for a voice in it', (t) => {
  for (const count of [1, 16, 17]) {
    const { part, publish, tick, heard } = setUp();
    const said = people(count);
    const touched = hearingOf(new Map([[count > MAX_VOICES ? 3 : count, 0.5]]));
    const others = hearingOf(
      new Map([
        [17, 0],
        [18, 0],
      ]),
    );
    publish(10, said);
    tick(10);
    const bridge = tick(11);
    t.equal(bridge.count, 1);
    t.ok(near(bridge.start, levelOf(said)) && near(bridge.end, 0), `${count}: ${bridge.start} to ${bridge.end}`);
    t.same([part.touches(touched), part.touches(others)], [true, false]);
    t.same([part.heardBy(touched), part.heardBy(others)], ['nothing', 'more']);
    t.match(heard(touched), { count: 0, start: 0, end: 0 });
    t.match(heard(others), { count: 1, start: bridge.start, end: bridge.end });
    const after = tick(12);
    t.match(after, { count: 0, start: 0, end: 0 });
    t.same([part.heardBy(touched), part.heardBy(others)], ['nothing', 'nothing']);
    t.match(heard(others), { count: 0, start: 0 });
  }
  t.end();
});

test('a part that comes back fades in, every voice to its gain', (t) => {
  for (const count of [1, 16, 17]) {
    for (const pause of [1, 2, 5]) {
      const { part, publish, tick, heard } = setUp();
      const said = people(count);
      const gain = 0.5;
      const hearing = hearingOf(
        new Map([
          [1, 0],
          [2, gain],
        ]),
      );
      const gainOf = (voice: number) => (voice === 1 ? 0 : voice === 2 ? gain : 1);
      publish(10, said);
      tick(10);
      for (let i = 1; i <= pause; i++) tick(10 + i);
      const at = 11 + pause;
      publish(at, said);
      const back = tick(at);
      t.ok(near(back.start, 0) && near(back.end, levelOf(said)), `${count} after ${pause}`);
      const mine = heard(hearing);
      t.ok(near(mine.start, 0) && near(mine.end, levelOf(said, gainOf)), `${count} after ${pause}: ${mine.end}`);
      t.equal(mine.count, count - 1);
      publish(at + 1, said);
      t.ok(near(tick(at + 1).start, levelOf(said)), 'after that it is as loud as ever');
      t.ok(near(heard(hearing).start, levelOf(said, gainOf)));
      t.equal(part.heardBy(hearing), count > 1 ? 'more' : 'nothing');
    }
  }
  t.end();
});

test('the frame that fades out continues where the last one ended', (t) => {
  const kernels = new Kernels(undefined);
  const memory = createSharedMix(1);
  const rising = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => i);
  new MixRing(memory).write(10, rising, 1, NOBODY, []);
  const part = new RemotePart(new MixRing(memory), kernels);
  part.add(10, kernels.frames.take());
  const mix = kernels.frames.take();
  part.add(11, mix);
  t.ok(Math.abs(mix.samples[0]! - LAST) < 2, `${mix.samples[0]}`);
  t.end();
});

test('a part is silent after silence, whether it is late or not', (t) => {
  const { part, publish, tick, heard } = setUp();
  const hearing = hearingOf(new Map([[1, 0.5]]));
  for (const at of [1, 2, 3, 5, 6]) {
    if (at < 5) publish(at, []);
    t.match(tick(at), { count: 0, start: 0, end: 0 });
    t.match(heard(hearing), { count: 0, start: 0, end: 0 });
    t.equal(part.heardBy(hearing), 'nothing');
    t.equal(part.touches(hearing), false);
  }
  t.end();
});

test('a voice that was turned off is never heard, even if single voices can no longer be read', (t) => {
  for (const count of [2, 16, 17, 20]) {
    const said = people(count);
    for (let readable = 0; readable < MAX_VOICES; readable++) {
      const { ring, publish, tick, heard } = setUp();
      publish(10, said);
      tick(10);
      publish(11, said);
      tick(11);
      ring.left = readable;
      const { samples, count: audible } = heard(hearingOf(new Map(said.map(({ voice }) => [voice, 0]))));
      const isComplete = readable >= Math.min(count, MAX_VOICES);
      const extra = isComplete ? levelOf(said.slice(MAX_VOICES)) : 0;
      t.ok(
        samples.every((sample) => near(sample, extra)),
        `${readable} of ${count}`,
      );
      t.equal(audible, isComplete ? Math.max(0, count - MAX_VOICES) : 0);
    }
  }
  t.end();
});

test('while every voice has its own frame nothing of a silenced one is left, whatever it is and however often it is read', (t) => {
  const { publish, tick, heard } = setUp();
  publish(10, [
    { voice: 1, level: Number.POSITIVE_INFINITY },
    { voice: 2, level: 3 },
  ]);
  tick(10);
  for (let time = 0; time < 2; time++) t.match(heard(hearingOf(new Map([[1, 0]]))), { count: 1, start: 3, end: 3 });
  t.end();
});

test('a voice of earlier ticks that was not in the last one begins', (t) => {
  const { publish, tick, heard } = setUp();
  const numbers = [[1], [5, 2], [6], [7], [2]];
  for (const [i, voices] of numbers.entries()) {
    publish(
      10 + i,
      voices.map((voice) => ({ voice, level: 8 })),
    );
    tick(10 + i);
  }
  t.match(heard(hearingOf(new Map(), new Map([[2, 0.5]]))), { count: 1, start: 4, end: 4 });
  t.end();
});

test("the talkers' standing is the last known one for 200 ms, then they lose their places until the part is back", (t) => {
  const { part, publish } = setUp();
  const standing = createStanding();
  standing.places = 3;
  standing.claims[4] = 2;
  const of = (tick: number) => {
    const { places, claims } = part.standing(tick);
    return { places, claims: claims.reduce((sum, claim) => sum + claim, 0), rank: claims[4] };
  };
  const taken = { places: 3, claims: 2, rank: 2 };
  const none = { places: 0, claims: 0, rank: 0 };
  t.same(of(9), none, 'nothing is known yet');
  publish(10, people(1), standing);
  t.same(of(10), taken);
  for (let tick = 11; tick < 20; tick++) t.same(of(tick), taken);
  for (let tick = 20; tick < 35; tick++) t.same(of(tick), none);
  publish(35, people(1), standing);
  t.same(of(35), taken);
  for (let tick = 36; tick < 45; tick++) t.same(of(tick), taken, 'the count starts over');
  t.same(of(45), none);
  t.end();
});

test('it gives its frames back', (t) => {
  const { part, kernels } = setUp();
  const before = kernels.frames.taken;
  part.close();
  t.equal(kernels.frames.taken, before - 2);
  t.end();
});
