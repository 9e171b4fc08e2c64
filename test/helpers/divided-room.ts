/** The people of one room, divided among the mixers of several workers, who say something constant. */
import { createSharedMix } from '../../src/media/link/mix-ring.ts';
import { SharedMixLink } from '../../src/media/worker/shared-mix.ts';
import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { threadKernels } from '../../src/mixer/kernels/kernels.ts';
import { ChannelSet } from '../../src/mixer/mix/channel-set.ts';
import type { ChannelSound } from '../../src/mixer/mix/channel-sounds.ts';
import type { MixParticipant } from '../../src/mixer/mix/mix-participant.ts';
import { Mixer } from '../../src/mixer/mix/mixer.ts';
import { DEFAULT_SPACE, type Emitter } from '../../src/mixer/space/space-settings.ts';
import { PlainCodec } from './plain-codec.ts';
import type { World } from './world.ts';

const START_TICK = 100;

/** What somebody does from now on. People are known by their index; the number of a voice is one more. */
export interface DividedAct {
  readonly who: number;
  readonly talks: boolean;
  readonly speaksInto: readonly number[];
  readonly whispersTo: readonly number[];
  readonly hears: readonly number[];
  /** By the person who is heard. */
  readonly gains: readonly (readonly [number, number])[];
}

/** What a person says in each frame. */
export interface Saying {
  readonly frame: Int16Array;
  readonly levelDbov: number;
}

export class DividedRoom {
  readonly codec = new PlainCodec();
  readonly mixers: readonly Mixer[];
  readonly people: readonly MixParticipant[];
  readonly #partOf: readonly number[];
  readonly #says: readonly Saying[];
  readonly #world: World | undefined;
  readonly #last: (Int16Array | undefined)[] = [];
  readonly #talks: boolean[];
  #tick = START_TICK;

  /**
   * @param partOf by person, the number of the mixer
   * @param says by person
   * @param world where people are, if the room has a space
   */
  constructor(partOf: readonly number[], says: readonly Saying[], world?: World) {
    this.#partOf = partOf;
    this.#says = says;
    this.#world = world;
    this.#talks = partOf.map(() => false);
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
    this.setEmitters([]);
    this.people = partOf.map((part, who) =>
      this.mixers[part]!.add({
        muted: false,
        deafened: false,
        takesStereo: true,
        voice: who + 1,
        sink: {
          write: (payload) => {
            this.#last[who] = this.codec.decode(payload).slice();
          },
        },
      }),
    );
  }

  apply({ who, talks, speaksInto, whispersTo, hears, gains }: DividedAct): void {
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

  setSounds(sounds: ReadonlyMap<number, ChannelSound>): void {
    for (const mixer of this.mixers) mixer.setChannelSounds(sounds);
  }

  /** Does nothing without a world. */
  setEmitters(emitters: readonly Emitter[]): void {
    if (this.#world === undefined) return;
    const { memory } = this.#world.writer;
    for (const mixer of this.mixers) mixer.setSpace({ bodies: memory, settings: { ...DEFAULT_SPACE, emitters } });
  }

  run(ticks: number): void {
    for (let n = 0; n < ticks; n++, this.#tick++) {
      this.#last.fill(undefined);
      for (const [who, participant] of this.people.entries()) {
        if (!this.#talks[who]) continue;
        const { frame, levelDbov } = this.#says[who]!;
        const packet = {
          sequenceNumber: this.#tick & 0xffff,
          timestamp: (this.#tick * FRAME_SAMPLES) >>> 0,
          payload: this.codec.encode(frame),
          levelDbov,
          redundant: false,
        };
        this.mixers[this.#partOf[who]!]!.push(participant, packet, this.#tick * PTIME_MS);
      }
      for (const mixer of this.mixers) mixer.tick(this.#tick, this.#tick * PTIME_MS + 5);
    }
  }

  /** The sides of what each person heard in the last tick; silence if nothing. */
  get heard(): (readonly [left: Int16Array, right: Int16Array])[] {
    return this.people.map((_, who) => {
      const last = this.#last[who] ?? new Int16Array(FRAME_SAMPLES);
      if (last.length <= FRAME_SAMPLES) return [last, last];
      return [last.filter((_, i) => i % 2 === 0), last.filter((_, i) => i % 2 === 1)];
    });
  }
}
