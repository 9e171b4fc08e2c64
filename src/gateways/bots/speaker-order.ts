/** Puts the packets of one speaker into order, and on the time scale of the room. */
import type { Millis } from '../../lib/clock.ts';
import { distance32 } from '../../lib/serial.ts';
import type { TappedVoice } from '../../media/plane.ts';

/** Later packets have missed their place. */
const HOLD_MS: Millis = 200;
const SAMPLES_PER_MS = 48;
/** A stream that is off by more has begun afresh, or stood still. */
const MAX_OFF_MS: Millis = 200;
const MAX_LATE_MS: Millis = 5000;
/** More than a sender with packets of 2.5 ms has under way; beyond it the oldest are given out early. */
const MAX_HELD = 200;
/** Of those that come between two calls of `release`; a flood is not put into order. */
const MAX_WAITING = 1000;

export interface OrderedPacket {
  readonly payload: Uint8Array;
  /** In samples at 48 kHz of the room. */
  readonly time: number;
}

interface Held extends OrderedPacket {
  readonly arrivalMs: Millis;
}

export class SpeakerOrder {
  #stream: number | undefined;
  /** Of the newest packet: what its RTP timestamp is on the time scale of the room. */
  #timestamp = 0;
  #time = 0;
  readonly #held: Held[] = [];
  #givenTime = Number.NEGATIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  add({ stream, timestamp, arrivalMs, payload }: TappedVoice): void {
    if (this.#held.length >= MAX_WAITING) return;
    const arrival = arrivalMs * SAMPLES_PER_MS;
    let time = this.#time + distance32(timestamp, this.#timestamp);
    // Too late, or a copy. Timestamps that jump back further are those of another beginning.
    const isLate = time <= this.#givenTime && time > this.#givenTime - MAX_LATE_MS * SAMPLES_PER_MS;
    if (stream === this.#stream && isLate) return;
    const isOff = Math.abs(time - arrival) > MAX_OFF_MS * SAMPLES_PER_MS;
    if (stream !== this.#stream || isOff) time = Math.max(arrival, this.#givenTime + 1);
    this.#stream = stream;
    if (time >= this.#time || isOff) {
      this.#time = time;
      this.#timestamp = timestamp;
    }
    // Most come in order, so it is soon found.
    const after = this.#held.findLastIndex((each) => each.time <= time);
    if (this.#held[after]?.time === time) return;
    this.#held.splice(after + 1, 0, { payload, time, arrivalMs });
  }

  /** Gives out what has waited long enough. */
  release(nowMs: Millis, give: (packet: OrderedPacket) => void): void {
    while (this.#held.length > 0) {
      const [first] = this.#held;
      if (first!.arrivalMs > nowMs - HOLD_MS && this.#held.length <= MAX_HELD) return;
      this.#held.shift();
      this.#givenTime = first!.time;
      give(first!);
    }
  }
}
