import fc from 'fast-check';
import { test } from 'tap';
import { type BodyDescription, BodyFields, type BodyPlace } from '../../../src/mixer/space/body-fields.ts';
import {
  BodyReader,
  EARS_COS,
  EARS_OF,
  EARS_SIN,
  EARS_X,
  EARS_Y,
  EARS_Z,
  ENCLOSURE,
  FACING_X,
  FACING_Y,
  FACING_Z,
  FLOATS,
  HEARS,
  JUMPS,
  LAYERS,
  MOUTH_X,
  MOUTH_Y,
  MOUTH_Z,
  MUFFLE,
  PLACED,
  RANGE,
  WORDS,
} from '../../../src/mixer/space/body-table.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 4103);
const coordinate = fc.integer({ min: -1000, max: 1000 });
const point = fc.tuple(coordinate, coordinate, coordinate);
const degrees = fc.constantFrom(0, 30, 90, 180, 270, -45, 400);
const places = fc.record<BodyPlace>({
  mouth: point,
  ears: point,
  yaw: degrees,
  pitch: fc.constantFrom(0, 30, -90),
  earsYaw: degrees,
  jump: fc.boolean(),
});
const bodies = fc.record<BodyDescription>({
  voice: fc.option(fc.integer({ min: 1, max: 1000 })),
  isPlaced: fc.boolean(),
  range: fc.integer({ min: 1, max: 100 }),
  layers: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  hears: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  enclosure: fc.nat({ max: 60_000 }),
  muffle: fc.constantFrom(0, 0.5, 1),
  earsOf: fc.option(fc.nat({ max: 1023 })),
});

/** A table, and one body in it as a media worker sees it. */
function setUp(slot: number) {
  const fields = new BodyFields();
  const reader = new BodyReader(fields.writer.memory);
  const see = () => {
    reader.refresh();
    return {
      float: (at: number) => reader.floats[slot * FLOATS + at]!,
      word: (at: number) => reader.words[slot * WORDS + at]!,
    };
  };
  return { fields, reader, see };
}

const isNear = (one: number, other: number) => Math.abs(one - other) < 1e-5;
const radians = (angle: number) => (angle * Math.PI) / 180;

test('a body that is placed has its mouth and ears there, and looks and listens in its directions', (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat({ max: 1023 }), places, (slot, place) => {
      const { fields, reader, see } = setUp(slot);
      fields.place(slot, place);
      const { float, word } = see();
      const facing = [FACING_X, FACING_Y, FACING_Z].map(float) as [number, number, number];
      const flat = Math.cos(radians(place.pitch));
      return (
        reader.slots === slot + 1 &&
        [MOUTH_X, MOUTH_Y, MOUTH_Z].every((at, i) => float(at) === place.mouth[i]) &&
        [EARS_X, EARS_Y, EARS_Z].every((at, i) => float(at) === place.ears[i]) &&
        isNear(facing[0], Math.sin(radians(place.yaw)) * flat) &&
        isNear(facing[1], Math.sin(radians(place.pitch))) &&
        isNear(facing[2], -Math.cos(radians(place.yaw)) * flat) &&
        isNear(float(EARS_SIN), Math.sin(radians(place.earsYaw))) &&
        isNear(float(EARS_COS), Math.cos(radians(place.earsYaw))) &&
        word(JUMPS) === (place.jump ? 1 : 0)
      );
    }),
    { seed: SEED, numRuns: cases(200) },
  );
  t.end();
});

test('what is known about a body is in its fields, and cleared it is as if nobody had been there', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 1022 }), bodies, (slot, body) => {
      const { fields, reader, see } = setUp(slot);
      fields.describe(slot, body);
      fields.setPair(slot, slot + 1, 1);
      const { float, word } = see();
      const isDescribed =
        reader.slots === slot + 1 &&
        reader.slotOf(body.voice ?? 0) === (body.voice === null ? undefined : slot) &&
        float(RANGE) === body.range &&
        float(MUFFLE) === body.muffle &&
        word(PLACED) === (body.isPlaced ? 1 : 0) &&
        word(LAYERS) === body.layers &&
        word(HEARS) === body.hears &&
        word(ENCLOSURE) === body.enclosure &&
        word(EARS_OF) === (body.earsOf ?? -1) &&
        reader.pairMuffle(slot, slot + 1) === 1;
      fields.clear(slot);
      const cleared = see();
      const isClear =
        [RANGE, MUFFLE].every((at) => cleared.float(at) === 0) &&
        [PLACED, LAYERS, HEARS, ENCLOSURE].every((at) => cleared.word(at) === 0) &&
        cleared.word(EARS_OF) === -1 &&
        reader.slotOf(body.voice ?? 0) === undefined &&
        reader.pairMuffle(slot, slot + 1) === 0;
      return isDescribed && isClear;
    }),
    { seed: SEED, numRuns: cases(200) },
  );
  t.end();
});

test('ears turn, and voices come and go, without any other change', (t) => {
  const { fields, reader, see } = setUp(5);
  const place = { mouth: [1, 2, 3], ears: [1, 2, 3], yaw: 0, pitch: 0, earsYaw: 0, jump: true } as const;
  fields.place(5, place);
  fields.turn(5, 90);
  t.ok(isNear(see().float(EARS_SIN), 1) && isNear(see().float(EARS_COS), 0));
  t.equal(see().float(FACING_Z), -1);
  fields.setVoice(5, 33);
  see();
  t.equal(reader.slotOf(33), 5);
  fields.setVoice(5, null);
  see();
  t.equal(reader.slotOf(33), undefined);
  fields.place(5, place);
  t.equal(see().word(JUMPS), 2, 'jumps are counted');
  t.end();
});

test('a batch becomes visible as a whole, even one that fails, and so does every single change', (t) => {
  const { fields, reader, see } = setUp(0);
  const place = { mouth: [1, 0, 0], ears: [0, 0, 0], yaw: 0, pitch: 0, earsYaw: 0, jump: false } as const;
  fields.place(0, place);
  t.equal(see().float(MOUTH_X), 1);
  fields.batch(() => {
    fields.place(0, { ...place, mouth: [2, 0, 0] });
    fields.turn(0, 90);
    fields.setMode('flat');
    fields.setVoice(0, 8);
    t.strictSame([see().float(MOUTH_X), reader.mode, reader.slotOf(8)], [1, 'on', undefined]);
  });
  t.strictSame([see().float(MOUTH_X), reader.mode, reader.slotOf(8)], [2, 'flat', 0]);
  t.throws(() =>
    fields.batch(() => {
      fields.place(0, { ...place, mouth: [3, 0, 0] });
      throw new Error('in the middle');
    }),
  );
  t.equal(see().float(MOUTH_X), 3);
  t.end();
});
