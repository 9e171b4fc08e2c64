import type { Clock } from '../lib/clock.ts';
import { AppError, type ErrorCode } from '../lib/errors.ts';
import { AddressCount } from '../lib/rates/address-count.ts';
import { AddressRate } from '../lib/rates/address-rate.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { BanList } from './ban-list.ts';

/** The errors that someone who guesses receives. */
export const WRONG_PROOF: ReadonlySet<ErrorCode> = new Set(['wrong_password', 'token_invalid']);

export interface AddressLimitsOptions {
  /** Concurrent WebSocket connections per address; 0: no limit. */
  readonly maxConnectionsPerAddress: number;
  /** WebSocket connections, and joins, per address and minute; 0: no limit. */
  readonly maxJoinsPerMinute: number;
  /** Wrong passwords and tokens per address and minute; 0: no limit. */
  readonly maxFailedJoinsPerMinute: number;
}

/** Limits per address, as written by `addressKey`, and which addresses are banned. */
export class AddressLimits {
  readonly #counts: LimitCounts;
  readonly #open: AddressCount;
  readonly #connects: AddressRate;
  readonly #joins: AddressRate;
  readonly #failures: AddressRate;
  readonly #bans: Pick<BanList, 'checkAddress'> | undefined;

  constructor(
    { maxConnectionsPerAddress, maxJoinsPerMinute, maxFailedJoinsPerMinute }: AddressLimitsOptions,
    clock: Clock,
    counts = new LimitCounts(),
    bans?: Pick<BanList, 'checkAddress'>,
  ) {
    this.#bans = bans;
    this.#open = new AddressCount(maxConnectionsPerAddress);
    this.#counts = counts;
    const rate = (perMinute: number, limit: 'connects_per_minute' | 'joins_per_minute' | 'failed_joins_per_minute') =>
      new AddressRate({ perMinute, clock, onRefused: () => counts.hit(limit) });
    this.#connects = rate(maxJoinsPerMinute, 'connects_per_minute');
    this.#joins = rate(maxJoinsPerMinute, 'joins_per_minute');
    this.#failures = rate(maxFailedJoinsPerMinute, 'failed_joins_per_minute');
  }

  setRates({
    maxJoinsPerMinute,
    maxFailedJoinsPerMinute,
  }: Omit<AddressLimitsOptions, 'maxConnectionsPerAddress'>): void {
    this.#connects.setPerMinute(maxJoinsPerMinute);
    this.#joins.setPerMinute(maxJoinsPerMinute);
    this.#failures.setPerMinute(maxFailedJoinsPerMinute);
  }

  /** `address` is the whole one, not its key. Throws `kicked` if it is banned. */
  checkBan(address: string): void {
    this.#bans?.checkAddress(address);
  }

  /** Throws `rate_limited`, or `too_many_connections` for this address. */
  connect(key: string): void {
    if (this.#open.isFull(key)) {
      this.#counts.hit('connections_per_address');
      throw new AppError('too_many_connections', 'The limit is per address.');
    }
    this.#connects.take(key);
  }

  /** Counts a connection until the returned function is called, once. */
  opened(key: string): () => void {
    return this.#open.add(key);
  }

  /**
   * `proves`: the join has a password or a token. It counts as wrong from now on, so that an address cannot have more
   * of them checked at a time than it may get wrong. Call the returned function if it was right. Throws `rate_limited`.
   */
  join(key: string, proves: boolean): () => void {
    this.#joins.take(key);
    if (!proves) return () => {};
    this.#failures.take(key);
    return () => this.#failures.giveBack(key);
  }

  /** Number of remembered addresses, each kind counted separately. */
  get remembered(): number {
    return this.#open.size + this.#connects.size + this.#joins.size + this.#failures.size;
  }
}
