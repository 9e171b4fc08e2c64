import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import type { Frame } from '../../../src/mixer/kernels/frame.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { Ducking } from '../../../src/mixer/mix/ducking.ts';
import { Ears, type SpaceListener } from '../../../src/mixer/mix/ears.ts';
import { Hearing, type VoiceGain } from '../../../src/mixer/mix/hearing.ts';
import type { SpaceVoice } from '../../../src/mixer/mix/space-voice.ts';
import { isInEarshot, pairGains } from '../../../src/mixer/space/pair.ts';
import { DEFAULT_SPACE, type SpaceSettings } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng, type Prng } from '../../helpers/prng.ts';
import { World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 4131);
const kernels = threadKernels();
/** One pole of 40 ms. */
const STEP = 1 - Math.exp(-20 / 40);
const HOLD_TICKS = 15;
/** The muffled copy of a voice has another level than the voice, so that one can tell how much there is of each. */
const MUFFLED = 0.25;

type Voice = {
  -readonly [K in 'voice' | 'slot' | 'power' | 'soundedBefore' | 'channels' | 'channelsBefore']: SpaceVoice[K];
} & {
  frame: Frame | undefined;
  readonly muffled: Frame;
  readonly level: number;
};

/** A voice whose frame has the same value everywhere, of the body in this slot. */
function voiceAt(slot: number, level: number): Voice & SpaceVoice {
  const [frame, muffled] = [kernels.frames.take(), kernels.frames.take()];
  frame.samples.fill(level);
  muffled.samples.fill(MUFFLED * level);
  const voice: Voice = {
    voice: 100 + slot,
    slot,
    power: 1,
    soundedBefore: true,
    level,
    frame,
    muffled,
    channels: ChannelSet.NONE,
    channelsBefore: ChannelSet.NONE,
  };
  return voice as Voice & SpaceVoice;
}

/** A listener and voices in a world; listener 0 is at its centre. */
class Scene {
  readonly world = new World();
  readonly ears = new Ears(0);
  readonly voices: (Voice & SpaceVoice)[] = [];
  settings: SpaceSettings = { ...DEFAULT_SPACE, voices: 32 };
  rangeFactor = 1;
  /** Those that sound in space. */
  sounding: (Voice & SpaceVoice)[] = [];

  constructor() {
    this.world.put(0, {});
  }

  add(at: readonly [number, number, number], level = 100): Voice & SpaceVoice {
    const voice = voiceAt(this.voices.length + 1, level);
    this.world.put(voice.slot, { at, range: 50 });
    this.voices.push(voice);
    this.sounding.push(voice);
    return voice;
  }

  listen(ticks = 1): void {
    for (let i = 0; i < ticks; i++) {
      const { settings, rangeFactor, sounding } = this;
      this.ears.listen({ bodies: this.world.read(), settings, rangeFactor, voices: sounding });
    }
  }

  heard(): number[] {
    const heard: number[] = [];
    this.ears.forEachVoice((voice) => heard.push(voice - 100));
    return heard.sort((a, b) => a - b);
  }

  close(): void {
    for (const { frame, muffled } of this.voices) {
      if (frame !== undefined) kernels.frames.release(frame);
      kernels.frames.release(muffled);
    }
  }
}

const listenerWith = (more: Partial<SpaceListener> = {}): SpaceListener => ({
  hearing: new Hearing(),
  fadesIn: false,
  heard: ChannelSet.NONE,
  ducking: new Ducking(),
  ...more,
});

/** The first and last samples of both sides, and of the mono mix; and what the voices count. */
function mixOf({ ears }: Scene, listener = listenerWith()) {
  const frames = [0, 1, 2].map(() => kernels.frames.take()) as [Frame, Frame, Frame];
  for (const { samples } of frames) samples.fill(0);
  const [left, right, mono] = frames;
  const load = ears.addTo(left, right, listener, kernels);
  const monoLoad = ears.addMonoTo(mono, listener, kernels);
  const ends = frames.map(({ samples }) => [samples[0]!, samples[FRAME_SAMPLES - 1]!] as const);
  for (const frame of frames) kernels.frames.release(frame);
  return { left: ends[0]!, right: ends[1]!, mono: ends[2]!, load, monoLoad };
}

