/** Channels, whispers, gains and places of single people in a room of several parts: like in one part, a tick later. */

import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { cases } from '../../helpers/cases.ts';
import { type DividedAct, DividedRoom } from '../../helpers/divided-room.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3309);
const PEOPLE = 6;
/** Until fades, headroom and returns to shared encoders are over. */
const SETTLE_TICKS = 90;

interface Act extends DividedAct {
  /** Where they are in space, if they are. */
  readonly body: BodyOptions | null;
}

const person = fc.integer({ min: 0, max: PEOPLE - 1 });
const coordinate = fc.integer({ min: -10, max: 10 });
const channels = fc.uniqueArray(fc.constantFrom(0, 1, 2, 40), { maxLength: 3 });
const act: fc.Arbitrary<Act> = fc.record({
  who: person,
  talks: fc.boolean(),
  speaksInto: channels,
  whispersTo: fc.uniqueArray(person, { maxLength: 2 }),
  hears: channels,
  body: fc.option(
    fc.record({
      at: fc.tuple(coordinate, fc.constant(0), coordinate),
      yaw: fc.integer({ min: -180, max: 180 }),
      range: fc.constantFrom(5, 20),
    }),
    { freq: 3 },
  ),
  gains: fc.uniqueArray(fc.tuple(person, fc.constantFrom(0, 0.5, 2)), { selector: ([who]) => who, maxLength: 2 }),
});

/** A sound of their own, whose sum with others tells which they are. */
const SAYS = Array.from({ length: PEOPLE }, (_, who) => {
  const level = 400 * 2 ** who;
  const levelDbov = Math.round(20 * Math.log10(level / 32_768));
  return { frame: new Int16Array(FRAME_SAMPLES).fill(level), levelDbov };
});

/** The last samples of what each person heard last, left and right. */
function lastSamples({ heard }: DividedRoom): number[][] {
  return heard.map((sides) => sides.map((side) => side.at(-1)!));
}

const divided = fc
  .array(fc.integer({ min: 0, max: 2 }), { minLength: PEOPLE, maxLength: PEOPLE })
  .map((parts) => [0, 1, ...parts.slice(2)]);
const scenes = fc.array(fc.array(act, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });

for (const hasSpace of [false, true]) {
  const title = hasSpace ? 'channels, whispers, gains and places in space' : 'channels, whispers and gains';
  test(`with any ${title}, everyone hears the same as if the room were in one worker`, async (t) => {
    t.comment(`SEED=${SEED}`);
    let heardSomething = 0;
    fc.assert(
      fc.property(divided, scenes, (partOf, acts) => {
        const world = hasSpace ? new World() : undefined;
        const whole = new DividedRoom(new Array<number>(PEOPLE).fill(0), SAYS, world);
        const parts = new DividedRoom(partOf, SAYS, world);
        for (const scene of acts) {
          for (const each of scene) {
            world?.put(each.who, each.body ?? { placed: false });
            for (const room of [whole, parts]) {
              room.apply(each);
              room.run(2);
            }
          }
          for (const room of [whole, parts]) room.run(SETTLE_TICKS);
          const inWhole = lastSamples(whole);
          for (const [who, sides] of lastSamples(parts).entries()) {
            const expected = inWhole[who]!;
            if (sides.some((level) => level !== 0)) heardSomething++;
            if (sides.some((level, side) => Math.abs(level - expected[side]!) > 3)) {
              throw new Error(`person ${who} hears ${sides}, not ${expected}`);
            }
          }
        }
      }),
      { seed: SEED, numRuns: cases(50) },
    );
    t.ok(heardSomething > cases(100), `${heardSomething} times somebody heard something`);
  });
}
