/**
 * How the parts of one room in several workers hear each other: each part writes the sum of its own talkers into shared
 * memory, and in the next tick adds what the others wrote. Workers tick at the same times, so one tick is always
 * enough. A part's mix-minus stays exact, because talkers are subtracted only from their own part's total.
 */
import { cutTo } from '../../lib/cut.ts';
import type { Frame } from '../../mixer/kernels/frame.ts';
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import type { Contributor } from '../../mixer/mix/contributor.ts';
import type { Hearing } from '../../mixer/mix/hearing.ts';
import type { MixLink } from '../../mixer/mix/mix-link.ts';
import type { Heard } from '../../mixer/mix/mix-participant.ts';
import type { TalkerStanding } from '../../mixer/source/talker-places.ts';
import { MixRing, type SoundingVoice } from '../link/mix-ring.ts';
import { RemotePart } from './remote-part.ts';

const NO_VOICES: readonly SoundingVoice[] = [];

/** One part's link to the others. */
export class SharedMixLink implements MixLink {
  readonly #own: MixRing;
  readonly #kernels: Kernels;
  #others: readonly RemotePart[] = [];
  /** Parts that no longer exist, until their sound has ended. */
  readonly #ending: RemotePart[] = [];
  readonly #targeted: Contributor[] = [];
  #position = 0;
  #standings: TalkerStanding[] = [];

  /** @param own memory from `createSharedMix`, like that of the other parts */
  constructor(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[], kernels: Kernels) {
    this.#own = new MixRing(own);
    this.#kernels = kernels;
    this.setOthers(others);
  }

  get position(): number {
    return this.#position;
  }

  /** There is no other part, and no removed part is still fading. */
  get alone(): boolean {
    return this.#others.length === 0 && this.#ending.length === 0;
  }

  /** Whether this is the memory of this part, which every message repeats. */
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

  publish(
    tick: number,
    mix: Float32Array,
    talkers: number,
    standing: TalkerStanding,
    voices: readonly SoundingVoice[] = NO_VOICES,
    targeted: readonly Contributor[] = [],
  ): void {
    this.#own.write(tick, mix, talkers, standing, voices);
    this.#own.targeted.write(tick, targeted);
  }

  targeted(tick: number): readonly Contributor[] {
    const targeted = this.#targeted;
    let count = 0;
    for (const part of this.#others) for (const voice of part.targeted(tick)) targeted[count++] = voice;
    for (const part of this.#ending) for (const voice of part.targeted(tick)) targeted[count++] = voice;
    cutTo(targeted, count);
    return targeted;
  }

  /** Call `targeted` before: a part that is gone is closed once nothing of it is heard. */
  add(tick: number, mix: Frame): number {
    let talkers = 0;
    for (const other of this.#others) talkers += other.add(tick, mix);
    for (let i = this.#ending.length - 1; i >= 0; i--) {
      const part = this.#ending[i]!;
      const ending = part.add(tick, mix);
      talkers += ending;
      if (ending > 0 || part.hasTargeted) continue;
      part.close();
      this.#ending.splice(i, 1);
    }
    return talkers;
  }

  touches(hearing: Hearing): boolean {
    for (const part of this.#others) if (part.touches(hearing)) return true;
    for (const part of this.#ending) if (part.touches(hearing)) return true;
    return false;
  }

  heardBy(hearing: Hearing): Heard {
    const heard = heardOf(this.#others, hearing);
    if (heard === 'more') return heard;
    const ending = heardOf(this.#ending, hearing);
    return ending === 'nothing' ? heard : ending;
  }

  addFor(hearing: Hearing, mix: Frame): number {
    let voices = 0;
    for (const part of this.#others) voices += part.addFor(hearing, mix);
    for (const part of this.#ending) voices += part.addFor(hearing, mix);
    return voices;
  }

  /** No sound is added any more. */
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

/** The most that any of these parts gives a listener. */
function heardOf(parts: readonly RemotePart[], hearing: Hearing): Heard {
  let heard: Heard = 'nothing';
  for (const part of parts) {
    const more = part.heardBy(hearing);
    if (more === 'more') return more;
    if (more === 'beginnings') heard = more;
  }
  return heard;
}
