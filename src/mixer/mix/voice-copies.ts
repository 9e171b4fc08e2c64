/**
 * Copies of a voice's frame, made once per tick and used by all listeners who need them: a voice that someone begins to
 * hear, or no longer hears, fades over one frame; and a channel may have a gain and an effect.
 */

import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { ChannelSounds, Way } from './channel-sounds.ts';
import type { Contributor } from './contributor.ts';
import { EffectsAtWork } from './effects-at-work.ts';
import type { Effect } from './voice-effect.ts';
import type { Side, VoicePath } from './voice-path.ts';

interface Copy extends Way {
  frame: Frame;
}

/** The copies of one voice. Those beyond `used` are left from earlier ticks, so that a tick creates no objects. */
interface CopyList {
  readonly copies: Copy[];
  used: number;
}

export class VoiceCopies {
  readonly kernels: Kernels;
  readonly sounds: ChannelSounds;
  readonly #effects: EffectsAtWork;
  readonly #lists = new Map<Contributor, CopyList>();

  constructor(kernels: Kernels, sounds: ChannelSounds) {
    this.kernels = kernels;
    this.sounds = sounds;
    this.#effects = new EffectsAtWork(kernels);
  }

  /**
   * What this voice sounds like in this tick to those on this path; undefined if it does not reach them. It is always
   * the same frame for the same path, so that what was added to a sum can be subtracted again.
   */
  frameOf(voice: Contributor, path: Readonly<VoicePath>): Frame | undefined {
    const way = this.sounds.wayOf(voice, path);
    const { from, to } = way;
    if (from === 0 && to === 0) return undefined;
    if (from === 1 && to === 1 && isSteady(way)) return this.#soundOf(voice, way.effect, way.side);
    return this.#copyOf(voice, way);
  }

  /** Adds the same to `mix`. */
  addTo(mix: Frame, voice: Contributor, path: Readonly<VoicePath>): void {
    this.#add(mix, voice, this.sounds.wayOf(voice, path));
  }

  /** The frame of this tick is over. */
  endFrame(): void {
    for (const [voice, list] of this.#lists) {
      for (let i = 0; i < list.used; i++) this.kernels.frames.release(list.copies[i]!.frame);
      if (list.used === 0) this.#lists.delete(voice);
      list.used = 0;
    }
    this.#effects.endFrame();
  }

  close(): void {
    this.endFrame();
    this.#lists.clear();
    this.#effects.close();
  }

  #copyOf(voice: Contributor, way: Way): Frame {
    let list = this.#lists.get(voice);
    if (list === undefined) {
      list = { copies: [], used: 0 };
      this.#lists.set(voice, list);
    }
    for (let i = 0; i < list.used; i++) if (isSame(list.copies[i]!, way)) return list.copies[i]!.frame;
    const frame = this.kernels.frames.take();
    frame.samples.fill(0);
    const copy = list.copies[list.used];
    if (copy === undefined) list.copies.push({ ...way, frame });
    else {
      copy.from = way.from;
      copy.to = way.to;
      copy.effect = way.effect;
      copy.effectBefore = way.effectBefore;
      copy.side = way.side;
      copy.sideBefore = way.sideBefore;
      copy.frame = frame;
    }
    list.used++;
    this.#add(frame, voice, way);
    return frame;
  }

  #add(mix: Frame, voice: Contributor, way: Way): void {
    const { effectBefore, effect, sideBefore, side, from, to } = way;
    if (!isSteady(way) && from > 0 && to > 0) {
      this.kernels.addRamped(mix, this.#soundOf(voice, effectBefore, sideBefore), from, 0);
      this.kernels.addRamped(mix, this.#soundOf(voice, effect, side), 0, to);
      return;
    }
    const frame = to > 0 ? this.#soundOf(voice, effect, side) : this.#soundOf(voice, effectBefore, sideBefore);
    if (from === 1 && to === 1) this.kernels.add(mix, frame);
    else this.kernels.addRamped(mix, frame, from, to);
  }

  /** Effects are those of radios and telephones, which are mono. */
  #soundOf(voice: Contributor, effect: Effect | undefined, side: Side): Frame {
    if (effect !== undefined || voice.sides === undefined || side === 'both')
      return this.#effects.frameOf(voice, effect);
    return side === 'left' ? voice.sides.left : voice.sides.right;
  }
}

/** The same effect and side over the whole frame. */
function isSteady({ effectBefore, effect, sideBefore, side }: Way): boolean {
  return effectBefore === effect && sideBefore === side;
}

function isSame(a: Way, b: Way): boolean {
  return (
    a.from === b.from &&
    a.to === b.to &&
    a.effect === b.effect &&
    a.effectBefore === b.effectBefore &&
    a.side === b.side &&
    a.sideBefore === b.sideBefore
  );
}
