import type { Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';

/** Lines, edits and deletions of one person. */
const LINES = { perSecond: 1, burst: 5 } as const;
/** Beyond this number, those who wrote least recently start anew. */
const MAX_REMEMBERED = 2000;

interface Writer {
  readonly lines: TokenBucket;
  lastLineMs: Millis;
}

/** How often each person may write. They are known by `publicKeyOf`, so that coming back changes nothing for them. */
export class ChatRates {
  /** Those who wrote least recently come first. */
  readonly #writers = new Map<string, Writer>();

  /** Throws `slow_mode` if the person's last line is not yet this long ago. */
  checkSlowMode(person: string, slowModeMs: Millis, nowMs: Millis): void {
    const lastLineMs = this.#writers.get(person)?.lastLineMs ?? Number.NEGATIVE_INFINITY;
    const waitMs = lastLineMs + slowModeMs - nowMs;
    if (waitMs > 0) throw new AppError('slow_mode', undefined, { retryAfterMs: Math.ceil(waitMs) });
  }

  /** Counts a line, an edit or a deletion. Throws `too_many_lines`. */
  take(person: string, nowMs: Millis): void {
    const { lines } = this.#writer(person, nowMs);
    if (!lines.take(nowMs))
      throw new AppError('too_many_lines', undefined, { retryAfterMs: Math.ceil(lines.waitMs(nowMs)) });
  }

  /** The person has written a line, from which slow mode counts. */
  wrote(person: string, nowMs: Millis): void {
    this.#writer(person, nowMs).lastLineMs = nowMs;
  }

  #writer(person: string, nowMs: Millis): Writer {
    const writer = this.#writers.get(person) ?? {
      lines: new TokenBucket({ ...LINES, now: nowMs }),
      lastLineMs: Number.NEGATIVE_INFINITY,
    };
    this.#writers.delete(person);
    this.#writers.set(person, writer);
    for (const key of this.#writers.keys()) {
      if (this.#writers.size <= MAX_REMEMBERED) break;
      this.#writers.delete(key);
    }
    return writer;
  }
}
