import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import { answerOffer, type Offer } from '../media/negotiation.ts';
import type { Participant } from '../rooms/participant.ts';
import type { JoinTrace } from './join-trace.ts';

export interface OffersOptions {
  readonly client: Pick<Offer, 'address' | 'isRemote'>;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Each costs the server some milliseconds. A client whose network changes sends a few in a row. */
const OFFERS = { perSecond: 2, burst: 8 } as const;

/** Answers the offers of one client. */
export class Offers {
  readonly #options: OffersOptions;
  readonly #rate: TokenBucket;

  constructor(options: OffersOptions) {
    this.#options = options;
    this.#rate = new TokenBucket({ ...OFFERS, now: options.clock.now() });
  }

  /** Returns the answer. Throws `too_many_offers`, and what `answerOffer` throws. */
  answer(participant: Participant, { sdp, restart }: Pick<Offer, 'sdp' | 'restart'>, trace?: JoinTrace): string {
    const { client, limitCounts, clock, log } = this.#options;
    const nowMs = clock.now();
    if (!this.#rate.take(nowMs)) {
      limitCounts.hit('offers_per_second');
      throw new AppError('too_many_offers', undefined, { retryAfterMs: Math.ceil(this.#rate.waitMs(nowMs)) });
    }
    const answer = (reached?: () => void) => answerOffer(participant, { sdp, restart, reached, ...client }, log);
    return trace === undefined ? answer() : trace.answer(answer);
  }
}