interface ReferencePath {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly jumps: number;
}

/** The gains of all paths after the next tick, slowly: low and high of the left ear, then of the right. */
function nextPaths(scene: Scene, before: ReadonlyMap<Voice, ReferencePath>, jumpsOf: (voice: Voice) => number) {
  const after = new Map<Voice, ReferencePath>();
  for (const voice of scene.voices) {
    const target = new Float32Array(4);
    const isAudible =
      scene.sounding.includes(voice) &&
      pairGains(scene.world.read(), voice.slot, 0, scene.settings, scene.rangeFactor, target) > 0;
    const path = before.get(voice);
    const jumps = jumpsOf(voice);
    if (!isAudible) {
      const isEnding = voice.frame !== undefined && path !== undefined && (path.to[0]! > 0 || path.to[2]! > 0);
      if (isEnding) after.set(voice, { from: path.to, to: [0, 0, 0, 0], jumps: path.jumps });
    } else if (path === undefined) {
      const from = voice.soundedBefore ? [0, 0, 0, 0] : [...target];
      after.set(voice, { from, to: [...target], jumps });
    } else {
      const step = path.jumps === jumps ? STEP : 1;
      const to = path.to.map((gain, i) => {
        const next = gain + (target[i]! - gain) * step;
        return Math.abs(next - target[i]!) < 1e-4 ? target[i]! : next;
      });
      after.set(voice, { from: path.to, to, jumps });
    }
  }
  return after;
}

const anywhere = (prng: Prng): [number, number, number] => [16 * prng() - 8, prng(), 16 * prng() - 8];
/** The gains have moved a little at the first sample. */
const isNear = (one: number, other: number, scale: number) => Math.abs(one - other) < 2e-3 * scale + 1e-3;

