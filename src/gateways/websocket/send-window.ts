/**
 * How far behind the other end of a WebSocket is, by its acknowledgements. Neither what `ws` has buffered nor what the
 * system has shows that: for a peer whom the network has cut off, the system takes 20 s of speech.
 */
import type { Millis } from '../../lib/clock.ts';
import type { Acknowledgement } from '../sound-frame.ts';

/** More frames on the way are more than anybody should have to hear late. */
const MAX_UNDER_WAY = 64;
/** An acknowledgement waits for as long as this. */
const ACKNOWLEDGED_EVERY_MS: Millis = 100;
/** With what acknowledgements take, and what is sent until then, less than 300 ms. */
const MAX_WAIT_MS: Millis = 80;
/** A longer path than this is no path, but a queue. */
const MAX_ROUND_TRIP_MS: Millis = 600;
/** The least round trip of so long is that of the path. */
const PERIOD_MS: Millis = 15_000;

export class SendWindow {
  readonly #sentAt = new Float64Array(MAX_UNDER_WAY);
  #sequence = 0;
  #acknowledged = 0;
  /** Nothing is sent until all has come: only then is the next round trip that of the path, and not of a queue. */
  #isPaused = false;
  /** The least round trips of this period and of the one before. */
  #leastMs = Number.POSITIVE_INFINITY;
  #leastBeforeMs = Number.POSITIVE_INFINITY;
  #periodEndsMs = 0;

  /** Another frame would come too late. */
  isBehind(nowMs: Millis): boolean {
    const underWay = this.#sequence - this.#acknowledged;
    if (underWay === 0) this.#isPaused = false;
    else this.#isPaused ||= underWay >= MAX_UNDER_WAY || nowMs > this.#dueMs;
    return this.#isPaused;
  }

  /** When the oldest frame on its way should have been acknowledged. */
  get #dueMs(): Millis {
    // Before the first acknowledgement nothing is known of the path.
    const roundTripMs = Math.min(this.#leastMs, this.#leastBeforeMs, MAX_ROUND_TRIP_MS);
    const oldestMs = this.#sentAt[(this.#acknowledged + 1) % MAX_UNDER_WAY]!;
    return oldestMs + roundTripMs + ACKNOWLEDGED_EVERY_MS + MAX_WAIT_MS;
  }

  /** A frame is sent now. Returns its number, from 1. */
  sent(nowMs: Millis): number {
    this.#sequence++;
    this.#sentAt[this.#sequence % MAX_UNDER_WAY] = nowMs;
    return this.#sequence;
  }

  /** From the other end. What cannot be is ignored. */
  acknowledge({ sequence, heldMs }: Acknowledgement, nowMs: Millis): void {
    if (sequence <= this.#acknowledged || sequence > this.#sequence) return;
    const roundTripMs = nowMs - this.#sentAt[sequence % MAX_UNDER_WAY]! - heldMs;
    this.#acknowledged = sequence;
    if (nowMs >= this.#periodEndsMs) {
      this.#leastBeforeMs = this.#leastMs;
      this.#leastMs = Number.POSITIVE_INFINITY;
      this.#periodEndsMs = nowMs + PERIOD_MS;
    }
    if (roundTripMs >= 0) this.#leastMs = Math.min(this.#leastMs, roundTripMs);
  }
}
