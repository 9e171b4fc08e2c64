import type { Millis } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { ClientMessage } from '../protocol/client-messages.ts';
import { DATA_RATE } from '../rooms/room-data.ts';

const BURST_SECONDS = 2;
/** Messages that move a player. They come twenty times a second. */
const MOVES = { perSecond: 30, burst: 60 } as const;

/** How many messages one client may send: in general, and in addition those of kinds that come more often. */
export class MessageRates {
  readonly #general: TokenBucket;
  readonly #moves: TokenBucket;
  readonly #data: TokenBucket;

  constructor(maxMessagesPerSecond: number, now: Millis) {
    this.#general = new TokenBucket({
      perSecond: maxMessagesPerSecond,
      burst: maxMessagesPerSecond * BURST_SECONDS,
      now,
    });
    this.#moves = new TokenBucket({ ...MOVES, now });
    this.#data = new TokenBucket({ ...DATA_RATE, now });
  }

  /** Counts one message; undefined if it has no known type. False: that was one too many. */
  take(type: ClientMessage['type'] | undefined, nowMs: Millis): boolean {
    return this.#ownBucket(type)?.take(nowMs) === true || this.#general.take(nowMs);
  }

  #ownBucket(type: ClientMessage['type'] | undefined): TokenBucket | undefined {
    switch (type) {
      case 'turn':
      case 'pose':
        return this.#moves;
      case 'data':
        return this.#data;
      default:
        return undefined;
    }
  }
}
