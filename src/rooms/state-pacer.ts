import type { Cancel, Clock } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { ParticipantState } from '../media/plane.ts';

/** How often someone may unmute or undeafen. A push-to-talk key is slower. */
const RELEASES = { perSecond: 4, burst: 8 } as const;

export interface StatePacerOptions {
  readonly clock: Clock;
  readonly apply: (state: ParticipantState) => void;
  /** A change was delayed. */
  readonly onHeldBack: () => void;
}

/**
 * Limits how often someone changes their state. Muting and deafening always take effect immediately, because nobody may
 * be heard after muting. The reverse is delayed if it happens too often, and only the last request takes effect.
 */
export class StatePacer {
  readonly #options: StatePacerOptions;
  readonly #releases: TokenBucket;
  /** The state that will take effect later. */
  #wanted: ParticipantState | undefined;
  #cancelTimer: Cancel = () => {};

  constructor(options: StatePacerOptions) {
    this.#options = options;
    this.#releases = new TokenBucket({ ...RELEASES, now: options.clock.now() });
  }

  /** The last requested state, if it has not taken effect yet. */
  get wanted(): ParticipantState | undefined {
    return this.#wanted;
  }

  /** Goes from one state to another, in two steps if necessary. */
  change(current: ParticipantState, wanted: ParticipantState): void {
    this.cancel();
    const { clock, apply, onHeldBack } = this.#options;
    const nowMs = clock.now();
    const releases = (current.muted && !wanted.muted) || (current.deafened && !wanted.deafened);
    if (!releases || this.#releases.take(nowMs)) {
      apply(wanted);
      return;
    }
    onHeldBack();
    const restricted = { muted: current.muted || wanted.muted, deafened: current.deafened || wanted.deafened };
    apply(restricted);
    this.#wanted = wanted;
    const dueMs = nowMs + Math.ceil(this.#releases.waitMs(nowMs));
    this.#cancelTimer = clock.setTimer(dueMs, () => {
      this.#releases.take(clock.now());
      const { wanted = restricted } = this;
      this.cancel();
      apply(wanted);
    });
  }

  /** The delayed change keeps them muted. */
  mute(): void {
    if (this.#wanted !== undefined) this.#wanted = { ...this.#wanted, muted: true };
  }

  /** Discards the delayed change. */
  cancel(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    this.#wanted = undefined;
  }
}
