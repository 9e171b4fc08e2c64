import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { isProgram } from './presence.ts';
import type { Room } from './room.ts';

export interface DrainingOptions {
  readonly clock: Clock;
  readonly isEmpty: () => boolean;
  /** Everyone has left, or the deadline has passed. Called once. */
  readonly onDrained: () => void;
}

export interface DrainingState {
  /** Both in milliseconds since 1970. */
  readonly sinceMs: Millis;
  readonly deadlineMs: Millis | null;
}

/** Gives the requester time to see that draining has begun, even if the server is empty. */
const MIN_DURATION_MS: Millis = 500;

/** The time between "admit nobody new" and the shutdown of the server. */
export class Draining {
  readonly #options: DrainingOptions;
  readonly #startedMs: Millis;
  readonly #sinceMs: Millis;
  #deadlineMs: Millis | null = null;
  #cancelDeadline: Cancel = () => {};
  #cancelCheck: Cancel = () => {};
  #closed = false;

  constructor(options: DrainingOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.#sinceMs = options.clock.wallNow();
    this.check();
  }

  get state(): DrainingState {
    const { clock } = this.#options;
    const deadlineMs = this.#deadlineMs === null ? null : clock.wallNow() + this.#deadlineMs - clock.now();
    return { sinceMs: this.#sinceMs, deadlineMs };
  }

  /** Time until the deadline, null without one. */
  get endsInMs(): Millis | null {
    return this.#deadlineMs === null ? null : Math.max(0, this.#deadlineMs - this.#options.clock.now());
  }

  /** Replaces the deadline; null for none. */
  endIn(durationMs: Millis | null): void {
    const { clock } = this.#options;
    this.#cancelDeadline();
    this.#deadlineMs = durationMs === null ? null : clock.now() + Math.max(MIN_DURATION_MS, durationMs);
    if (this.#deadlineMs === null) this.#cancelDeadline = () => {};
    else this.#cancelDeadline = clock.setTimer(this.#deadlineMs, () => this.#drained());
  }

  /** Call when someone has left. */
  check(): void {
    const { clock, isEmpty } = this.#options;
    this.#cancelCheck();
    if (this.#closed || !isEmpty()) return;
    this.#cancelCheck = clock.setTimer(Math.max(clock.now(), this.#startedMs + MIN_DURATION_MS), () => {
      if (isEmpty()) this.#drained();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelDeadline();
    this.#cancelCheck();
  }

  #drained(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onDrained();
  }
}

/** Nobody is left who would leave by themselves: programs do not know that the server is draining. */
export function isDeserted(rooms: Iterable<Room>): boolean {
  for (const room of rooms) for (const { view } of room.everybody) if (!isProgram(view)) return false;
  return true;
}
