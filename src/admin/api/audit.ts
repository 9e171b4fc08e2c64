/** Who has done what by the API. */
import { type Clock, isoTime } from '../../lib/clock.ts';
import type { AuditEntry } from '../../protocol/api/audit-operations.ts';

/** The log has all of them. */
const MAX_ENTRIES = 1000;

export class AuditTrail {
  readonly #clock: Clock;
  readonly #entries: AuditEntry[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Newest first, at most a thousand. */
  get entries(): readonly AuditEntry[] {
    return this.#entries.toReversed();
  }

  add(entry: Omit<AuditEntry, 'at'>): void {
    if (this.#entries.length >= MAX_ENTRIES) this.#entries.shift();
    this.#entries.push({ at: isoTime(this.#clock.wallNow()), ...entry });
  }
}
