import type { Cancel, Clock } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { MemberState } from '../media/plane.ts';

/** How often somebody may unmute or undeafen. Fingers on a push-to-talk key are slower. */
const RELEASES = { perSecond: 4, burst: 8 } as const;

export interface StatePacerOptions {
  readonly clock: Clock;
  readonly apply: (state: MemberState) => void;
  /** A change has to wait. */
  readonly onHeldBack: () => void;
}

/**
 * Bounds how often somebody changes their state. To mute and to deafen always takes effect at once: whoever mutes must not be heard any more.
 * The way back waits when it comes too often, and only the last that was wanted takes effect.
 */
export class StatePacer {
  readonly #options: StatePacerOptions;
  readonly #releases: TokenBucket;
  /** What takes effect later. */
  #wanted: MemberState | undefined;
  #cancelTimer: Cancel = () => {};

  constructor(options: StatePacerOptions) {
    this.#options = options;
    this.#releases = new TokenBucket({ ...RELEASES, now: options.clock.now() });
  }

  /** What was wanted last, if that has not taken effect yet. */
  get wanted(): MemberState | undefined {
    return this.#wanted;
  }

  /** Goes from one state to another, in two steps if need be. */
  change(current: MemberState, wanted: MemberState): void {
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

  /** What waits keeps them muted. */
  mute(): void {
    if (this.#wanted !== undefined) this.#wanted = { ...this.#wanted, muted: true };
  }

  /** What waits does not take effect any more. */
  cancel(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    this.#wanted = undefined;
  }
}
