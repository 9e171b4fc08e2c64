/** What voices sound like with the effects of channels: each voice with each effect once per tick, for all listeners. */

import { cutTo } from '../../lib/cut.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Contributor } from './contributor.ts';
import { type Effect, VoiceEffect } from './voice-effect.ts';

/** What a voice sounds like with an effect. */
interface Treated {
  readonly at: VoiceEffect;
  readonly frame: Frame;
  /** The frame is that of this tick. */
  isMade: boolean;
}

export class EffectsAtWork {
  readonly #kernels: Kernels;
  /** Effects that were at work in the previous tick, or are in this one. */
  readonly #treated = new Map<Contributor, Treated[]>();

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** The voice's frame of this tick with an effect, or as it is. */
  frameOf(voice: Contributor, effect: Effect | undefined): Frame {
    if (effect === undefined) return voice.frame;
    const treated = this.#treatedBy(effect, voice);
    if (!treated.isMade) treated.at.process(treated.frame.samples, voice.frame.samples, voice.isEnding);
    treated.isMade = true;
    return treated.frame;
  }

  /** The frame of this tick is over. An effect that nobody needed in it has missed a frame, and ends. */
  endFrame(): void {
    for (const [voice, all] of this.#treated) {
      let kept = 0;
      for (const treated of all) {
        if (treated.isMade) all[kept++] = treated;
        else this.#kernels.frames.release(treated.frame);
        treated.isMade = false;
      }
      cutTo(all, kept);
      if (kept === 0) this.#treated.delete(voice);
    }
  }

  close(): void {
    for (const all of this.#treated.values()) for (const { frame } of all) this.#kernels.frames.release(frame);
    this.#treated.clear();
  }

  #treatedBy(effect: Effect, voice: Contributor): Treated {
    let all = this.#treated.get(voice);
    if (all === undefined) {
      all = [];
      this.#treated.set(voice, all);
    }
    for (const treated of all) if (treated.at.effect === effect) return treated;
    const treated = { at: new VoiceEffect(effect, voice.voice), frame: this.#kernels.frames.take(), isMade: false };
    all.push(treated);
    return treated;
  }
}
