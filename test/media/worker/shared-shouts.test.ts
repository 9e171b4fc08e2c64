/** Shouts between linked rooms, whose parts are in any workers. */

import fc from 'fast-check';
import { test } from 'tap';
import { createSharedMix } from '../../../src/media/link/mix-ring.ts';
import { createShoutRing } from '../../../src/media/link/shout-ring.ts';
import { SharedMixLink } from '../../../src/media/worker/shared-mix.ts';
import { SharedShouts } from '../../../src/media/worker/shared-shouts.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { Kernels, threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { ChannelSet, ROOM_CHANNEL } from '../../../src/mixer/mix/channel-set.ts';
import type { Contributor } from '../../../src/mixer/mix/contributor.ts';
import type { MixParticipant } from '../../../src/mixer/mix/mix-participant.ts';
import { Mixer } from '../../../src/mixer/mix/mixer.ts';
import { type Address, NOBODY } from '../../../src/mixer/mix/voice-path.ts';
import { cases } from '../../helpers/cases.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const SEED = Number(process.env['SEED'] ?? 1203);
const PEOPLE = 6;
const START_TICK = 100;
/** Until fades, headroom and returns to shared encoders are over. */
const SETTLE_TICKS = 60;
/** The channel for shouts of each room. */
const SHOUTS = [5, 40, 63] as const;

interface Seat {
  readonly room: number;
  /** The worker. */
  readonly part: number;
}
interface Act {
  readonly who: number;
  readonly talks: boolean;
  readonly shouts: boolean;
  readonly muted: readonly number[];
}

const person = fc.integer({ min: 0, max: PEOPLE - 1 });
const seats = fc.array(fc.record({ room: fc.integer({ min: 0, max: 2 }), part: fc.integer({ min: 0, max: 1 }) }), {
  minLength: PEOPLE,
  maxLength: PEOPLE,
});
const act: fc.Arbitrary<Act> = fc.record({
  who: person,
  talks: fc.boolean(),
  shouts: fc.boolean(),
  muted: fc.uniqueArray(person, { maxLength: 1 }),
});
/** Pairs of rooms. */
const links = fc.subarray([
  [0, 1],
  [0, 2],
  [1, 2],
]);

function level(who: number): number {
  return 400 * 2 ** who;
}

/** Several people who hear each other through one codec; subclasses say how their mixers are connected. */
class People {
  readonly codec = new PlainCodec();
  readonly talks = new Array<boolean>(PEOPLE).fill(false);
  readonly mixers: Mixer[] = [];
  #tick = START_TICK;
  readonly #last: (Int16Array | undefined)[] = [];

  newMixer(): Mixer {
    const mixer = new Mixer(new CodecPool(this.codec, () => 0), { maxTalkers: 0, levelling: false });
    this.mixers.push(mixer);
    return mixer;
  }

  enter(mixer: Mixer, who: number): MixParticipant {
    const write = (payload: Uint8Array) => {
      this.#last[who] = this.codec.decode(payload).slice();
    };
    return mixer.add({ muted: false, deafened: false, voice: who + 1, sink: { write } });
  }