test('for any moves, jumps, pauses, gains and ranges, each side has what the slow reference has, and mono its mean', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (salt, size) => {
      const prng = createPrng(salt);
      const scene = new Scene();
      const jumps = new Map<number, number>();
      for (let i = 0; i < size; i++) scene.add(anywhere(prng), 10 + 90 * prng());
      let paths: ReadonlyMap<Voice, ReferencePath> = new Map();
      for (let tick = 0; tick < 60; tick++) {
        for (const voice of scene.voices) {
          const wasPresent = voice.frame !== undefined;
          if (prng() < 0.15) {
            const isPresent = prng() < 0.7;
            if (wasPresent && !isPresent) kernels.frames.release(voice.frame!);
            if (!wasPresent && isPresent) {
              voice.frame = kernels.frames.take();
              voice.frame.samples.fill(voice.level);
            }
            if (!isPresent) voice.frame = undefined;
          }
          voice.soundedBefore = wasPresent;
          if (prng() < 0.1) {
            if (prng() < 0.3) jumps.set(voice.slot, (jumps.get(voice.slot) ?? 0) + 1);
            scene.world.put(voice.slot, {
              at: anywhere(prng),
              range: prng() < 0.2 ? 2 : 20,
              jumps: jumps.get(voice.slot) ?? 0,
            });
          }
        }
        if (prng() < 0.05) {
          jumps.set(0, (jumps.get(0) ?? 0) + 1);
          scene.world.put(0, { at: anywhere(prng), yaw: 360 * prng(), jumps: jumps.get(0)! });
        }
        if (prng() < 0.05) scene.rangeFactor = prng() < 0.5 ? 1 : 0.3;
        scene.sounding = scene.voices.filter(({ frame }) => frame !== undefined && prng() < 0.95);
        paths = nextPaths(scene, paths, ({ slot }) => (jumps.get(slot) ?? 0) + (jumps.get(0) ?? 0));
        scene.listen();
        const gain = prng() < 0.5 ? 1 : 0.5;
        const chosenOne = scene.voices[0]!;
        const hearing = new Hearing(new Map(gain === 1 ? [] : [[chosenOne.voice, gain]]));
        const mix = mixOf(scene, listenerWith({ hearing }));
        const sum = { left: [0, 0], right: [0, 0], load: 0 };
        for (const [voice, { from, to }] of paths) {
          const own = voice === chosenOne ? gain : 1;
          const at = (gains: readonly number[], side: number) =>
            own * voice.level * (gains[side + 1]! + (gains[side]! - gains[side + 1]!) * MUFFLED);
          for (const [end, gains] of [from, to].entries()) {
            sum.left[end]! += at(gains, 0);
            sum.right[end]! += at(gains, 2);
          }
          sum.load += Math.max(to[0]!, to[2]!) ** 2;
        }
        for (const end of [0, 1] as const) {
          const scale = 100 * size;
          if (!isNear(mix.left[end], sum.left[end]!, scale) || !isNear(mix.right[end], sum.right[end]!, scale))
            throw new Error(`tick ${tick}: ${mix.left} and ${mix.right}, not ${sum.left} and ${sum.right}`);
          if (!isNear(mix.mono[end], (mix.left[end] + mix.right[end]) / 2, 1)) throw new Error('mono');
        }
        if (!isNear(mix.load, sum.load, 1) || !isNear(mix.monoLoad, sum.load, 1)) throw new Error('load');
        if (scene.ears.isSilent !== (paths.size === 0)) throw new Error('silence');
        for (const voice of scene.voices) {
          const path = paths.get(voice);
          const isChosen = scene.heard().includes(voice.slot);
          const isSounding = path?.to.some((one) => one > 0) ?? false;
          if (isChosen !== isSounding || scene.ears.hears(voice.voice) !== isChosen) throw new Error('who is heard');
          const nearness = scene.ears.nearnessOf(voice.voice);
          if ((nearness === undefined) !== (path === undefined)) throw new Error('nearness of somebody else');
          if (path === undefined || nearness === undefined) continue;
          const [from, to] = [path.from, path.to].map((gains) => Math.min(1, Math.max(gains[0]!, gains[2]!)));
          if (!isNear(nearness.from, from!, 1) || !isNear(nearness.to, to!, 1)) throw new Error('nearness');
        }
      }
      scene.close();
      return true;
    }),
    { seed: SEED, numRuns: cases(25) },
  );
  t.end();
});

test('a gain has reached its target when it is within 80 dB of it', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), (salt) => {
      const prng = createPrng(salt);
      const scene = new Scene();
      const voice = scene.add(anywhere(prng));
      scene.listen();
      scene.world.put(voice.slot, { at: anywhere(prng), range: 50 });
      // All gains are below 1.5, and this is how long a pole of 40 ms takes from there to 1e-4.
      scene.listen(Math.ceil((40 * Math.log(1.5e4)) / 20));
      const newcomer = new Scene();
      newcomer.ears.listen({
        bodies: scene.world.read(),
        settings: scene.settings,
        rangeFactor: 1,
        voices: scene.sounding,
      });
      const [heard, target] = [mixOf(scene), mixOf(newcomer)];
      scene.close();
      return (['left', 'right', 'mono'] as const).every((side) => heard[side][1] === target[side][1]);
    }),
    { seed: SEED, numRuns: cases(50) },
  );
  t.end();
});

