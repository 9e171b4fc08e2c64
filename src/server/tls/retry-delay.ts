import type { Millis } from '../../lib/clock.ts';

/** Let's Encrypt lets a name fail five times in an hour; an attempt may be two of them. */
const FIRST_MS: Millis = 60_000;
const FACTOR = 3;
const LAST_MS: Millis = 6 * 3_600_000;
/** What a directory asks for is done, but the operator may mend things before. */
const MAX_MS: Millis = 24 * 3_600_000;
/** Servers that failed at the same time do not come back at the same time. */
const JITTER = 0.2;

export interface RetryDelayOptions {
  /** Failures in a row, this one included. */
  readonly failures: number;
  /** What the directory asked for, 0 for nothing. */
  readonly askedForMs: Millis;
  /** From 0 to 1. */
  readonly random: number;
}

/** How long to wait before the next attempt: 1 min, 3, 9, 27, 81, 243, then 6 h, each up to a fifth longer. */
export function retryDelayMs({ failures, askedForMs, random }: RetryDelayOptions): Millis {
  const ownMs = Math.min(LAST_MS, FIRST_MS * FACTOR ** (failures - 1));
  return Math.min(MAX_MS, Math.max(ownMs, askedForMs) * (1 + JITTER * random));
}
