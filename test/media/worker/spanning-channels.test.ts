/** Channels, whispers and gains of single people in a room of several parts: like in one part, a tick later. */
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
import { PlainCodec } from '../../helpers/plain-codec.ts';

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
}

const person = fc.integer({ min: 0, max: PEOPLE - 1 });
const channels = fc.uniqueArray(fc.constantFrom(0, 1, 2, 40), { maxLength: 3 });
const act: fc.Arbitrary<Act> = fc.record({
  who: person,
  talks: fc.boolean(),
  speaksInto: channels,
  whispersTo: fc.uniqueArray(person, { maxLength: 2 }),
  hears: channels,
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

  /** @param partOf by person, the number of the mixer */
  constructor(partOf: readonly number[]) {
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
    this.people = partOf.map((part, who) =>
      this.mixers[part]!.add({
        ...{ muted: false, deafened: false, voice: who + 1 },
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

  /** The last sample of what each person heard last. */
  get heard(): number[] {
    return this.people.map((_, who) => this.#last[who]?.at(-1) ?? 0);
  }
}

test('with any channels, whispers and gains, everyone hears the same as if the room were in one worker', async (t) => {
  t.comment(`SEED=${SEED}`);
  let heardElsewhere = 0;
  const partOf = fc
    .array(fc.integer({ min: 0, max: 2 }), { minLength: PEOPLE, maxLength: PEOPLE })
    .map((parts) => [0, 1, ...parts.slice(2)]);
  fc.assert(
    fc.property(
      partOf,
      fc.array(fc.array(act, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      (divided, scenes) => {
        const whole = new Room(divided.map(() => 0));
        const parts = new Room(divided);
        for (const scene of scenes) {
          for (const each of scene) {
            whole.apply(each);
            parts.apply(each);
            whole.run(2);
            parts.run(2);
          }
          whole.run(SETTLE_TICKS);
          parts.run(SETTLE_TICKS);
          const [expected, heard] = [whole.heard, parts.heard];
          heardElsewhere += heard.filter((level) => level !== 0).length;
          for (const [who, level] of heard.entries()) {
            if (Math.abs(level - expected[who]!) > 3)
              throw new Error(`person ${who} hears ${level}, not ${expected[who]}`);
          }
        }
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
  t.ok(heardElsewhere > 100, `${heardElsewhere} times somebody heard somebody`);
});