test('the loudest voices are heard, the nearest before others, in any order', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (salt, most) => {
      const prng = createPrng(salt);
      const scene = new Scene();
      scene.settings = { ...DEFAULT_SPACE, voices: most };
      for (let i = 0; i < 12; i++) scene.add(anywhere(prng)).power = 0.3 + 3 * prng();
      scene.listen();
      const strength = ({ slot, power }: Voice) =>
        power * pairGains(scene.world.read(), slot, 0, scene.settings, 1, new Float32Array(4)) ** 2;
      const expected = [...scene.voices].sort((a, b) => strength(b) - strength(a)).slice(0, most);
      scene.close();
      return (
        scene.heard().join() ===
        expected
          .map(({ slot }) => slot)
          .sort((a, b) => a - b)
          .join()
      );
    }),
    { seed: SEED, numRuns: cases(100) },
  );
  t.end();
});

test('no setting makes anybody hear more than 32 voices', (t) => {
  const scene = new Scene();
  scene.settings = { ...DEFAULT_SPACE, voices: 100 };
  for (let i = 0; i < 40; i++) scene.add([1 + i / 10, 0, 0]);
  scene.listen();
  t.equal(scene.heard().length, 32);
  scene.close();
  t.end();
});

/** A scene in which one voice is heard, for so many ticks, and another is now louder by this factor, in power. */
function rivals(ticks: number, louder: number) {
  const scene = new Scene();
  scene.settings = { ...DEFAULT_SPACE, voices: 1 };
  const [first, second] = [scene.add([3, 0, 0]), scene.add([3, 0, 0])];
  second.power = 0.5;
  scene.listen(ticks);
  second.power = louder;
  scene.listen();
  const heard = scene.heard();
  scene.close();
  return heard.join() === `${first.slot}` ? 'first' : heard.join() === `${second.slot}` ? 'second' : 'both';
}

test('a voice that is heard stays unless another is 3 dB louder, and at first for 300 ms whatever happens', (t) => {
  t.equal(rivals(HOLD_TICKS + 5, 1.9), 'first');
  t.equal(rivals(HOLD_TICKS + 5, 2.1), 'second');
  t.equal(rivals(HOLD_TICKS + 1, 2.1), 'second');
  t.equal(rivals(HOLD_TICKS, 1000), 'first', 'nobody is cut off after less than 300 ms');
  t.equal(rivals(1, 1000), 'first');
  t.end();
});

test('a voice that lost its place has no advantage while it fades', (t) => {
  const scene = new Scene();
  scene.settings = { ...DEFAULT_SPACE, voices: 1 };
  const [first, second] = [scene.add([3, 0, 0]), scene.add([3, 0, 0])];
  second.power = 0.5;
  scene.listen(HOLD_TICKS + 5);
  second.power = 3;
  scene.listen();
  first.power = 2.9;
  scene.listen();
  t.same(scene.heard(), [second.slot]);
  scene.close();
  t.end();
});

test('a voice heard again is held again for 300 ms', (t) => {
  const scene = new Scene();
  scene.settings = { ...DEFAULT_SPACE, voices: 1 };
  const [first, second] = [scene.add([3, 0, 0]), scene.add([3, 0, 0])];
  scene.sounding = [first];
  scene.listen(HOLD_TICKS + 5);
  scene.sounding = [];
  scene.listen(2);
  scene.sounding = [first, second];
  second.power = 0.5;
  scene.listen();
  second.power = 100;
  scene.listen(HOLD_TICKS - 1);
  t.same(scene.heard(), [first.slot]);
  scene.listen(3);
  t.same(scene.heard(), [second.slot]);
  scene.close();
  t.end();
});

