/** Channels, whispers, gains and places of single people in a room of several parts: like in one part, a tick later. */

import fc from 'fast-check';
import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { ChannelSet } from '../../../src/mixer/mix/channel-set.ts';
import type { MixParticipant } from '../../../src/mixer/mix/mix-participant.ts';
import { Mixer } from '../../../src/mixer/mix/mixer.ts';
import { DEFAULT_SPACE } from '../../../src/mixer/space/space-settings.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { type BodyOptions, World } from '../../helpers/world.ts';

const SEED = Number(process.env['SEED'] ?? 3309);
const PEOPLE = 6;
const START_TICK = 100;
/** Until fades, headroom and returns to shared encoders are over. */
const SETTLE_TICKS = 90;

interface Act {
  readonly who: number;
  readonly talks: boolean;
  readonly speaksInto: readonly number[];
  readonly whispersTo: readonly number[];
  readonly hears: readonly number[];
  /** By the person who is heard. */
  readonly gains: readonly (readonly [number, number])[];
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

/** The people of one room, divided among mixers. */
class Room {
  readonly codec = new PlainCodec();
  readonly mixers: readonly Mixer[];
  readonly people: readonly MixParticipant[];
  readonly #partOf: readonly number[];
  readonly #last: (Int16Array | undefined)[] = [];
  readonly #talks = new Array<boolean>(PEOPLE).fill(false);
  #tick = START_TICK;

  /**
   * @param partOf by person, the number of the mixer
   * @param world where people are, if the room has a space
   */
  constructor(partOf: readonly number[], world?: World) {
    this.#partOf = partOf;
    const parts = Math.max(...partOf) + 1;
    this.mixers = Array.from({ length: parts }, () => {
      return new Mixer(new CodecPool(this.codec, () => 0), { maxTalkers: 0, levelling: false });
    });
    if (parts > 1) {
      const memories = this.mixers.map((_, order) => createSharedMix(order));
      for (const [i, mixer] of this.mixers.entries()) {
        const others = memories.filter((memory) => memory !== memories[i]);
        mixer.setLink(new SharedMixLink(memories[i]!, others, threadKernels()));
      }
    }
    if (world !== undefined) {
      for (const mixer of this.mixers) mixer.setSpace({ bodies: world.writer.memory, settings: DEFAULT_SPACE });
    }
    this.people = partOf.map((part, who) =>
      this.mixers[part]!.add({
        ...{ muted: false, deafened: false, takesStereo: true, voice: who + 1 },
        sink: {
          write: (payload) => {
            this.#last[who] = this.codec.decode(payload).slice();
          },
        },
      }),
    );
  }

  apply({ who, talks, speaksInto, whispersTo, hears, gains }: Act): void {
    const mixer = this.mixers[this.#partOf[who]!]!;
    const participant = this.people[who]!;
    this.#talks[who] = talks;
    mixer.setAddress(participant, {
      channels: ChannelSet.of(speaksInto),
      whispersTo: new Set(whispersTo.map((other) => other + 1)),
    });
    mixer.setChannels(participant, ChannelSet.of(hears));
    mixer.setHearing(participant, new Map(gains.map(([other, gain]) => [other + 1, gain])));
  }

  run(ticks: number): void {
    for (let n = 0; n < ticks; n++, this.#tick++) {
      this.#last.fill(undefined);
      for (const [who, participant] of this.people.entries()) {
        if (!this.#talks[who]) continue;
        // A sound of its own, whose sum with others tells which they are.
        const level = 400 * 2 ** who;
        const samples = new Int16Array(FRAME_SAMPLES).fill(level);
        const packet = {
          sequenceNumber: this.#tick & 0xffff,
          timestamp: (this.#tick * FRAME_SAMPLES) >>> 0,
          payload: this.codec.encode(samples),
          levelDbov: Math.round(20 * Math.log10(level / 32_768)),
          redundant: false,
        };
        this.mixers[this.#partOf[who]!]!.push(participant, packet, this.#tick * PTIME_MS);
      }
      for (const mixer of this.mixers) mixer.tick(this.#tick, this.#tick * PTIME_MS + 5);
    }
  }

  /** The last samples of what each person heard last, left and right. */
  get heard(): (readonly [number, number])[] {
    return this.people.map((_, who) => {
      const last = this.#last[who];
      const isStereo = last !== undefined && last.length > FRAME_SAMPLES;
      const right = last?.at(-1) ?? 0;
      return [isStereo ? (last.at(-2) ?? 0) : right, right];
    });
  }
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
        const whole = new Room(new Array<number>(PEOPLE).fill(0), world);
        const parts = new Room(partOf, world);
        for (const scene of acts) {
          for (const each of scene) {
            world?.put(each.who, each.body ?? { placed: false });
            for (const room of [whole, parts]) {
              room.apply(each);
              room.run(2);
            }
          }
          for (const room of [whole, parts]) room.run(SETTLE_TICKS);
          for (const [who, sides] of parts.heard.entries()) {
            const expected = whole.heard[who]!;
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
