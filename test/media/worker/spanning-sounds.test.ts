/** Effects, directions and priority of channels, and emitters, in a room of several parts: like in one part, a tick later. */

import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../../../src/mixer/format.ts';
import { type ChannelSound, PLAIN_CHANNEL } from '../../../src/mixer/mix/channel-sounds.ts';
import type { Emitter } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { type DividedAct, DividedRoom } from '../../helpers/divided-room.ts';
import { sharedTone } from '../../helpers/signal.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3310);
const PEOPLE = 5;
/** Until fades, headroom, priority and returns to shared encoders are over. */
const SETTLE_TICKS = 110;
/** A whole number of periods in a frame, so that each can be found in the sum exactly; none is a harmonic of another. */
const TONES_HZ = [250, 550, 1150, 2350, 3850] as const;
/** Noise of radios does not begin in the same tick everywhere. */
const TOLERANCE = 25;

const SAYS = TONES_HZ.map((frequencyHz, who) => {
  const amplitude = 0.06 * 1.2 ** who;
  const frame = sharedTone({ frequencyHz, samples: FRAME_SAMPLES, amplitude });
  return { frame, levelDbov: Math.round(20 * Math.log10(amplitude)) };
});

/** The amplitude of this tone in one frame. */
function amplitudeOf(frame: Int16Array, frequencyHz: number): number {
  let [real, imaginary] = [0, 0];
  for (let i = 0; i < FRAME_SAMPLES; i++) {
    const angle = (2 * Math.PI * frequencyHz * i) / SAMPLE_RATE;
    real += frame[i]! * Math.cos(angle);
    imaginary += frame[i]! * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / FRAME_SAMPLES;
}

const person = fc.integer({ min: 0, max: PEOPLE - 1 });
/** Mostly such that people hear each other in several ways. */
const speaksInto = fc.constantFrom([0], [0], [1], [2], [40], [0, 1]);
const hears = fc.constantFrom([0, 1], [0, 1, 2], [0, 40], [1], [0, 1, 2, 40]);
const act: fc.Arbitrary<DividedAct> = fc.record({
  who: person,
  talks: fc.boolean(),
  speaksInto,
  hears,
  whispersTo: fc.constant([]),
  gains: fc.constant([]),
});
const strength = fc.constantFrom(0, 0.25, 0.5, 1);
const sound: fc.Arbitrary<ChannelSound> = fc.record({
  gain: fc.constantFrom(0, 0.5, 1, 2),
  effect: fc.constantFrom('radio' as const, 'phone' as const, null),
  strength,
  pan: fc.constantFrom(-1, -0.4, 0, 0, 0.6),
  duckDb: fc.constantFrom(0, 12),
  strengths: fc
    .uniqueArray(fc.tuple(person, strength), { selector: ([who]) => who, maxLength: 3 })
    .map((own) => new Map(own.map(([who, of]) => [who + 1, of]))),
});
const sounds = fc
  .array(fc.tuple(fc.constantFrom(1, 2, 40), sound), { maxLength: 3 })
  .map((all) => new Map(all) as ReadonlyMap<number, ChannelSound>);
const divided = fc
  .array(fc.integer({ min: 0, max: 2 }), { minLength: PEOPLE, maxLength: PEOPLE })
  .map((parts) => [0, 1, ...parts.slice(2)]);

/** Throws if anybody in the divided room does not hear what they would in the whole one. Returns how many voices are heard. */
function compare(parts: DividedRoom, whole: DividedRoom): number {
  let heard = 0;
  const inWhole = whole.heard;
  for (const [who, sides] of parts.heard.entries()) {
    for (const [side, frame] of sides.entries()) {
      for (const [talker, frequencyHz] of TONES_HZ.entries()) {
        const [found, expected] = [frame, inWhole[who]![side]!].map((one) => amplitudeOf(one, frequencyHz));
        if (expected! > 4 * TOLERANCE) heard++;
        if (Math.abs(found! - expected!) > TOLERANCE + 0.02 * expected!)
          throw new Error(`person ${who} hears ${talker} with ${found}, not ${expected}, on side ${side}`);
      }
    }
  }
  return heard;
}

function bothRooms(partOf: readonly number[], world?: World) {
  const whole = new DividedRoom(new Array<number>(PEOPLE).fill(0), SAYS, world);
  return { whole, parts: new DividedRoom(partOf, SAYS, world) };
}

test('with any sounds of channels, everyone hears the same as if the room were in one worker', async (t) => {
  t.comment(`SEED=${SEED}`);
  let heard = 0;
  const scene = fc.tuple(sounds, fc.array(act, { minLength: 1, maxLength: 5 }));
  fc.assert(
    fc.property(divided, fc.array(scene, { minLength: 1, maxLength: 3 }), (partOf, scenes) => {
      const { whole, parts } = bothRooms(partOf);
      for (const [each, acts] of scenes) {
        for (const room of [whole, parts]) {
          room.setSounds(each);
          for (const one of acts) {
            room.apply(one);
            room.run(2);
          }
          room.run(SETTLE_TICKS);
        }
        heard += compare(parts, whole);
      }
    }),
    { seed: SEED, numRuns: cases(40) },
  );
  t.ok(heard > cases(80), `${heard} voices were heard`);
});

test('a channel with priority turns down what is said in other parts, wherever somebody speaks in it', async (t) => {
  const channel: ChannelSound = { ...PLAIN_CHANNEL, duckDb: 12 };
  for (const part of [0, 1, 2]) {
    const { whole, parts } = bothRooms([0, 1, part, 0, 0]);
    const levels: number[] = [];
    for (const isCommanding of [false, true]) {
      for (const room of [whole, parts]) {
        room.setSounds(new Map([[1, channel]]));
        const silent = { talks: false, speaksInto: [0], whispersTo: [], hears: [0, 1], gains: [] };
        room.apply({ ...silent, who: 0 });
        room.apply({ ...silent, who: 1, talks: true });
        room.apply({ ...silent, who: 2, talks: isCommanding, speaksInto: [1] });
        room.run(SETTLE_TICKS);
      }
      compare(parts, whole);
      levels.push(amplitudeOf(parts.heard[0]![0], TONES_HZ[1]));
    }
    const quieterDb = 20 * Math.log10(levels[0]! / levels[1]!);
    t.ok(Math.abs(quieterDb - channel.duckDb) < 0.5, `part ${part}: ${quieterDb} dB quieter`);
  }
});

const coordinate = fc.integer({ min: -8, max: 8 });
const body: fc.Arbitrary<BodyOptions> = fc.record({
  at: fc.tuple(coordinate, fc.constant(0), coordinate),
  yaw: fc.integer({ min: -180, max: 180 }),
  range: fc.constantFrom(5, 20),
});
const emitter = fc.record({ channel: fc.constantFrom(1, 2, null), voice: person, instead: fc.boolean(), body });

test('with any emitters, everyone hears the same as if the room were in one worker', async (t) => {
  t.comment(`SEED=${SEED}`);
  let heard = 0;
  const scene = fc.record({
    sounds,
    acts: fc.array(act, { minLength: 1, maxLength: 5 }),
    bodies: fc.array(fc.option(body), { minLength: PEOPLE, maxLength: PEOPLE }),
    emitters: fc.array(emitter, { maxLength: 2 }),
  });
  fc.assert(
    fc.property(divided, fc.array(scene, { minLength: 1, maxLength: 3 }), (partOf, scenes) => {
      const world = new World();
      const { whole, parts } = bothRooms(partOf, world);
      for (const each of scenes) {
        for (const [who, at] of each.bodies.entries()) world.put(who, at ?? { placed: false });
        const emitters = each.emitters.map(({ channel, voice, instead, body: at }, i): Emitter => {
          const slot = PEOPLE + i;
          world.put(slot, { ...at, voice: 0, hears: 0 });
          return { slot, channel, voice: channel === null ? voice + 1 : null, instead };
        });
        for (const room of [whole, parts]) {
          room.setSounds(each.sounds);
          room.setEmitters(emitters);
          for (const one of each.acts) {
            room.apply(one);
            room.run(2);
          }
          room.run(SETTLE_TICKS);
        }
        heard += compare(parts, whole);
      }
    }),
    { seed: SEED, numRuns: cases(40) },
  );
  t.ok(heard > cases(80), `${heard} voices were heard`);
});

test('somebody without a place is heard from an emitter, in whichever worker they are', async (t) => {
  const world = new World();
  world.put(0, {});
  world.put(PEOPLE, { at: [0, 0, -2], voice: 0, hears: 0 });
  const { whole, parts } = bothRooms([0, 1, 0, 0, 0], world);
  const usual = { speaksInto: [0], whispersTo: [], hears: [0], gains: [] };
  for (const room of [whole, parts]) {
    room.setEmitters([{ slot: PEOPLE, channel: null, voice: 2, instead: false }]);
    room.apply({ ...usual, who: 1, talks: true });
    room.run(SETTLE_TICKS);
  }
  compare(parts, whole);
  t.ok(amplitudeOf(parts.heard[0]![0], TONES_HZ[1]) > 1000);
});
