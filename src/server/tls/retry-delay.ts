import type { Millis } from '../../lib/clock.ts';

/** Let's Encrypt allows five failures per name and hour, and one attempt may count as two. */
const FIRST_MS: Millis = 60_000;
const FACTOR = 3;
const LAST_MS: Millis = 6 * 3_600_000;
/** The directory's request is honoured up to this, because the operator may fix the problem earlier. */
const MAX_MS: Millis = 24 * 3_600_000;
/** Servers that failed at the same time should not retry at the same time. */
const JITTER = 0.2;

export interface RetryDelayOptions {
  /** Consecutive failures, including this one. */
  readonly failures: number;
  /** The delay requested by the directory, 0 for none. */
  readonly askedForMs: Millis;
  /** From 0 to 1. */
  readonly random: number;
}

/** The delay before the next attempt: 1 min, 3, 9, 27, 81, 243, then 6 h, each up to a fifth longer. */
export function retryDelayMs({ failures, askedForMs, random }: RetryDelayOptions): Millis {
  const ownMs = Math.min(LAST_MS, FIRST_MS * FACTOR ** (failures - 1));
  return Math.min(MAX_MS, Math.max(ownMs, askedForMs) * (1 + JITTER * random));
}
