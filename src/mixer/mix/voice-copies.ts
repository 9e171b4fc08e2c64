/**
 * Copies of a voice's frame, made once per tick and used by all listeners who need them: a voice that someone begins to
 * hear, or no longer hears, fades over one frame.
 */
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { Place } from './mix-participant.ts';
import { NO_PATH } from './voice-path.ts';

interface Copy {
  readonly frame: Frame;
  readonly before: number;
  readonly now: number;
}

export class VoiceCopies {
  readonly #kernels: Kernels;
  readonly #copies = new Map<Place, Copy[]>();

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /**
   * What this voice sounds like in this tick to those it reached on the path `before` and reaches on the path `now`;
   * undefined if it does not reach them. It is always the same frame for the same paths, so that what was added to a
   * sum can be subtracted again.
   */
  frameOf(voice: Place, before: number, now: number): Frame | undefined {
    // A voice that starts fades in by itself.
    const from = voice.soundedBefore ? before : now;
    if (from === NO_PATH && now === NO_PATH) return undefined;
    if (from === NO_PATH || now === NO_PATH) return this.#fading(voice, from, now);
    return voice.source.frame;
  }

  /** The frame of this tick is over. */
  endFrame(): void {
    if (this.#copies.size === 0) return;
    for (const copies of this.#copies.values()) for (const { frame } of copies) this.#kernels.frames.release(frame);
    this.#copies.clear();
  }

  #fading(voice: Place, before: number, now: number): Frame {
    let copies = this.#copies.get(voice);
    if (copies === undefined) {
      copies = [];
      this.#copies.set(voice, copies);
    }
    let copy = copies.find((made) => made.before === before && made.now === now);
    if (copy === undefined) {
      const frame = this.#kernels.frames.take();
      frame.samples.set(voice.source.frame.samples);
      this.#kernels.ramp(frame, before === NO_PATH ? 0 : 1, now === NO_PATH ? 0 : 1);
      copy = { frame, before, now };
      copies.push(copy);
    }
    return copy.frame;
  }
}
