/**
 * One part's figures and sums of the last ticks, in memory shared by the workers of a room. One worker writes, the
 * others read.
 */
import { FRAME_SAMPLES } from '../../mixer/format.ts';
import { CLAIM_RANKS, type TalkerStanding } from '../../mixer/source/talker-places.ts';
import { EMPTY, MISSING, SLOTS, slotOf } from './ring-slots.ts';
import { TARGETED_BYTES, TargetedRing } from './targeted-ring.ts';

/** Maximum number of voices in a slot with their own frame beside the sum, for listeners elsewhere who set a gain. */
export const MAX_VOICES = 16;

/** Words in a slot's header: its tick, the number of talkers in its sum, and the places its talkers have taken. */
const SLOT_WORDS = 4 + MAX_VOICES;
const [TICK, TALKERS, PLACES, VOICES, FIRST_VOICE] = [0, 1, 2, 3, 4] as const;
const WORDS = 1 + SLOTS * SLOT_WORDS;
const CLAIMS_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const CLAIMS_BYTES = CLAIM_RANKS * Uint16Array.BYTES_PER_ELEMENT;
const FRAMES_AT = Math.ceil((CLAIMS_AT + SLOTS * CLAIMS_BYTES) / 8) * 8;
const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT;
/** Samples of a slot: its sum and its voices. */
const SLOT_FRAMES = 1 + MAX_VOICES;
const TARGETED_AT = FRAMES_AT + SLOTS * SLOT_FRAMES * FRAME_BYTES;

/**
 * Memory for one part of a room.
 * @param order identifies a part within its room, and gives all parts the same order
 */
export function createSharedMix(order: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(TARGETED_AT + TARGETED_BYTES);
  const words = new Int32Array(memory, 0, WORDS).fill(EMPTY);
  words[0] = order;
  new TargetedRing(memory, TARGETED_AT).clear();
  return memory;
}

/** A voice that sounds in a part of a room. */
export interface SoundingVoice {
  /** Its number in hearings. */
  readonly voice: number;
  readonly frame: { readonly samples: Float32Array };
}

/** See `createSharedMix`. */
export class MixRing {
  readonly order: number;
  /** The voices that not everyone hears. */
  readonly targeted: TargetedRing;
  readonly #words: Int32Array;
  readonly #claims: readonly Uint16Array[];
  /** By slot: its sum, then its voices. */
  readonly #frames: readonly (readonly Float32Array[])[];

  constructor(memory: SharedArrayBuffer) {
    const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#claims = slots.map((slot) => new Uint16Array(memory, CLAIMS_AT + slot * CLAIMS_BYTES, CLAIM_RANKS));
    this.#frames = slots.map((slot) => {
      const at = (frame: number) => FRAMES_AT + (slot * SLOT_FRAMES + frame) * FRAME_BYTES;
      return Array.from({ length: SLOT_FRAMES }, (_, frame) => new Float32Array(memory, at(frame), FRAME_SAMPLES));
    });
    this.order = this.#words[0]!;
    this.targeted = new TargetedRing(memory, TARGETED_AT);
  }

  /** Only the first 16 voices have frames of their own; the sum `mix` contains all. */
  write(
    tick: number,
    mix: Float32Array,
    talkers: number,
    standing: TalkerStanding,
    voices: readonly SoundingVoice[],
  ): void {
    const slot = slotOf(tick);
    const at = 1 + slot * SLOT_WORDS;
    const words = this.#words;
    const frames = this.#frames[slot]!;
    Atomics.store(words, at + TICK, EMPTY);
    if (talkers > 0) frames[0]!.set(mix);
    const count = Math.min(voices.length, MAX_VOICES);
    for (let i = 0; i < count; i++) {
      words[at + FIRST_VOICE + i] = voices[i]!.voice;
      frames[1 + i]!.set(voices[i]!.frame.samples);
    }
    this.#claims[slot]!.set(standing.claims);
    Atomics.store(words, at + TALKERS, talkers);
    Atomics.store(words, at + PLACES, standing.places);
    Atomics.store(words, at + VOICES, count);
    Atomics.store(words, at + TICK, tick | 0);
  }

  /** Returns the number of talkers, with the samples in `into` unless it is 0; or `MISSING`. */
  readMix(tick: number, into: Float32Array): number {
    if (!this.#holds(tick)) return MISSING;
    const slot = slotOf(tick);
    const talkers = Atomics.load(this.#words, 1 + slot * SLOT_WORDS + TALKERS);
    if (talkers > 0) into.set(this.#frames[slot]![0]!);
    return this.#holds(tick) ? talkers : MISSING;
  }

  /** Writes the numbers of the voices with their own frame into `into`. Returns how many there are, or `MISSING`. */
  readVoices(tick: number, into: Int32Array): number {
    if (!this.#holds(tick)) return MISSING;
    const at = 1 + slotOf(tick) * SLOT_WORDS;
    const count = Atomics.load(this.#words, at + VOICES);
    for (let i = 0; i < count; i++) into[i] = this.#words[at + FIRST_VOICE + i]!;
    return this.#holds(tick) ? count : MISSING;
  }

  /**
   * Reads the frame of the voice at this position of `readVoices`. Returns false if it is no longer there; `into` is
   * then undefined.
   */
  readVoice(tick: number, index: number, into: Float32Array): boolean {
    if (!this.#holds(tick)) return false;
    into.set(this.#frames[slotOf(tick)]![1 + index]!);
    return this.#holds(tick);
  }

  /** Returns false if there are no figures for this tick; `into` is then undefined. */
  readStanding(tick: number, into: TalkerStanding): boolean {
    if (!this.#holds(tick)) return false;
    const slot = slotOf(tick);
    into.places = Atomics.load(this.#words, 1 + slot * SLOT_WORDS + PLACES);
    into.claims.set(this.#claims[slot]!);
    return this.#holds(tick);
  }

  /** Checked before and after reading, because a worker that is several ticks late reads what is being written. */
  #holds(tick: number): boolean {
    return Atomics.load(this.#words, 1 + slotOf(tick) * SLOT_WORDS + TICK) === (tick | 0);
  }
}
