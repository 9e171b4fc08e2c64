/**
 * How the parts of one room that several workers mix hear each other: each part writes the sum of its own talkers into
 * memory that all of them share, and adds in the next tick what the others wrote. Workers tick at the same times, so one
 * tick is always enough; what a part hears of itself stays exact, because only its own total is subtracted from.
 */
import { FRAME_SAMPLES } from '../../mixer/format.ts';
import { add, applyRamp } from '../../mixer/kernels/pcm.ts';
import type { MixLink } from '../../mixer/mix/mixer.ts';
import { createStanding, type TalkerStanding } from '../../mixer/source/talker-places.ts';
import { MISSING, MixRing } from '../link/mix-ring.ts';

/** The talkers of a part that has told nothing for so long take no places any more: its worker hangs or is gone. */
const STALE_TICKS = 10;

/** What this part hears of one other part. `order` tells it from all others of its room, and is never given again. */
class RemotePart {
  readonly order: number;
  readonly #ring: MixRing;
  readonly #standing = createStanding();
  #standingAge = 0;
  readonly #read = createStanding();
  #frame = new Float32Array(FRAME_SAMPLES);
  #previous = new Float32Array(FRAME_SAMPLES);
  #sounding = false;
  #missed = false;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new MixRing(memory);
    this.order = this.#ring.order;
  }

  add(tick: number, mix: Float32Array): number {
    const talkers = this.#ring.readMix(tick, this.#frame);
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

  /** That of this tick, or while its worker is late the last one. */
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

  /** Its worker is late: what it said last fades, backwards so that the samples join, and what it says next fades in. */
  #bridge(mix: Float32Array): number {
    this.#missed = true;
    if (!this.#sounding) return 0;
    this.#sounding = false;
    this.#previous.reverse();
    applyRamp(this.#previous, 1, 0, FRAME_SAMPLES);
    add(mix, this.#previous);
    return 1;
  }
}

/** One part's link to the others. */
export class SharedMixLink implements MixLink {
  readonly #own: MixRing;
  #others: readonly RemotePart[] = [];
  /** Parts that are no longer there, until what they said has ended. */
  readonly #ending: RemotePart[] = [];
  #position = 0;
  #standings: TalkerStanding[] = [];

  /** @param memory of `createSharedMix`, one for each part */
  constructor(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[]) {
    this.#own = new MixRing(own);
    this.setOthers(others);
  }

  get position(): number {
    return this.#position;
  }

  /** There is no other part, and none is to be heard any more. */
  get alone(): boolean {
    return this.#others.length === 0 && this.#ending.length === 0;
  }

  /** Whether this is the memory of this very part, as every message brings it anew. */
  writesTo(own: SharedArrayBuffer): boolean {
    return new MixRing(own).order === this.#own.order;
  }

  /** Those that stay are heard on without a break. */
  setOthers(others: readonly SharedArrayBuffer[]): void {
    const before = this.#others;
    this.#others = others
      .map((memory) => new RemotePart(memory))
      .map((part) => before.find(({ order }) => order === part.order) ?? part)
      .sort((a, b) => a.order - b.order);
    this.#ending.push(...before.filter((part) => !this.#others.includes(part)));
    this.#position = this.#others.filter(({ order }) => order < this.#own.order).length;
    this.#standings = new Array(others.length + 1);
  }

  publish(tick: number, mix: Float32Array, talkers: number, standing: TalkerStanding): void {
    this.#own.write(tick, mix, talkers, standing);
  }

  add(tick: number, mix: Float32Array): number {
    let talkers = 0;
    for (const other of this.#others) talkers += other.add(tick, mix);
    for (let i = this.#ending.length - 1; i >= 0; i--) {
      const ending = this.#ending[i]!.add(tick, mix);
      if (ending === 0) this.#ending.splice(i, 1);
      talkers += ending;
    }
    return talkers;
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
