/**
 * Decides when DTLS handshakes may start. A handshake takes some milliseconds of this thread, so they start at a
 * limited rate, per address and in total; the others wait. An abandoned handshake does not block others. Addresses take
 * turns, so that a crowd behind one address only delays itself.
 */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';

export interface HandshakeLimits {
  readonly perSecond: number;
  readonly burst: number;
  readonly perSecondPerAddress: number;
  readonly burstPerAddress: number;
}

/** About a fifth of a core in total, and less than half of that for one address. */
export const HANDSHAKE_LIMITS: HandshakeLimits = {
  perSecond: 40,
  burst: 40,
  perSecondPerAddress: 16,
  burstPerAddress: 16,
};

const LOOK_EVERY_MS = 50;

interface Line {
  readonly allowance: TokenBucket;
  readonly waiting: Set<() => void>;
  usedMs: Millis;
}

export class HandshakeQueue {
  readonly #clock: Clock;
  readonly #limits: HandshakeLimits;
  readonly #allowance: TokenBucket;
  /** By address; the next turn comes first. */
  readonly #lines = new Map<string, Line>();
  #cancelLook: Cancel | null = null;

  constructor(clock: Clock, limits: HandshakeLimits = HANDSHAKE_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
    this.#allowance = new TokenBucket({ perSecond: limits.perSecond, burst: limits.burst, now: clock.now() });
  }

  /** Number of waiting handshakes. */
  get waiting(): number {
    let count = 0;
    for (const line of this.#lines.values()) count += line.waiting.size;
    return count;
  }

  /** Calls `begin` immediately or when its turn comes. The returned function removes it from the queue. */
  enter(address: string, begin: () => void): Cancel {
    const nowMs = this.#clock.now();
    const line = this.#lines.get(address) ?? this.#open(address, nowMs);
    // A new function, so that no two entries are equal.
    const turn = () => begin();
    line.waiting.add(turn);
    this.#look(nowMs);
    return () => void line.waiting.delete(turn);
  }

  /** No more handshakes start. */
  close(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#lines.clear();
  }

  #open(address: string, nowMs: Millis): Line {
    const { perSecondPerAddress: perSecond, burstPerAddress: burst } = this.#limits;
    const line = {
      allowance: new TokenBucket({ perSecond, burst, now: nowMs }),
      waiting: new Set<() => void>(),
      usedMs: nowMs,
    };
    this.#lines.set(address, line);
    return line;
  }

  /** Starts one handshake per address that may, as long as the total allows. */
  #look(nowMs: Millis): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    for (let began = true; began; ) {
      began = false;
      for (const [address, line] of [...this.#lines]) {
        const [turn] = line.waiting;
        if (turn === undefined) this.#forgetIfIdle(address, line, nowMs);
        else if (line.allowance.has(nowMs) && this.#allowance.take(nowMs)) {
          line.allowance.take(nowMs);
          line.usedMs = nowMs;
          line.waiting.delete(turn);
          this.#lines.delete(address);
          this.#lines.set(address, line);
          began = true;
          turn();
        }
      }
    }
    if (this.#lines.size === 0) return;
    this.#cancelLook = this.#clock.setTimer(nowMs + LOOK_EVERY_MS, () => this.#look(this.#clock.now()));
  }

  #forgetIfIdle(address: string, line: Line, nowMs: Millis): void {
    const { burstPerAddress, perSecondPerAddress } = this.#limits;
    if (nowMs - line.usedMs >= (burstPerAddress / perSecondPerAddress) * 1000) this.#lines.delete(address);
  }
}