test('nobody hears their own voice from their own place, and those with the same ears hear it as it is', (t) => {
  const scene = new Scene();
  scene.world.put(0, { voice: 100 });
  const own = voiceAt(0, 50);
  scene.voices.push(own);
  scene.sounding.push(own);
  const frame = kernels.frames.take();
  const hear = (listener = listenerWith()) => {
    frame.samples.fill(0);
    const voices = scene.ears.addOwnVoiceTo(frame, listener, kernels);
    return [voices, Math.round(frame.samples[0]!), Math.round(frame.samples[FRAME_SAMPLES - 1]!)];
  };
  t.ok(scene.ears.isSilent);
  t.same(hear(), [0, 0, 0]);
  scene.listen();
  t.notOk(scene.ears.isSilent);
  t.same(scene.heard(), []);
  t.same(hear(), [1, 50, 50]);
  t.strictSame(scene.ears.nearnessOf(own.voice), { from: 1, to: 1 });
  t.same(mixOf(scene).left, [0, 0]);
  t.same(hear(listenerWith({ fadesIn: true })), [1, 0, 50], 'it fades in for whoever did not hear it');
  const gains = (gain: number) => new Hearing(new Map([[own.voice, gain]]));
  t.same(hear(listenerWith({ hearing: gains(0.5) })), [1, 25, 25]);
  t.same(hear(listenerWith({ hearing: gains(0) })), [0, 0, 0]);
  const fading = gains(0.5);
  fading.set(new Map([[own.voice, 0]]));
  t.same(hear(listenerWith({ hearing: fading })), [0, 25, 0], 'what fades does not count');
  own.soundedBefore = false;
  t.same(hear(listenerWith({ fadesIn: true })), [1, 50, 50], 'a voice that begins fades in by itself');
  scene.sounding = [];
  scene.listen();
  t.ok(scene.ears.isSilent);
  t.equal(scene.ears.nearnessOf(own.voice), undefined);
  kernels.frames.release(frame);
  scene.close();
  t.end();
});

test('what a listener with a gain of their own hears of a voice, at both ends of the frame', (t) => {
  const values = fc.constantFrom(0, 0.5, 1, 2);
  fc.assert(
    fc.property(values, values, fc.boolean(), fc.boolean(), (before, now, fadesIn, soundedBefore) => {
      const scene = new Scene();
      const voice = scene.add([0, 0, -1]);
      scene.listen(40);
      voice.soundedBefore = soundedBefore;
      scene.listen();
      const hearing = new Hearing(new Map([[voice.voice, before]]));
      hearing.set(new Map([[voice.voice, now]]));
      const { left, right, load } = mixOf(scene, listenerWith({ hearing, fadesIn }));
      const plain = mixOf(scene);
      scene.close();
      const start = soundedBefore ? (fadesIn ? 0 : before) : now;
      const isHeard = start > 0 || now > 0;
      return (
        [left, right].every(([first, last]) => isNear(first, 100 * start, 200) && isNear(last, 100 * now, 200)) &&
        load === (isHeard ? plain.load : 0)
      );
    }),
    { seed: SEED },
  );
  t.end();
});

test('channels with priority turn a voice in space down, unless it speaks there as well', (t) => {
  const scene = new Scene();
  const voice = scene.add([0, 0, -1]);
  scene.listen(40);
  const [red, heard] = [ChannelSet.of([1]), ChannelSet.of([1, 2])];
  voice.channels = red;
  voice.channelsBefore = ChannelSet.of([2]);
  const asked: ChannelSet[] = [];
  const ducking: Pick<Ducking, 'active' | 'gainBefore' | 'gainNow'> = {
    active: red,
    gainBefore: (...sets) => {
      asked.push(...sets);
      return 0.5;
    },
    gainNow: (...sets) => {
      asked.push(...sets);
      return 0.25;
    },
  };
  const { left } = mixOf(scene, listenerWith({ ducking: ducking as Ducking, heard }));
  t.ok(isNear(left[0], 50, 100) && isNear(left[1], 25, 100), `${left}`);
  t.strictSame(new Set(asked), new Set([voice.channels, voice.channelsBefore, heard]));
  scene.close();
  t.end();
});

