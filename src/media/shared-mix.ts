/**
 * How the parts of one room that several workers mix hear each other: each part writes the sum of its own talkers into
 * memory that all of them share, and adds in the next tick what the others wrote. Workers tick at the same times, so one
 * tick is always enough; what a part hears of itself stays exact, because only its own total is subtracted from.
 */
import { FRAME_SAMPLES } from '../mixer/format.ts';
import type { MixLink } from '../mixer/mixer.ts';
import { add, applyRamp } from '../mixer/pcm.ts';

/** One being written, one being read, and room for a worker that is late. */
const SLOTS = 4;
const EMPTY = -1;
/** The other worker has not come to that tick, or has passed it long ago. */
const MISSING = -1;
const SLOT_BYTES = Float32Array.BYTES_PER_ELEMENT * FRAME_SAMPLES;
const HEADER_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT * SLOTS;

/** Memory for one part's sums. */
export function createSharedMix(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + SLOTS * SLOT_BYTES);
  new Int32Array(memory, 0, 2 * SLOTS).fill(EMPTY);
  return memory;
}

/** The ring in such memory: for each slot the tick it belongs to, how many talk in it, and the samples. */
class Ring {
  readonly #header: Int32Array;
  readonly #frames: readonly Float32Array[];

  constructor(memory: SharedArrayBuffer) {
    this.#header = new Int32Array(memory, 0, 2 * SLOTS);
    this.#frames = Array.from(
      { length: SLOTS },
      (_, slot) => new Float32Array(memory, HEADER_BYTES + slot * SLOT_BYTES, FRAME_SAMPLES),
    );
  }

  write(tick: number, mix: Float32Array, talkers: number): void {
    const slot = tick % SLOTS;
    Atomics.store(this.#header, 2 * slot, EMPTY);
    if (talkers > 0) this.#frames[slot]!.set(mix);
    Atomics.store(this.#header, 2 * slot + 1, talkers);
    Atomics.store(this.#header, 2 * slot, tick | 0);
  }

  /** The number of talkers, with the samples in `into` unless it is 0; or `MISSING`. */
  read(tick: number, into: Float32Array): number {
    const slot = tick % SLOTS;
    if (Atomics.load(this.#header, 2 * slot) !== (tick | 0)) return MISSING;
    const talkers = Atomics.load(this.#header, 2 * slot + 1);
    if (talkers > 0) into.set(this.#frames[slot]!);
    // Overwritten while it was read: this worker is several ticks late.
    return Atomics.load(this.#header, 2 * slot) === (tick | 0) ? talkers : MISSING;
  }
}

/** What this part hears of one other part. */
class RemotePart {
  readonly #ring: Ring;
  #frame = new Float32Array(FRAME_SAMPLES);
  #previous = new Float32Array(FRAME_SAMPLES);
  #sounding = false;
  #missed = false;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new Ring(memory);
  }

  add(tick: number, mix: Float32Array): number {
    const talkers = this.#ring.read(tick, this.#frame);
    if (talkers === MISSING) return this.#bridge(mix);
    if (talkers > 0) {
      if (this.#missed) applyRamp(this.#frame, 0, 1, FRAME_SAMPLES);
      add(mix, this.#frame);
      [this.#frame, this.#previous] = [this.#previous, this.#frame];
    }
    this.#sounding = talkers > 0;
    this.#missed = false;
    return talkers;
  }

  /** Its worker is late: what it said last fades, and what it says next fades in. */
  #bridge(mix: Float32Array): number {
    this.#missed = true;
    if (!this.#sounding) return 0;
    this.#sounding = false;
    applyRamp(this.#previous, 1, 0, FRAME_SAMPLES);
    add(mix, this.#previous);
    return 1;
  }
}

/** One part's link to the others. */
export class SharedMixLink implements MixLink {
  readonly #own: Ring;
  readonly #others: readonly RemotePart[];

  /** @param memory of `createSharedMix`, one for each part */
  constructor(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[]) {
    this.#own = new Ring(own);
    this.#others = others.map((memory) => new RemotePart(memory));
  }

  publish(tick: number, mix: Float32Array, talkers: number): void {
    this.#own.write(tick, mix, talkers);
  }

  add(tick: number, mix: Float32Array): number {
    let talkers = 0;
    for (const other of this.#others) talkers += other.add(tick, mix);
    return talkers;
  }
}
