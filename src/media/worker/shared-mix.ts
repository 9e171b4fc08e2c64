/**
 * How the parts of one room in several workers hear each other: each part writes the sum of its own talkers into shared
 * memory, and in the next tick adds what the others wrote. Workers tick at the same times, so one tick is always
 * enough. A part's mix-minus stays exact, because talkers are subtracted only from their own part's total.
 */
import type { Frame } from '../../mixer/kernels/frame.ts';
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import type { MixLink } from '../../mixer/mix/mixer.ts';
import { createStanding, type TalkerStanding } from '../../mixer/source/talker-places.ts';
import { MISSING, MixRing } from '../link/mix-ring.ts';

/** The talkers of a part that has been silent this long no longer take places: its worker hangs or is gone. */
const STALE_TICKS = 10;

/** This part's view of one other part. `order` identifies it within its room and is never reused. */
class RemotePart {
  readonly order: number;
  readonly #ring: MixRing;
  readonly #kernels: Kernels;
  readonly #standing = createStanding();
  #standingAge = 0;
  readonly #read = createStanding();
  #frame: Frame;
  #previous: Frame;
  #sounding = false;
  #missed = false;

  constructor(ring: MixRing, kernels: Kernels) {
    this.#ring = ring;
    this.order = ring.order;
    this.#kernels = kernels;
    this.#frame = kernels.frames.take();
    this.#previous = kernels.frames.take();
  }

  close(): void {
    this.#kernels.frames.release(this.#frame);
    this.#kernels.frames.release(this.#previous);
  }

  add(tick: number, mix: Frame): number {
    const talkers = this.#ring.readMix(tick, this.#frame.samples);
    if (talkers === MISSING) return this.#bridge(mix);
    if (talkers > 0) {
      if (this.#missed) this.#kernels.ramp(this.#frame, 0, 1);
      this.#kernels.add(mix, this.#frame);
      [this.#frame, this.#previous] = [this.#previous, this.#frame];
    }
    this.#sounding = talkers > 0;
    this.#missed = false;
    return talkers;
  }

  /** The standing of this tick or, while its worker is late, of the last one. */
  standing(tick: number): TalkerStanding {
    if (this.#ring.readStanding(tick, this.#read)) {
      copy(this.#standing, this.#read);
      this.#standingAge = 0;
    } else if (++this.#standingAge === STALE_TICKS) {
      this.#standing.places = 0;
      this.#standing.claims.fill(0);
    }
    return this.#standing;
  }

  /**
   * Its worker is late: its last frame fades, played backwards so that the samples join, and its next frame fades in.
   */
  #bridge(mix: Frame): number {
    this.#missed = true;
    if (!this.#sounding) return 0;
    this.#sounding = false;
    this.#previous.samples.reverse();
    this.#kernels.ramp(this.#previous, 1, 0);
    this.#kernels.add(mix, this.#previous);
    return 1;
  }
}

/** One part's link to the others. */
export class SharedMixLink implements MixLink {
  readonly #own: MixRing;
  readonly #kernels: Kernels;
  #others: readonly RemotePart[] = [];
  /** Parts that no longer exist, until their sound has ended. */
  readonly #ending: RemotePart[] = [];
  #position = 0;
  #standings: TalkerStanding[] = [];

  /** @param own memory of `createSharedMix`, as that of each of the others */
  constructor(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[], kernels: Kernels) {
    this.#own = new MixRing(own);
    this.#kernels = kernels;
    this.setOthers(others);
  }

  get position(): number {
    return this.#position;
  }

  /** There is no other part, and none is still fading. */
  get alone(): boolean {
    return this.#others.length === 0 && this.#ending.length === 0;
  }

  /** Whether this is the memory of this part, which every message contains again. */
  writesTo(own: SharedArrayBuffer): boolean {
    return new MixRing(own).order === this.#own.order;
  }

  /** Parts that remain are heard without interruption. */
  setOthers(others: readonly SharedArrayBuffer[]): void {
    const before = this.#others;
    this.#others = others
      .map((memory) => new MixRing(memory))
      .map((ring) => before.find(({ order }) => order === ring.order) ?? new RemotePart(ring, this.#kernels))
      .sort((a, b) => a.order - b.order);
    this.#ending.push(...before.filter((part) => !this.#others.includes(part)));
    this.#position = this.#others.filter(({ order }) => order < this.#own.order).length;
    this.#standings = new Array(others.length + 1);
  }

  publish(tick: number, mix: Float32Array, talkers: number, standing: TalkerStanding): void {
    this.#own.write(tick, mix, talkers, standing);
  }

  add(tick: number, mix: Frame): number {
    let talkers = 0;
    for (const other of this.#others) talkers += other.add(tick, mix);
    for (let i = this.#ending.length - 1; i >= 0; i--) {
      const part = this.#ending[i]!;
      const ending = part.add(tick, mix);
      talkers += ending;
      if (ending > 0) continue;
      part.close();
      this.#ending.splice(i, 1);
    }
    return talkers;
  }

  /** Nothing is added any more. */
  close(): void {
    for (const part of [...this.#others, ...this.#ending]) part.close();
    this.#others = [];
    this.#ending.length = 0;
  }

  standings(tick: number, own: TalkerStanding): readonly TalkerStanding[] {
    const standings = this.#standings;
    standings[this.#position] = own;
    for (let i = 0; i < this.#others.length; i++) {
      standings[i < this.#position ? i : i + 1] = this.#others[i]!.standing(tick);
    }
    return standings;
  }
}

function copy(into: TalkerStanding, from: TalkerStanding): void {
  into.places = from.places;
  into.claims.set(from.claims);
}
