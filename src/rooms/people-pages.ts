/** Everyone in a room, in pages, for people who look for somebody. */
import type { Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { ParticipantView } from './events.ts';

/** Of one participant: as fast as somebody scrolls. */
const EACH = { perSecond: 4, burst: 8 } as const;
/** Of everyone in a room together: a page of a room of ten thousand takes about a millisecond. */
const IN_ALL = { perSecond: 100, burst: 200 } as const;
const PAGE_SIZE = 100;

export interface PageQuery {
  readonly after?: string | undefined;
  readonly search: string;
}

export interface PeoplePage {
  readonly participants: readonly ParticipantView[];
  readonly next: string | null;
}

interface Listed {
  readonly view: ParticipantView;
}

export class PeoplePages {
  /** Their place in the order of arrival, and their name as it is compared, by id. */
  readonly #places = new Map<string, { readonly place: number; readonly name: string }>();
  readonly #rates = new WeakMap<Listed, TokenBucket>();
  readonly #inAll: TokenBucket;
  readonly #limitCounts: LimitCounts;
  #last = 0;

  constructor(limitCounts: LimitCounts, nowMs: Millis) {
    this.#limitCounts = limitCounts;
    this.#inAll = new TokenBucket({ ...IN_ALL, now: nowMs });
  }

  /** Who comes again keeps their place. */
  entered(id: string, name: string): void {
    this.#places.set(id, { place: this.#places.get(id)?.place ?? ++this.#last, name: plain(name) });
  }

  left(id: string): void {
    this.#places.delete(id);
  }

  /** @param people everyone by id. Throws `server_busy`. */
  page(asker: Listed, { after, search }: PageQuery, people: ReadonlyMap<string, Listed>, nowMs: Millis): PeoplePage {
    this.#take(asker, nowMs);
    const wanted = plain(search.trim());
    const from = Number(after ?? 0);
    const participants: ParticipantView[] = [];
    let last = 0;
    for (const [id, { place, name }] of this.#places) {
      if (!(place > from) || !name.includes(wanted)) continue;
      const one = people.get(id);
      if (one === undefined) continue;
      if (participants.length === PAGE_SIZE) return { participants, next: String(last) };
      participants.push(one.view);
      last = place;
    }
    return { participants, next: null };
  }

  #take(asker: Listed, nowMs: Millis): void {
    const own = this.#rates.get(asker) ?? new TokenBucket({ ...EACH, now: nowMs });
    this.#rates.set(asker, own);
    const waitMs = Math.max(own.waitMs(nowMs), this.#inAll.waitMs(nowMs));
    if (waitMs > 0) {
      this.#limitCounts.hit('people_pages_per_second');
      throw new AppError('server_busy', undefined, { retryAfterMs: Math.ceil(waitMs) });
    }
    own.take(nowMs);
    this.#inAll.take(nowMs);
  }
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