test('whether somebody hears voices that go on, only those that begin, or nothing', (t) => {
  const gain = fc.option(fc.record({ from: fc.constantFrom(0, 1), to: fc.constantFrom(0, 1) }), { nil: undefined });
  const state = fc.record({ present: fc.constantFrom('never', 'begins', 'goes on', 'ends'), gain });
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 3 }), (all) => {
      const scene = new Scene();
      const voices = all.map(() => scene.add([0, 0, -1]));
      scene.sounding = voices.filter((_, i) => all[i]!.present === 'goes on' || all[i]!.present === 'ends');
      scene.listen(3);
      scene.sounding = voices.filter((_, i) => all[i]!.present === 'goes on' || all[i]!.present === 'begins');
      for (const [i, { present }] of all.entries()) voices[i]!.soundedBefore = present !== 'begins';
      scene.listen();
      const gains = (end: keyof VoiceGain) =>
        new Map(all.flatMap((one, i) => (one.gain === undefined ? [] : [[voices[i]!.voice, one.gain[end]] as const])));
      const hearing = new Hearing();
      hearing.set(gains('from'));
      hearing.endFrame();
      hearing.set(gains('to'));
      const isMore = all.some(
        ({ present, gain: own }) => (present === 'goes on' || present === 'ends') && (own?.from ?? 1) > 0,
      );
      const isBeginning = all.some(
        ({ present, gain: own }) => (present === 'goes on' || present === 'begins') && (own?.to ?? 1) > 0,
      );
      const touched = all.some(({ present, gain: own }) => {
        // A gain of 1 that does not change is no gain.
        const isKept = own !== undefined && (own.to !== 1 || own.from !== 1 || hearing.gainOf(100) !== undefined);
        return present !== 'never' && own !== undefined && (isKept || own.to === 1);
      });
      const heard = scene.ears.heardBy(hearing, false);
      const isTouched = scene.ears.isTouchedBy(hearing);
      scene.close();
      return heard === (isMore ? 'more' : isBeginning ? 'beginnings' : 'nothing') && isTouched === touched;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('spectators hear the voice of the player whose ears they use, and that player does not', (t) => {
  const scene = new Scene();
  const own = voiceAt(0, 50);
  scene.voices.push(own);
  scene.sounding.push(own);
  scene.listen();
  const { ears } = scene;
  const silenced = (from: number, to: number) => {
    const hearing = new Hearing(new Map([[own.voice, from]]));
    hearing.set(new Map([[own.voice, to]]));
    return hearing;
  };
  t.equal(ears.heardBy(new Hearing(), true), 'nothing');
  t.equal(ears.heardBy(new Hearing(), false), 'more');
  t.equal(ears.heardBy(silenced(0, 1), false), 'beginnings');
  t.equal(ears.heardBy(silenced(0, 0), false), 'nothing');
  t.equal(ears.heardBy(silenced(0.5, 0), false), 'more', 'it fades');
  own.soundedBefore = false;
  t.equal(ears.heardBy(new Hearing(), false), 'beginnings');
  t.ok(ears.isTouchedBy(silenced(0, 0)));
  t.notOk(ears.isTouchedBy(new Hearing(new Map([[7, 0]]))));
  scene.close();
  t.end();
});

test('a voice that leaves its range fades over one frame, and one without sound is gone at once', (t) => {
  const scene = new Scene();
  const voice = scene.add([3, 0, 0]);
  scene.listen(40);
  const before = mixOf(scene).right[1];
  scene.world.put(voice.slot, { at: [100, 0, 0], range: 50 });
  t.notOk(isInEarshot(scene.world.read(), voice.slot, 0, 1));
  scene.listen();
  const fading = mixOf(scene);
  t.ok(isNear(fading.right[0], before, 100));
  t.equal(fading.right[1], 0);
  t.equal(fading.load, 0, 'what fades takes no room');
  t.notOk(scene.ears.isSilent);
  scene.listen();
  t.ok(scene.ears.isSilent);
  scene.world.put(voice.slot, { at: [3, 0, 0], range: 50 });
  scene.listen(2);
  t.notOk(scene.ears.isSilent);
  kernels.frames.release(voice.frame!);
  voice.frame = undefined;
  scene.sounding = [];
  scene.listen();
  t.ok(scene.ears.isSilent);
  scene.close();
  t.end();
});
