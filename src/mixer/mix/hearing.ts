/** The voices that one listener has set to their own level: louder, quieter, or silent. */

/** The gain of one voice for one listener. It moves from `from` to `to` over the frame of this tick; 1 is unchanged. */
export interface VoiceGain {
  readonly from: number;
  readonly to: number;
}

/** The gain of a voice that is heard unchanged. */
export const UNITY: VoiceGain = { from: 1, to: 1 };

interface MutableGain extends VoiceGain {
  from: number;
  to: number;
}

export class Hearing {
  readonly #gains = new Map<number, MutableGain>();
  /** Whether any gain is changing in this tick. */
  #changing = false;

  /** @param gains as in `set`, effective from the first frame on */
  constructor(gains?: ReadonlyMap<number, number>) {
    if (gains === undefined) return;
    for (const [voice, gain] of gains) if (gain !== 1) this.#gains.set(voice, { from: gain, to: gain });
  }

  /** No voice has a gain of its own. */
  get isPlain(): boolean {
    return this.#gains.size === 0;
  }

  /**
   * Takes effect over the next frame.
   * @param gains linear gains by voice, 0 for silence; voices that are not listed are heard unchanged
   */
  set(gains: ReadonlyMap<number, number>): void {
    this.#changing = true;
    for (const [voice, gain] of this.#gains) gain.to = gains.get(voice) ?? 1;
    for (const [voice, to] of gains) {
      if (!this.#gains.has(voice)) this.#gains.set(voice, { from: 1, to });
    }
  }

  /** Undefined for a voice that is heard unchanged. */
  gainOf(voice: number): VoiceGain | undefined {
    return this.#gains.get(voice);
  }

  /** The frame of this tick is over, and changing gains have reached their values. */
  endFrame(): void {
    if (!this.#changing) return;
    this.#changing = false;
    for (const [voice, gain] of this.#gains) {
      gain.from = gain.to;
      if (gain.to === 1) this.#gains.delete(voice);
    }
  }
}
