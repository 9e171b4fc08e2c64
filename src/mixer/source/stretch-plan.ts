/**
 * When to shorten or lengthen speech because no quiet frame comes in which the delay could be changed inaudibly.
 * Because packets are taken from the jitter buffer as a whole, a change continues a few milliseconds at a time until it
 * amounts to one frame; nothing is gained before that.
 */
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import { MAX_LAG, MIN_LAG } from './time-stretch.ts';

/** How long to wait for a quiet frame. */
const PATIENCE_TICKS = 500 / PTIME_MS;
/** To shorten speech, it must be decoded, and is then mixed until the next silence. A pause in it is nearly always nearer. */
export const PATIENCE_WHILE_PASSED_TICKS = 3000 / PTIME_MS;
const INTERVAL_TICKS = 100 / PTIME_MS;
/** Pause after a full frame: the jitter buffer must hand out a packet to know its new delay. */
const PAUSE_TICKS = 200 / PTIME_MS;

export type Stretch = 'shorten' | 'lengthen';

export class StretchPlan {
  #wanted: Stretch | undefined;
  #wantedTicks = 0;
  #ticksSince = INTERVAL_TICKS;
  #current: Stretch | undefined;
  /** Samples still to be skipped or repeated. */
  #left = 0;

  /** A change has been decided on and is not complete. */
  get isUnderway(): boolean {
    return this.#current !== undefined;
  }

  /** Maximum change of the delay in the next step. */
  get maxLag(): number {
    return this.#current === 'shorten' ? Math.min(this.#left, MAX_LAG) : MAX_LAG;
  }

  /**
   * One tick in which the delay is too long ('shorten'), too short ('lengthen'), or right; returns what to do.
   * @param patienceTicks how long to wait for a quiet frame, if no change is underway
   */
  next(wanted: Stretch | undefined, patienceTicks = PATIENCE_TICKS): Stretch | undefined {
    this.#wantedTicks = wanted === this.#wanted ? this.#wantedTicks + 1 : 0;
    this.#wanted = wanted;
    this.#ticksSince++;
    if (this.#current === undefined && wanted !== undefined && this.#wantedTicks >= patienceTicks) {
      this.#current = wanted;
      this.#left = FRAME_SAMPLES;
    }
    return this.#ticksSince >= INTERVAL_TICKS ? this.#current : undefined;
  }

  /** The step from `next` was done by this many samples. */
  done(samples: number): void {
    this.#ticksSince = 0;
    this.#left -= samples;
    const least = this.#current === 'shorten' ? MIN_LAG : 1;
    if (this.#left >= least) return;
    this.#current = undefined;
    this.#wantedTicks = PATIENCE_TICKS - PAUSE_TICKS;
  }

  /** A quiet frame has come. */
  cancel(): void {
    this.#wantedTicks = 0;
    this.#current = undefined;
  }
}
