import fc from 'fast-check';
import { test } from 'tap';
import { createSharedMix, MAX_VOICES, MixRing } from '../../../src/media/link/mix-ring.ts';
import { MISSING, SLOTS } from '../../../src/media/link/ring-slots.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { CLAIM_RANKS, createStanding, type TalkerStanding } from '../../../src/mixer/source/talker-places.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 4150);

function rings(order = 0) {
  const memory = createSharedMix(order);
  return { writer: new MixRing(memory), reader: new MixRing(memory) };
}

const frameOf = (level: number) => new Float32Array(FRAME_SAMPLES).fill(level);
const voice = (number: number, level: number) => ({ voice: number, frame: { samples: frameOf(level) } });
const standingOf = (places: number, rank: number, count: number): TalkerStanding => {
  const standing = createStanding();
  standing.places = places;
  standing.claims[rank] = count;
  return standing;
};
const NOBODY = createStanding();

test('another worker reads of each of the last ticks what was written, and nothing of older ones', (t) => {
  t.comment(`SEED=${SEED}`);
  const entry = fc.record({
    level: fc.integer({ min: -1000, max: 1000 }),
    talkers: fc.nat({ max: 30 }),
    voices: fc.nat({ max: MAX_VOICES + 4 }),
    places: fc.nat({ max: 40 }),
    rank: fc.nat({ max: CLAIM_RANKS - 1 }),
    skipped: fc.nat({ max: 2 }),
  });
  const from = fc.constantFrom(8, 2 ** 31 - 3, 2 ** 32 + 8);
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), from, (entries, first) => {
      const { writer, reader } = rings();
      const written = new Map<number, (typeof entries)[number]>();
      const [samples, numbers, standing] = [frameOf(0), new Int32Array(MAX_VOICES), createStanding()];
      let tick = first;
      for (const one of entries) {
        tick += one.skipped;
        const voices = Array.from({ length: one.voices }, (_, i) => voice(100 * i + one.talkers, one.level + i));
        writer.write(tick, frameOf(one.level), one.talkers, standingOf(one.places, one.rank, 3), voices);
        written.set(tick, one);
        for (let age = -1; age < 8; age++) {
          const at = tick - age;
          const expected = age >= 0 && age < SLOTS ? written.get(at) : undefined;
          if (expected === undefined) {
            // What was written in the slot of a tick that was skipped is that of another tick.
            if (reader.readMix(at, samples) !== MISSING || reader.readVoices(at, numbers) !== MISSING) {
              if (!written.has(at)) return false;
            }
            if (!written.has(at) && (reader.readVoice(at, 0, samples) || reader.readStanding(at, standing)))
              return false;
            continue;
          }
          samples.fill(12_345);
          if (reader.readMix(at, samples) !== expected.talkers) return false;
          if (samples[500] !== (expected.talkers > 0 ? expected.level : 12_345)) return false;
          const count = Math.min(expected.voices, MAX_VOICES);
          if (reader.readVoices(at, numbers) !== count) return false;
          for (let i = 0; i < count; i++) {
            if (numbers[i] !== 100 * i + expected.talkers) return false;
            if (!reader.readVoice(at, i, samples) || samples[FRAME_SAMPLES - 1] !== expected.level + i) return false;
          }
          if (!reader.readStanding(at, standing) || standing.places !== expected.places) return false;
          if (standing.claims.some((claims, rank) => claims !== (rank === expected.rank ? 3 : 0))) return false;
        }
        tick++;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
  t.end();
});

test('a tick is there until its slot is used again, four ticks later', (t) => {
  const { writer, reader } = rings();
  const mix = frameOf(0);
  writer.write(10, frameOf(1), 1, NOBODY, []);
  for (let tick = 11; tick < 10 + SLOTS; tick++) {
    writer.write(tick, frameOf(tick), 1, NOBODY, []);
    t.equal(reader.readMix(10, mix), 1);
    t.equal(mix[0], 1);
  }
  writer.write(10 + SLOTS, frameOf(2), 1, NOBODY, []);
  t.equal(reader.readMix(10, mix), MISSING);
  t.end();
});

test('before anything is written every tick is missing, also the first', (t) => {
  const { reader } = rings();
  for (const tick of [0, 1, 2, 3, 100]) {
    t.equal(reader.readMix(tick, frameOf(0)), MISSING);
    t.equal(reader.readVoices(tick, new Int32Array(MAX_VOICES)), MISSING);
    t.notOk(reader.readVoice(tick, 0, frameOf(0)));
    t.notOk(reader.readStanding(tick, createStanding()));
    t.equal(reader.targeted.count(tick), MISSING);
  }
  t.end();
});

test('a slot that is overwritten while it is read is missing, whatever is read', (t) => {
  const { writer, reader } = rings();
  const overwrite = () => writer.write(10 + SLOTS, frameOf(2), 1, NOBODY, []);
  /** An array that is written to while the other worker goes on. */
  const slow = <Into extends Float32Array | Int32Array | Uint16Array>(into: Into): Into =>
    new Proxy(into, {
      get: (target, name) => {
        if (name === 'set') overwrite();
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, name, value) => {
        overwrite();
        return Reflect.set(target, name, value, target);
      },
    });
  const write = () => writer.write(10, frameOf(1), 1, NOBODY, [voice(5, 3)]);
  write();
  t.equal(reader.readMix(10, slow(frameOf(0))), MISSING);
  write();
  t.equal(reader.readVoices(10, slow(new Int32Array(MAX_VOICES))), MISSING);
  write();
  t.notOk(reader.readVoice(10, 0, slow(frameOf(0))));
  write();
  t.notOk(reader.readStanding(10, { places: 0, claims: slow(new Uint16Array(CLAIM_RANKS)) }));
  t.end();
});

test('while a slot is being written it is missing', (t) => {
  const { writer, reader } = rings();
  writer.write(10, frameOf(1), 1, NOBODY, []);
  const seen: number[] = [];
  const late = voice(5, 3);
  const reading = {
    voice: 5,
    get frame() {
      seen.push(reader.readMix(10, frameOf(0)), reader.readMix(10 + SLOTS, frameOf(0)));
      return late.frame;
    },
  };
  writer.write(10 + SLOTS, frameOf(2), 1, NOBODY, [reading]);
  t.same(seen, [MISSING, MISSING]);
  t.equal(reader.readMix(10 + SLOTS, frameOf(0)), 1);
  t.end();
});

test('the parts of a room are told apart by their order, and their targeted voices do not touch the sums', (t) => {
  const { writer, reader } = rings(7);
  t.strictSame([writer.order, reader.order, rings(8).reader.order], [7, 8 - 1, 8]);
  const voices = Array.from({ length: MAX_VOICES }, (_, i) => voice(i + 1, i + 1));
  for (let tick = 0; tick < SLOTS; tick++) writer.write(tick, frameOf(50 + tick), 1, standingOf(9, 0, 1), voices);
  for (let tick = 0; tick < SLOTS; tick++) writer.targeted.write(tick, []);
  const samples = frameOf(0);
  for (let tick = 0; tick < SLOTS; tick++) {
    reader.readMix(tick, samples);
    t.ok(samples.every((sample) => sample === 50 + tick));
    for (let i = 0; i < MAX_VOICES; i++) {
      reader.readVoice(tick, i, samples);
      if (!samples.every((sample) => sample === i + 1)) t.fail(`voice ${i}`);
    }
    t.equal(reader.targeted.count(tick), 0);
  }
  t.end();
});

test('no more than 16 voices of a part have frames of their own', (t) => {
  t.equal(MAX_VOICES, 16);
  t.end();
});
