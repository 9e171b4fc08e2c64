import type { Millis } from '../../lib/clock.ts';

/** Delays before the first, second, … restart; the last one repeats. */
const DELAYS_MS: readonly Millis[] = [0, 500, 1000, 2000, 5000];
/** A worker that has lived this long is healthy: its next death counts as the first again. */
export const STABLE_MS: Millis = 20_000;
/** This many deaths without a healthy life in between are no coincidence. */
const DEATHS_IN_A_LOOP = 3;

/** Decides when a dead worker is replaced, and whether its successors keep dying. */
export class RestartBackoff {
  #failures = 0;
  #deaths = 0;

  /** Workers start here and keep dying. False if they do not even start, because then their work is not the cause. */
  get isLoop(): boolean {
    return this.#deaths >= DEATHS_IN_A_LOOP;
  }

  /** A running worker has died. Returns the delay before the next one. */
  died(): Millis {
    this.#deaths++;
    return this.#delayMs();
  }

  /** A worker could not be started. Returns the delay before the next attempt. */
  notStarted(): Millis {
    this.#deaths = 0;
    return this.#delayMs();
  }

  /** A worker has lived for `STABLE_MS`. */
  stable(): void {
    this.#failures = 0;
    this.#deaths = 0;
  }

  #delayMs(): Millis {
    return DELAYS_MS[Math.min(this.#failures++, DELAYS_MS.length - 1)]!;
  }
}
