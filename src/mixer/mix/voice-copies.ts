/**
 * Copies of a voice's frame, made once per tick and used by all listeners who need them: a voice that someone begins to
 * hear, or no longer hears, fades over one frame; and a channel may have a gain and an effect.
 */

import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { ChannelSet } from './channel-set.ts';
import type { ChannelSounds, Side, Way } from './channel-sounds.ts';
import type { Contributor } from './contributor.ts';
import type { Ducking } from './ducking.ts';
import { type Effect, VoiceEffect } from './voice-effect.ts';

interface Copy extends Readonly<Way> {
  readonly frame: Frame;
}

/** One voice on its way to one listener, in this tick and in the previous one. */
export interface VoicePath {
  before: number;
  now: number;
  /** Gains. */
  from: number;
  to: number;
  /** What the listener hears, in this tick and in the previous one. */
  heard: ChannelSet;
  heardBefore: ChannelSet;
  /** Of the listener's mix, in this tick and in the previous one. */
  side: Side;
  sideBefore: Side;
}

/** What a voice sounds like with an effect. */
interface Treated {
  readonly at: VoiceEffect;
  readonly frame: Frame;
  /** The frame is that of this tick. */
  isMade: boolean;
}

export class VoiceCopies {
  readonly #kernels: Kernels;
  readonly #sounds: ChannelSounds;
  readonly #copies = new Map<Contributor, Copy[]>();
  /** Effects that were at work in the previous tick, or are in this one. */
  readonly #treated = new Map<Contributor, Treated[]>();

  constructor(kernels: Kernels, sounds: ChannelSounds) {
    this.#kernels = kernels;
    this.#sounds = sounds;
  }

  /**
   * What this voice sounds like in this tick to those it reached on the path `before` and reaches on the path `now`;
   * undefined if it does not reach them. It is always the same frame for the same paths, so that what was added to a
   * sum can be subtracted again.
   * @param heard what the listeners hear
   * @param side of the listeners' mix
   */
  frameOf(
    voice: Contributor,
    before: number,
    now: number,
    heard = ChannelSet.ROOM,
    side: Side = 'both',
  ): Frame | undefined {
    const way = this.#sounds.wayOf(voice, before, now, heard, heard, side, side);
    const { from, to } = way;
    if (from === 0 && to === 0) return undefined;
    if (from === 1 && to === 1 && way.effect === way.effectBefore) return this.#frameWith(voice, way.effect);
    return this.#copyOf(voice, way);
  }

  /** Adds the same to `mix`, with the gains of this path. */
  addTo(mix: Frame, voice: Contributor, path: Readonly<VoicePath>): void {
    const { before, now, heard, heardBefore, side, sideBefore } = path;
    const way = this.#sounds.wayOf(voice, before, now, heard, heardBefore, side, sideBefore);
    way.from *= path.from;
    way.to *= path.to;
    this.#add(mix, voice, way);
  }

  get ducking(): Ducking {
    return this.#sounds.ducking;
  }

  /**
   * Adds voices from other parts of the room to `mix`.
   * @param add adds them as they are, and returns their number
   * @param heard what the listeners hear
   */
  addFromElsewhere(mix: Frame, add: (mix: Frame) => number, heard: ChannelSet): number {
    const { ducking } = this.#sounds;
    if (ducking.active.isEmpty) return add(mix);
    const elsewhere = this.#kernels.scratch('turned down from elsewhere');
    elsewhere.samples.fill(0);
    const voices = add(elsewhere);
    const [from, to] = [ducking.gainBefore(ChannelSet.ROOM, heard), ducking.gainNow(ChannelSet.ROOM, heard)];
    if (voices > 0) this.#kernels.addRamped(mix, elsewhere, from, to);
    return voices;
  }

  /** Channels that are not in the middle during this frame. */
  get panned(): ChannelSet {
    return this.#sounds.pannedInFrame;
  }

  /** The frame of this tick is over. */
  endFrame(): void {
    if (this.#copies.size > 0) this.#endCopies();
    if (this.#treated.size > 0) this.#endEffects();
  }

  close(): void {
    for (const all of this.#treated.values()) for (const treated of all) treated.isMade = false;
    this.endFrame();
  }

  #endCopies(): void {
    for (const copies of this.#copies.values()) for (const { frame } of copies) this.#kernels.frames.release(frame);
    this.#copies.clear();
  }

  #copyOf(voice: Contributor, way: Way): Frame {
    let copies = this.#copies.get(voice);
    if (copies === undefined) {
      copies = [];
      this.#copies.set(voice, copies);
    }
    for (const copy of copies) if (isSame(copy, way)) return copy.frame;
    const frame = this.#kernels.frames.take();
    frame.samples.fill(0);
    copies.push({ ...way, frame });
    this.#add(frame, voice, way);
    return frame;
  }

  #add(mix: Frame, voice: Contributor, { effectBefore, effect, from, to }: Way): void {
    if (effectBefore !== effect && from > 0 && to > 0) {
      this.#kernels.addRamped(mix, this.#frameWith(voice, effectBefore), from, 0);
      this.#kernels.addRamped(mix, this.#frameWith(voice, effect), 0, to);
      return;
    }
    const frame = this.#frameWith(voice, to > 0 ? effect : effectBefore);
    if (from === 1 && to === 1) this.#kernels.add(mix, frame);
    else if (from > 0 || to > 0) this.#kernels.addRamped(mix, frame, from, to);
  }

  #frameWith(voice: Contributor, effect: Effect | undefined): Frame {
    if (effect === undefined) return voice.frame;
    let all = this.#treated.get(voice);
    if (all === undefined) {
      all = [];
      this.#treated.set(voice, all);
    }
    let treated = all.find(({ at }) => at.effect === effect);
    if (treated === undefined) {
      treated = { at: new VoiceEffect(effect, voice.voice), frame: this.#kernels.frames.take(), isMade: false };
      all.push(treated);
    }
    if (!treated.isMade) treated.at.process(treated.frame.samples, voice.frame.samples, voice.isEnding);
    treated.isMade = true;
    return treated.frame;
  }

  /** An effect that nobody needed in this tick has missed a frame, so it is over. */
  #endEffects(): void {
    for (const [voice, all] of this.#treated) {
      for (let i = all.length - 1; i >= 0; i--) {
        const treated = all[i]!;
        if (!treated.isMade) {
          this.#kernels.frames.release(treated.frame);
          all.splice(i, 1);
        }
        treated.isMade = false;
      }
      if (all.length === 0) this.#treated.delete(voice);
    }
  }
}

function isSame(a: Way, b: Way): boolean {
  return a.from === b.from && a.to === b.to && a.effect === b.effect && a.effectBefore === b.effectBefore;
}
