/** What one listener hears otherwise than everybody else: single voices louder, quieter, or not at all. */

/** The gain of one voice for one listener. Over the frame of this tick it goes from `from` to `to`; 1 is what everybody hears. */
export interface VoiceGain {
  readonly from: number;
  readonly to: number;
}

interface MutableGain extends VoiceGain {
  from: number;
  to: number;
}

export class Hearing {
  readonly #gains = new Map<number, MutableGain>();
  /** Some gain is on its way. */
  #changing = false;

  /** @param gains as in `set`, from the first frame on */
  constructor(gains?: ReadonlyMap<number, number>) {
    if (gains === undefined) return;
    for (const [voice, gain] of gains) if (gain !== 1) this.#gains.set(voice, { from: gain, to: gain });
  }

  /** Every voice is heard as everybody hears it. */
  get isPlain(): boolean {
    return this.#gains.size === 0;
  }

  /**
   * Takes effect over the next frame.
   * @param gains linear gains by voice, 0 for silence; voices that are not named are heard as everybody hears them
   */
  set(gains: ReadonlyMap<number, number>): void {
    this.#changing = true;
    for (const [voice, gain] of this.#gains) gain.to = gains.get(voice) ?? 1;
    for (const [voice, to] of gains) {
      if (!this.#gains.has(voice)) this.#gains.set(voice, { from: 1, to });
    }
  }

  /** Undefined for a voice that is heard as everybody hears it. */
  gainOf(voice: number): VoiceGain | undefined {
    return this.#gains.get(voice);
  }

  /** The frame of this tick is over: what was on its way has arrived. */
  endFrame(): void {
    if (!this.#changing) return;
    this.#changing = false;
    for (const [voice, gain] of this.#gains) {
      gain.from = gain.to;
      if (gain.to === 1) this.#gains.delete(voice);
    }
  }
}