  run(ticks: number, mixerOf: (who: number) => readonly [Mixer, MixParticipant]): void {
    for (let n = 0; n < ticks; n++, this.#tick++) {
      this.#last.fill(undefined);
      for (let who = 0; who < PEOPLE; who++) {
        if (!this.talks[who]) continue;
        const packet = {
          sequenceNumber: this.#tick & 0xffff,
          timestamp: (this.#tick * FRAME_SAMPLES) >>> 0,
          payload: this.codec.encode(new Int16Array(FRAME_SAMPLES).fill(level(who))),
          levelDbov: Math.round(20 * Math.log10(level(who) / 32_768)),
          redundant: false,
        };
        const [mixer, participant] = mixerOf(who);
        mixer.push(participant, packet, this.#tick * PTIME_MS);
      }
      for (const mixer of this.mixers) mixer.tick(this.#tick, this.#tick * PTIME_MS + 5);
    }
  }

  heard(who: number): number {
    return this.#last[who]?.at(-1) ?? 0;
  }
}

/** Rooms in several workers, linked through their memory. */
function linkedRooms(places: readonly Seat[], pairs: readonly (readonly number[])[]) {
  const people = new People();
  const parts = [...new Set(places.map(({ room, part }) => `${room} ${part}`))].map((key) => {
    const [room = 0, part = 0] = key.split(' ').map(Number);
    const mixer = people.newMixer();
    return { key, room, mixer, mix: createSharedMix(part), shouts: createShoutRing(room + 1, part) };
  });
  for (const { room, mixer, mix, shouts } of parts) {
    const others = parts.filter((other) => other.room === room && other.mixer !== mixer);
    if (others.length > 0) {
      const memories = others.map((other) => other.mix);
      mixer.setLink(new SharedMixLink(mix, memories, threadKernels()));
    }
    const linked = parts.filter((other) => pairs.some((pair) => pair.includes(room) && pair.includes(other.room)));
    const link = new SharedShouts(shouts, SHOUTS[room]!, threadKernels());
    link.setOthers(linked.filter((other) => other.room !== room).map((other) => other.shouts));
    mixer.setShouts(link);
  }
  const entered = places.map(({ room, part }, who) => {
    const { mixer } = parts.find(({ key }) => key === `${room} ${part}`)!;
    const participant = people.enter(mixer, who);
    mixer.setChannels(participant, ChannelSet.of([ROOM_CHANNEL, SHOUTS[room]!]));
    return [mixer, participant] as const;
  });
  const apply = ({ who, talks, shouts, muted }: Act) => {
    const [mixer, participant] = entered[who]!;
    people.talks[who] = talks;
    const channels = shouts ? [ROOM_CHANNEL, SHOUTS[places[who]!.room]!] : [ROOM_CHANNEL];
    mixer.setAddress(participant, { channels: ChannelSet.of(channels), whispersTo: NOBODY });
    mixer.setHearing(participant, new Map(muted.map((other) => [other + 1, 0])));
  };
  return { people, apply, run: (ticks: number) => people.run(ticks, (who) => entered[who]!) };
}

/** The same in one mixer: a channel for each room, and one for the shouts of each pair of rooms. */
function oneRoom(places: readonly Seat[], pairs: readonly (readonly number[])[]) {
  const people = new People();
  const mixer = people.newMixer();
  const channelsOf = (room: number) =>
    pairs.flatMap((pair) => (pair.includes(room) ? [10 + 3 * pair[0]! + pair[1]!] : []));
  const entered = places.map(({ room }, who) => {
    const participant = people.enter(mixer, who);
    mixer.setChannels(participant, ChannelSet.of([room + 1, ...channelsOf(room)]));
    return [mixer, participant] as const;
  });
  const apply = ({ who, talks, shouts, muted }: Act) => {
    const { room } = places[who]!;
    people.talks[who] = talks;
    const channels = [room + 1, ...(shouts ? channelsOf(room) : [])];
    mixer.setAddress(entered[who]![1], { channels: ChannelSet.of(channels), whispersTo: NOBODY });
    mixer.setHearing(entered[who]![1], new Map(muted.map((other) => [other + 1, 0])));
  };
  return { people, apply, run: (ticks: number) => people.run(ticks, (who) => entered[who]!) };
}

test('everyone in linked rooms hears their own room and the shouts of the others, like in one mixer', async (t) => {
  t.comment(`SEED=${SEED}`);
  let heardSomething = 0;
  const scenes = fc.array(fc.array(act, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(seats, links, scenes, (places, pairs, acts) => {
      const rooms = linkedRooms(places, pairs);
      const one = oneRoom(places, pairs);
      for (const scene of acts) {
        for (const each of scene) {
          for (const world of [rooms, one]) {
            world.apply(each);
            world.run(2);
          }
        }
        for (const world of [rooms, one]) world.run(SETTLE_TICKS);
        for (let who = 0; who < PEOPLE; who++) {
          const [heard, expected] = [rooms.people.heard(who), one.people.heard(who)];
          if (heard !== 0) heardSomething++;
          if (Math.abs(heard - expected) > 3) throw new Error(`person ${who} hears ${heard}, not ${expected}`);
        }
      }
    }),
    { seed: SEED, numRuns: cases(50) },
  );
  t.ok(heardSomething > cases(100), `${heardSomething} times somebody heard something`);
});

const to = (...channels: number[]): Address => ({ channels: ChannelSet.of(channels), whispersTo: NOBODY });

function voice(number: number, said: Partial<Contributor> = {}): Contributor {
  return {
    voice: number,
    address: to(0, 5),
    addressBefore: to(0, 5),
    soundedBefore: true,
    isEnding: false,
    slot: 2,
    loudnessDbov: -25.5,
    frame: { address: 0, samples: new Float32Array(FRAME_SAMPLES).fill(number) },
    ...said,
  };
}

test('shouts begin and end as they do in their room, and fade when the rooms are no longer linked', async (t) => {
  const kernels = new Kernels(undefined);
  const [first, second] = [createShoutRing(1, 0), createShoutRing(2, 0)];
  const shouting = new SharedShouts(first, 5, kernels);
  const hearing = new SharedShouts(second, 40, kernels);
  const idle = kernels.frames.taken;
  hearing.setOthers([first]);
  const isHeard = (address: Address | undefined) => address?.channels.equals(ChannelSet.of([40]));
  shouting.publish(7, []);
  t.same(hearing.heard(7), []);
  shouting.publish(8, [voice(3, { addressBefore: to(0) })]);
  const [begun] = hearing.heard(8);
  t.ok(isHeard(begun?.address) && begun?.addressBefore.channels.isEmpty, 'from the middle of a word it fades in');
  t.match(begun, { voice: 3, slot: -1, soundedBefore: true });
  shouting.publish(9, [voice(3, { address: to(0, 7) })]);
  const [ended] = hearing.heard(9);
  t.ok(isHeard(ended?.addressBefore) && ended?.address.channels.isEmpty, 'what else is said there is not heard');
  shouting.publish(10, [voice(3)]);
  t.ok(isHeard(hearing.heard(10)[0]?.address));
  hearing.setOthers([]);
  shouting.publish(11, [voice(3)]);
  const [faded] = hearing.heard(11);
  t.ok(isHeard(faded?.addressBefore) && faded?.address.channels.isEmpty && faded.isEnding);
  t.notOk(hearing.isOver);
  t.same(hearing.heard(12), []);
  t.ok(hearing.isOver);
  t.equal(kernels.frames.taken, idle);
});

test('of two rooms that are unlinked at once, the one that is silent is over at once, and the other fades', async (t) => {
  const kernels = new Kernels(undefined);
  const [silent, loud, own] = [createShoutRing(1, 0), createShoutRing(2, 0), createShoutRing(3, 0)];
  const hearing = new SharedShouts(own, 40, kernels);
  const idle = kernels.frames.taken;
  hearing.setOthers([silent, loud]);
  new SharedShouts(loud, 5, kernels).publish(7, [voice(3)]);
  new SharedShouts(silent, 5, kernels).publish(7, []);
  t.equal(hearing.heard(7).length, 1);
  hearing.setOthers([]);
  t.equal(hearing.heard(8).length, 1);
  t.notOk(hearing.isOver);
  t.same(hearing.heard(9), []);
  t.ok(hearing.isOver);
  t.equal(kernels.frames.taken, idle);
});
