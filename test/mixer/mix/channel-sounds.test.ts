import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import { type ChannelSound, ChannelSounds, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import { Effect, type EffectKind, VoiceEffect } from '../../../src/mixer/mix/voice-effect.ts';
import { createPath, type Side, TO_ROOM } from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { complaint, fitGain } from '../../helpers/mix-check.ts';
import { type Person, Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { clickRatio, concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';
import { addressOf } from '../../helpers/still-voice.ts';

const SEED = Number(process.env['SEED'] ?? 4170);

const [ROOM, RED, BLUE] = [0, 1, 2] as const;

const toneOf = (frequencyHz: number, amplitude = 0.1) => sharedTone({ frequencyHz, samples: 48_000, amplitude });

function plainRoom() {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame));
  /** What a person heard in the last ticks. */
  const heard = (person: (typeof room.people)[number], ticks: number) =>
    concatInt16(person.written.slice(-ticks).map(({ payload }) => codec.decode(payload)));
  return { codec, room, heard };
}

test('a channel with an effect limits a voice to its band, and only for those who hear it there', async (t) => {
  for (const effect of ['radio', 'phone'] as const satisfies EffectKind[]) {
    const { room, heard } = plainRoom();
    const talkers = [500, 1000, 6000].map((hz) => room.join(toneOf(hz), { channels: [RED] }));
    const [listener, mate] = [
      room.join(toneOf(440), { channels: [RED] }),
      room.join(toneOf(440), { channels: [BLUE] }),
    ];
    const other = room.join(toneOf(2000), { channels: [RED] });
    room.setSounds(new Map([[RED, { effect }]]));
    for (const talker of talkers) {
      room.speakTo(talker, [RED, BLUE]);
      talker.talking = true;
    }
    room.speakTo(other, [BLUE]);
    other.talking = true;
    room.run(80);
    const levels = (person: typeof listener) => [500, 1000, 6000].map((hz) => toneLevelDbfs(heard(person, 40), hz));
    const [low, middle, high] = levels(listener);
    t.ok(low! > middle! - 3 && high! < middle! - 20, `${effect}: ${low}, ${middle} and ${high} dBFS`);
    const [first, ...others] = levels(mate);
    t.ok(
      others.every((level) => Math.abs(level - first!) < 0.5),
      'plain in the other channel',
    );
    const own = levels(talkers[1]!);
    t.ok(own[1]! < -65, `${effect}: nobody hears themselves: ${own[1]} dBFS`);
    const band = own[0]! - own[2]!;
    t.ok(
      Math.abs(band - (low! - high!)) < 2,
      `the talker hears the others like everybody: ${band} and ${low! - high!} dB`,
    );
  }
});

test('a channel’s gain applies to all its voices; at 0 the packets are those without them, bit for bit', async (t) => {
  const packets = [true, false].map((talks) => {
    const { codec, room } = plainRoom();
    const [listener, talker, mate] = [
      room.join(toneOf(440), { channels: [ROOM, RED] }),
      room.join(toneOf(1000)),
      room.join(toneOf(2000), { channels: [ROOM, RED] }),
    ];
    room.speakTo(mate, [RED]);
    room.setSounds(new Map([[RED, { gain: 0, effect: 'radio' }]]));
    for (let tick = 0; tick < 100; tick++) {
      talker.talking = tick > 10;
      mate.talking = talks && tick > 20 && tick % 40 < 30;
      room.run();
    }
    return listener.written.map(({ payload }) => Buffer.from(codec.decode(payload).buffer).toString('hex'));
  });
  t.strictSame(packets[0], packets[1]);
  const { codec, room, heard } = plainRoom();
  const [listener, talker] = [room.join(toneOf(440), { channels: [RED] }), room.join(toneOf(1000))];
  room.speakTo(talker, [RED]);
  talker.talking = true;
  for (const [gain, dbfs] of [
    [1, -20],
    [0.5, -26],
    [2, -14],
  ] as const) {
    room.setSounds(new Map([[RED, { gain }]]));
    room.run(40);
    const level = toneLevelDbfs(heard(listener, 25), 1000);
    t.ok(Math.abs(level - dbfs) < 0.5, `${level} dBFS`);
    t.equal(complaint(room, listener, codec), undefined);
  }
});

test('effects begin, change and end without a click', async (t) => {
  const { room, heard } = plainRoom();
  const talker = room.join(toneOf(1000, 0.2));
  const listener = room.join(toneOf(440), { channels: [RED] });
  room.speakTo(talker, [RED]);
  talker.talking = true;
  room.run(30);
  const changes = [
    { effect: 'phone' },
    { effect: 'phone', strength: 0.5 },
    { effect: 'radio', strength: 0.1 },
    {},
  ] as const;
  for (const sound of changes) {
    room.setSounds(new Map([[RED, sound]]));
    room.run(20);
  }
  const ratio = clickRatio(heard(listener, 90), 960, 90 * 960, toneOf(1000, 0.2));
  t.ok(ratio < 1.3, `${ratio}`);
});

test('with any strengths of their own, everybody hears every voice with the stronger one of both ends', (t) => {
  const someStrength = fc.constantFrom(0, 0.25, 0.5, 1);
  const kinds = fc.constantFrom('radio' as const, 'phone' as const);
  const owns = fc.array(fc.option(someStrength), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(kinds, someStrength, owns, fc.boolean(), (effect, strength, own, begins) => {
      const { codec, room } = plainRoom();
      const people = own.map((_, i) =>
        room.join(toneOf(400 + 350 * i, 0.05), { channels: i === 4 ? [ROOM] : [ROOM, RED] }),
      );
      const strengths = new Map(people.flatMap(({ place }, i) => (own[i] === null ? [] : [[place.voice, own[i]!]])));
      for (const person of people.slice(0, 4)) room.speakTo(person, [RED]);
      room.speakTo(people[4]!, [ROOM]);
      room.setSounds(new Map([[RED, { effect, strength, strengths }]]));
      const strengthOf = (voice: number, listener: number) => {
        const both = [own[voice], own[listener]].filter((one) => one !== null && one !== undefined);
        return both.length === 0 ? strength : Math.max(...both);
      };
      // The slow way: an effect for each pair.
      const pairs = people.map((_, listener) =>
        people.map(({ place }, voice) => {
          const of = voice === 4 ? 0 : strengthOf(voice, listener);
          return of === 0 ? undefined : new VoiceEffect(new Effect(effect, of), place.voice);
        }),
      );
      const [sum, treated] = [new Float32Array(FRAME_SAMPLES), new Float32Array(FRAME_SAMPLES)];
      for (let tick = 0; tick < 12; tick++) {
        for (const [i, person] of people.entries()) person.talking = tick > (begins ? i : 0);
        room.run();
        for (const [listener, { written, channels }] of people.entries()) {
          sum.fill(0);
          let voices = 0;
          for (const [voice, { contributes, twin, address }] of people.entries()) {
            if (voice === listener || !contributes) continue;
            const { samples } = twin.frame;
            if (pairs[listener]![voice] === undefined) treated.set(samples);
            else pairs[listener]![voice]!.process(treated, samples, !twin.sounding);
            if (!address.to.channels.some((channel) => channels.to.includes(channel))) continue;
            voices++;
            for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += treated[i]!;
          }
          const last = written.at(-1);
          if (voices === 0 || last?.tick !== room.tick - 1) continue;
          const { deviation } = fitGain(codec.decode(last.payload), sum);
          if (deviation > 1.5) throw new Error(`tick ${tick}: person ${listener} is off by ${deviation}`);
        }
      }
      room.mixer.close();
    }),
    { seed: SEED, numRuns: cases(60) },
  );
  t.end();
});

test('a listener’s own strength costs an encoder only while somebody speaks there, and changes without a click', async (t) => {
  const { room, heard } = plainRoom();
  const [inRed, inRoom] = [room.join(toneOf(1000, 0.2)), room.join(toneOf(700))] as [Person, Person];
  const listeners = Array.from({ length: 10 }, () => room.join(toneOf(440), { channels: [ROOM, RED] }));
  room.speakTo(inRed, [RED]);
  const withOwn = (strength: number) => new Map([[listeners[0]!.place.voice, strength]]);
  room.setSounds(new Map([[RED, { effect: 'phone', strengths: withOwn(0.5) }]]));
  inRoom.talking = true;
  room.run(40);
  t.equal(room.pool.encodersInUse, 1, 'what is said in the room is the same for all');
  inRoom.talking = false;
  room.run(60);
  inRed.talking = true;
  for (const strength of [0, 1, 0.3, 0.4, 0.5]) {
    room.setSounds(new Map([[RED, { effect: 'phone', strengths: withOwn(strength) }]]));
    room.run(20);
  }
  t.equal(room.pool.encodersInUse, 2);
  const ratio = clickRatio(heard(listeners[0]!, 90), 960, 90 * 960, toneOf(1000, 0.2));
  t.ok(ratio < 1.3, `${ratio}`);
  room.setSounds(new Map([[RED, { effect: 'phone' }]]));
  room.run(40);
  t.equal(room.pool.encodersInUse, 1);
});

test('an effect runs once for all listeners, and its frames are given back', async (t) => {
  const { room } = plainRoom();
  const taken = room.pool.kernels.frames.taken;
  const talker = room.join(toneOf(1000));
  for (let i = 0; i < 10; i++) room.join(toneOf(440), { channels: i % 2 === 0 ? [RED] : [ROOM, RED, 3 + i] });
  room.speakTo(talker, [RED]);
  room.setSounds(new Map([[RED, { effect: 'radio' }]]));
  talker.talking = true;
  room.run(40);
  const whileTalking = room.pool.kernels.frames.taken;
  t.ok(whileTalking - taken <= 8, `${whileTalking - taken} frames`);
  talker.talking = false;
  room.run(60);
  t.ok(room.pool.kernels.frames.taken < whileTalking - 1);
  talker.talking = true;
  room.run(20);
  room.mixer.close();
});

test('a voice that is heard alone through an effect is decoded, not passed on', async (t) => {
  for (const effect of ['radio', null] as const) {
    const { room } = plainRoom();
    const talker = room.join(toneOf(1000));
    room.join(toneOf(440), { channels: [RED] });
    room.setSounds(new Map([[RED, { effect }]]));
    room.speakTo(talker, [RED]);
    talker.talking = true;
    room.run(50);
    t.equal(room.pool.counters.framesPassed, 0, `${effect}`);
    t.ok(room.pool.counters.framesEncoded > 30);
  }
});

/** The sides of what a person heard in the last ticks. */
function sides(codec: PlainCodec, { written }: Person, ticks: number) {
  const frames = written.slice(-ticks).map(({ payload }) => codec.decode(payload));
  const side = (offset: number) =>
    concatInt16(frames.map((frame) => (frame.length === 960 ? frame : frame.filter((_, i) => i % 2 === offset))));
  return { left: side(0), right: side(1), isStereo: frames.some(({ length }) => length > 960) };
}

test('a channel at the side is heard from there in stereo, and at its own level in mono', async (t) => {
  for (const [pan, left, right] of [
    [-1, -20, -32],
    [0.5, -24.1, -20],
  ] as const) {
    const { codec, room } = plainRoom();
    const talker = room.join(toneOf(1000));
    const [stereo, mono] = [true, false].map((takesStereo) =>
      room.join(toneOf(440), { channels: [ROOM, RED], takesStereo }),
    );
    room.speakTo(talker, [RED]);
    room.setSounds(new Map([[RED, { pan }]]));
    talker.talking = true;
    room.run(60);
    const heard = sides(codec, stereo!, 40);
    const levels = [toneLevelDbfs(heard.left, 1000), toneLevelDbfs(heard.right, 1000)];
    t.ok(Math.abs(levels[0]! - left) < 0.2 && Math.abs(levels[1]! - right) < 0.2, `${pan}: ${levels}`);
    const inMono = sides(codec, mono!, 40);
    t.notOk(inMono.isStereo);
    t.ok(Math.abs(toneLevelDbfs(inMono.left, 1000) - -20) < 0.1);
  }
});

test('listeners in stereo share one encoder, and are sent mono while nothing comes from the side', async (t) => {
  const { codec, room } = plainRoom();
  const talkers = [room.join(toneOf(1000)), room.join(toneOf(700))];
  const listeners = Array.from({ length: 40 }, (_, i) =>
    room.join(toneOf(440), { channels: [ROOM, RED], takesStereo: i % 4 > 0 }),
  );
  room.setSounds(new Map([[RED, { pan: 1 }]]));
  const [inRoom, inRed] = talkers as [Person, Person];
  room.speakTo(inRed, [RED]);
  const isStereo = (index: number) => sides(codec, listeners[index]!, 5).isStereo;
  inRoom.talking = true;
  room.run(40);
  t.equal(room.pool.encodersInUse, 1);
  t.notOk(isStereo(1));
  inRed.talking = true;
  room.run(40);
  t.equal(room.pool.encodersInUse, 3, 'in mono, in stereo, and the talker in red, who hears only the room');
  t.ok(isStereo(1) && !isStereo(0));
  inRed.talking = false;
  room.run(60);
  t.equal(room.pool.encodersInUse, 1);
  t.notOk(isStereo(1));
});

test('a channel moves from side to side without a click, whatever else changes', async (t) => {
  const { codec, room } = plainRoom();
  const talker = room.join(toneOf(1000, 0.2));
  const listener = room.join(toneOf(440), { channels: [RED], takesStereo: true });
  room.speakTo(talker, [RED]);
  talker.talking = true;
  room.run(30);
  for (const pan of [-1, 1, 0, 0.7, 0]) {
    room.setSounds(new Map([[RED, { pan }]]));
    room.run(20);
  }
  const { left, right } = sides(codec, listener, 110);
  for (const side of [left, right]) {
    const ratio = clickRatio(side, 960, side.length, toneOf(1000, 0.2));
    t.ok(ratio < 1.1, `${ratio}`);
  }
});

const [FRONT, NOWHERE] = [3, -1] as const;
const sound = fc.record<ChannelSound>({
  gain: fc.constantFrom(0, 0.5, 1, 2),
  effect: fc.constantFrom('radio' as const, 'phone' as const, null),
  strength: fc.constantFrom(0, 0.5, 1),
  pan: fc.constantFrom(-1, -0.4, 0, 0.6, 1),
  duckDb: fc.constantFrom(0, 12),
});
/** Of the channels red and blue; the others are plain. */
const bothSounds: fc.Arbitrary<ReadonlyMap<number, ChannelSound>> = fc.tuple(sound, sound).map(
  ([red, blue]) =>
    new Map([
      [RED, red],
      [BLUE, blue],
    ]),
);
const someSide = fc.constantFrom('left' as const, 'right' as const, 'both' as const);
const somePath = fc.constantFrom(NOWHERE, ROOM, RED, BLUE, FRONT);

/** The far ear is up to 12 dB quieter. */
function gainOn(sounds: ReadonlyMap<number, ChannelSound>, path: number, side: Side): number {
  if (path === NOWHERE) return 0;
  const { gain, pan } = sounds.get(path) ?? PLAIN_CHANNEL;
  const isFar = (side === 'left' && pan > 0) || (side === 'right' && pan < 0);
  return isFar ? gain * (1 - 0.75 * Math.abs(pan)) : gain;
}

const effectOn = (sounds: ReadonlyMap<number, ChannelSound>, path: number) => {
  const { effect, strength } = sounds.get(path) ?? PLAIN_CHANNEL;
  return effect === null || strength === 0 ? undefined : { kind: effect, strength };
};

test('for any sounds, a voice has the gain of its channel, its side and its path, and is turned down by others', (t) => {
  t.comment(`SEED=${SEED}`);
  const gains = fc.record({ from: fc.constantFrom(0.5, 1), to: fc.constantFrom(0, 1, 2) });
  const ducks = fc.option(fc.record({ from: fc.constantFrom(0.25, 1), to: fc.constantFrom(0.25, 0.5) }));
  fc.assert(
    fc.property(
      ...[bothSounds, bothSounds, somePath, somePath, someSide, someSide, gains, ducks, fc.boolean()],
      (old, now, before, after, sideBefore, side, { from, to }, duck, soundedBefore) => {
        const sounds = new ChannelSounds();
        sounds.set(old);
        sounds.endFrame();
        sounds.set(now);
        if (duck !== null) {
          const ducking = { active: ChannelSet.of([FRONT]), gainNow: () => duck.to, gainBefore: () => duck.from };
          Object.assign(sounds.ducking, ducking);
        }
        const voice = { soundedBefore, address: TO_ROOM, addressBefore: TO_ROOM } as Contributor;
        const path = { ...createPath(ChannelSet.ROOM), before, now: after, side, sideBefore, from, to };
        const way = sounds.wayOf(voice, path);
        const end = gainOn(now, after, side) * (duck?.to ?? 1);
        const start = soundedBefore ? gainOn(old, before, sideBefore) * (duck?.from ?? 1) : end;
        const isSilentNow = after === NOWHERE || now.get(after)?.gain === 0;
        const wasSilent = !soundedBefore ? isSilentNow : before === NOWHERE || old.get(before)?.gain === 0;
        const effects = [soundedBefore ? effectOn(old, before) : effectOn(now, after), effectOn(now, after)];
        // What is not heard at one end sounds as at the other.
        const expected = [wasSilent ? effects[1] : effects[0], isSilentNow ? effects[0] : effects[1]];
        const found = [way.effectBefore, way.effect].map((one) => one && { kind: one.kind, strength: one.strength });
        return (
          Math.abs(way.to - end * to) < 1e-9 &&
          Math.abs(way.from - start * from) < 1e-9 &&
          ((wasSilent && isSilentNow) || JSON.stringify(found) === JSON.stringify(expected))
        );
      },
    ),
    { seed: SEED, numRuns: cases(500) },
  );
  t.end();
});

test('an effect that stays the same goes on, and another is a new one', (t) => {
  fc.assert(
    fc.property(sound, sound, (old, now) => {
      const sounds = new ChannelSounds();
      const effectOf = () => sounds.wayOf({ soundedBefore: false } as Contributor, onlyRed).effect;
      sounds.set(new Map([[RED, { ...old, gain: 1 }]]));
      const before = effectOf();
      sounds.set(new Map([[RED, { ...now, gain: 0.5 }]]));
      const isSame = old.effect === now.effect && old.strength === now.strength;
      return before === undefined || (effectOf() === before) === isSame;
    }),
    { seed: SEED, numRuns: cases(200) },
  );
  t.end();
});

const onlyRed = { ...createPath(ChannelSet.of([RED])), before: RED, now: RED };

test('channels that are silent or not in the middle are known, the latter also while they move there', (t) => {
  const sounds = new ChannelSounds();
  t.equal(sounds.pannedInFrame, ChannelSet.NONE);
  const set = (red: Partial<ChannelSound>, blue: Partial<ChannelSound> = {}) => {
    sounds.set(
      new Map([
        [RED, { ...PLAIN_CHANNEL, ...red }],
        [BLUE, { ...PLAIN_CHANNEL, ...blue }],
      ]),
    );
  };
  set({ gain: 0, pan: 0.1 }, { gain: 0.001 });
  t.ok(sounds.silent.equals(ChannelSet.of([RED])));
  t.ok(sounds.panned.equals(ChannelSet.of([RED])) && sounds.pannedInFrame.equals(ChannelSet.of([RED])));
  sounds.endFrame();
  set({}, { pan: -1 });
  t.ok(sounds.silent.isEmpty);
  t.ok(sounds.panned.equals(ChannelSet.of([BLUE])));
  t.ok(sounds.pannedInFrame.equals(ChannelSet.of([RED, BLUE])), 'red moves to the middle in this frame');
  sounds.endFrame();
  t.ok(sounds.pannedInFrame.equals(ChannelSet.of([BLUE])));
  t.equal(sounds.pannedInFrame, sounds.panned, 'and nothing is created in a tick');
  t.same(PLAIN_CHANNEL, { gain: 1, effect: null, strength: 1, pan: 0, duckDb: 0 });
  t.end();
});

test('only channels with a priority turn others down', (t) => {
  const sounds = new ChannelSounds();
  const speaks = (channel: number) =>
    ({ isEnding: false, address: addressOf([channel]), soundedBefore: true }) as Partial<Contributor> as Contributor;
  sounds.set(
    new Map([
      [RED, { ...PLAIN_CHANNEL, duckDb: 12 }],
      [BLUE, PLAIN_CHANNEL],
    ]),
  );
  sounds.ducking.advance([speaks(BLUE)]);
  t.ok(sounds.ducking.active.isEmpty);
  sounds.ducking.advance([speaks(RED)]);
  t.ok(sounds.ducking.active.equals(ChannelSet.of([RED])));
  t.end();
});
