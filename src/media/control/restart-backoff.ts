import type { Millis } from '../../lib/clock.ts';

/** Before the first, second, … new start; the last one repeats. */
const DELAYS_MS: readonly Millis[] = [0, 500, 1000, 2000, 5000];
/** A worker that has lived for so long is sound: the next death is a first one again. */
export const STABLE_MS: Millis = 20_000;
/** So many deaths without a sound life between them are no accident. */
const DEATHS_IN_A_LOOP = 3;

/** How long to wait before a dead worker is replaced, and whether its successors die again and again. */
export class RestartBackoff {
  #failures = 0;
  #deaths = 0;

  /** Workers start here and die, again and again. False when they do not even start: then the fault is not what they do. */
  get isLoop(): boolean {
    return this.#deaths >= DEATHS_IN_A_LOOP;
  }

  /** A worker that ran has died: how long to wait before the next. */
  died(): Millis {
    this.#deaths++;
    return this.#delayMs();
  }

  /** A worker could not be started: how long to wait before the next attempt. */
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
