/**
 * Few wake-ups in place of many. A thread that waits in its event loop is woken by each datagram, and to be woken costs several times what it
 * costs to read one. Where many come, the worker waits outside of the event loop, as a network card does that moderates its interrupts, and looks
 * at its sockets, timers and messages in the middle between two ticks and right before each tick, which is when it needs what they hold.
 */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';

/** Ticks lie on this grid too. It is what a round trip may seem longer. */
export const POLL_INTERVAL_MS = 10;
const REVIEW_INTERVAL_MS = 1000;
/** Below the lower rate nothing is to be gained; between them it stays as it is. */
const ACTIVE_FROM_PER_SECOND = 200;
const ACTIVE_TO_PER_SECOND = 100;
/** What waits between two looks must fit into the sockets' buffers, which the system may have made small. */
const MAX_PER_SECOND = 10_000;
/** libuv takes no more from a socket at one time; who got this many looks again. */
const DATAGRAMS_PER_POLL = 32;
/** A tick does not wait longer for what is still in the sockets. */
const MAX_READING_MS = 2;

export interface WakeCoalescerOptions {
  readonly clock: Clock;
  /** How many have come so far. */
  readonly datagramsIn: () => number;
  /** Blocks the thread. */
  readonly sleep: (ms: Millis) => void;
  /** Calls back after the event loop has looked at its sockets, timers and messages once. */
  readonly afterPoll: (callback: () => void) => void;
}

/** The clock of a tick loop, which has one timer at a time and sets the next one when it fires. */
export class WakeCoalescer implements Clock {
  readonly #options: WakeCoalescerOptions;
  #isActive = false;
  #timer: { readonly at: Millis; readonly callback: () => void } | undefined;
  #sleptMs = 0;
  #datagramsAtPoll = 0;
  #reviewedAtMs: Millis;
  #datagramsAtReview = 0;

  constructor(options: WakeCoalescerOptions) {
    this.#options = options;
    this.#reviewedAtMs = options.clock.now();
  }

  /** Of all time. The event loop takes it for work. */
  get sleptMs(): Millis {
    return this.#sleptMs;
  }

  now(): Millis {
    return this.#options.clock.now();
  }

  wallNow(): Millis {
    return this.#options.clock.wallNow();
  }

  setTimer(at: Millis, callback: () => void): Cancel {
    this.#review();
    if (!this.#isActive) return this.#options.clock.setTimer(at, callback);
    const timer = { at, callback };
    this.#timer = timer;
    return () => {
      if (this.#timer === timer) this.#timer = undefined;
    };
  }

  #review(): void {
    const { clock, datagramsIn, afterPoll } = this.#options;
    const elapsedMs = clock.now() - this.#reviewedAtMs;
    if (elapsedMs < REVIEW_INTERVAL_MS) return;
    const datagrams = datagramsIn();
    const perSecond = ((datagrams - this.#datagramsAtReview) / elapsedMs) * 1000;
    this.#reviewedAtMs += elapsedMs;
    this.#datagramsAtReview = datagrams;
    const wasActive = this.#isActive;
    this.#isActive =
      perSecond >= (wasActive ? ACTIVE_TO_PER_SECOND : ACTIVE_FROM_PER_SECOND) && perSecond <= MAX_PER_SECOND;
    if (this.#isActive && !wasActive) afterPoll(this.#turn);
  }

  /**
   * One turn of the event loop, after it has read: runs the tick that is due, or else waits. What a tick leaves to the event loop comes before
   * the wait.
   */
  readonly #turn = (): void => {
    const timer = this.#timer;
    if (timer === undefined) return;
    const nowMs = this.now();
    const isAllRead = this.#isAllRead();
    if (nowMs >= timer.at) {
      if (isAllRead || nowMs >= timer.at + MAX_READING_MS) {
        this.#timer = undefined;
        timer.callback();
      }
    } else if (isAllRead) {
      const nextPollMs = (Math.floor(nowMs / POLL_INTERVAL_MS) + 1) * POLL_INTERVAL_MS;
      this.#options.sleep(Math.min(nextPollMs, timer.at) - nowMs);
      this.#sleptMs += this.now() - nowMs;
    }
    this.#options.afterPoll(this.#turn);
  };

  /** Whether the sockets were empty after the last look. */
  #isAllRead(): boolean {
    const datagrams = this.#options.datagramsIn();
    const came = datagrams - this.#datagramsAtPoll;
    this.#datagramsAtPoll = datagrams;
    return came < DATAGRAMS_PER_POLL;
  }
}
