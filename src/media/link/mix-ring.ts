/**
 * One part's figures and sums of the last ticks, in memory shared by the workers of a room. One worker writes, the
 * others read.
 */
import { FRAME_SAMPLES } from '../../mixer/format.ts';
import { CLAIM_RANKS, type TalkerStanding } from '../../mixer/source/talker-places.ts';

/** A power of two: one slot being written, one being read, and room for a late worker. */
const SLOTS = 4;
const EMPTY = -1;
/** The other worker has not reached that tick, or passed it long ago. */
export const MISSING = -1;

/** Words in a slot's header: its tick, the number of talkers in its sum, and the places its talkers have taken. */
const SLOT_WORDS = 3;
const [TICK, TALKERS, PLACES] = [0, 1, 2];
const WORDS = 1 + SLOTS * SLOT_WORDS;
const CLAIMS_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const CLAIMS_BYTES = CLAIM_RANKS * Uint16Array.BYTES_PER_ELEMENT;
const FRAMES_AT = Math.ceil((CLAIMS_AT + SLOTS * CLAIMS_BYTES) / 8) * 8;
const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT;

/**
 * Memory for one part of a room.
 * @param order identifies a part within its room, and gives all parts the same order
 */
export function createSharedMix(order: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(FRAMES_AT + SLOTS * FRAME_BYTES);
  const words = new Int32Array(memory, 0, WORDS).fill(EMPTY);
  words[0] = order;
  return memory;
}

/** See `createSharedMix`. */
export class MixRing {
  readonly order: number;
  readonly #words: Int32Array;
  readonly #claims: readonly Uint16Array[];
  readonly #frames: readonly Float32Array[];

  constructor(memory: SharedArrayBuffer) {
    const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#claims = slots.map((slot) => new Uint16Array(memory, CLAIMS_AT + slot * CLAIMS_BYTES, CLAIM_RANKS));
    this.#frames = slots.map((slot) => new Float32Array(memory, FRAMES_AT + slot * FRAME_BYTES, FRAME_SAMPLES));
    this.order = this.#words[0]!;
  }

  write(tick: number, mix: Float32Array, talkers: number, standing: TalkerStanding): void {
    const slot = tick & (SLOTS - 1);
    const at = 1 + slot * SLOT_WORDS;
    Atomics.store(this.#words, at + TICK!, EMPTY);
    if (talkers > 0) this.#frames[slot]!.set(mix);
    this.#claims[slot]!.set(standing.claims);
    Atomics.store(this.#words, at + TALKERS!, talkers);
    Atomics.store(this.#words, at + PLACES!, standing.places);
    Atomics.store(this.#words, at + TICK!, tick | 0);
  }

  /** Returns the number of talkers, with the samples in `into` unless it is 0; or `MISSING`. */
  readMix(tick: number, into: Float32Array): number {
    const slot = tick & (SLOTS - 1);
    if (!this.#holds(tick)) return MISSING;
    const talkers = Atomics.load(this.#words, 1 + slot * SLOT_WORDS + TALKERS!);
    if (talkers > 0) into.set(this.#frames[slot]!);
    return this.#holds(tick) ? talkers : MISSING;
  }

  /** Returns false if there are no figures for this tick; `into` is then undefined. */
  readStanding(tick: number, into: TalkerStanding): boolean {
    const slot = tick & (SLOTS - 1);
    if (!this.#holds(tick)) return false;
    into.places = Atomics.load(this.#words, 1 + slot * SLOT_WORDS + PLACES!);
    into.claims.set(this.#claims[slot]!);
    return this.#holds(tick);
  }

  /** Checked before and after reading, because a worker that is several ticks late reads what is being written. */
  #holds(tick: number): boolean {
    return Atomics.load(this.#words, 1 + (tick & (SLOTS - 1)) * SLOT_WORDS + TICK!) === (tick | 0);
  }
}
