import { AppError } from '../lib/errors.ts';
import { AddressRate } from '../lib/rates/address-rate.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';

export interface AddressLimitsOptions {
  /** WebSocket connections of one address at the same time; 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** WebSocket connections, and joins, of one address in a minute; 0: any number. */
  readonly maxJoinsPerMinute: number;
  /** Wrong passwords and tokens of one address in a minute; 0: any number. */
  readonly maxFailedJoinsPerMinute: number;
}

/** What one address, as `addressKey` writes it, may do. */
export class AddressLimits {
  readonly #maxConnections: number;
  readonly #counts: LimitCounts;
  readonly #open = new Map<string, number>();
  readonly #connects: AddressRate;
  readonly #joins: AddressRate;
  readonly #failures: AddressRate;

  constructor(
    { maxConnectionsPerAddress, maxJoinsPerMinute, maxFailedJoinsPerMinute }: AddressLimitsOptions,
    counts = new LimitCounts(),
  ) {
    this.#maxConnections = maxConnectionsPerAddress;
    this.#counts = counts;
    this.#connects = new AddressRate(maxJoinsPerMinute, () => counts.hit('connects_per_minute'));
    this.#joins = new AddressRate(maxJoinsPerMinute, () => counts.hit('joins_per_minute'));
    this.#failures = new AddressRate(maxFailedJoinsPerMinute, () => counts.hit('failed_joins_per_minute'));
  }

  /** Rejects with `rate_limited`, or with `too_many_connections` of this address. */
  async connect(key: string): Promise<void> {
    if (this.#maxConnections > 0 && (this.#open.get(key) ?? 0) >= this.#maxConnections) {
      this.#counts.hit('connections_per_address');
      throw new AppError('too_many_connections', 'These are those of your address.');
    }
    await this.#connects.take(key);
  }

  /** A connection stands until what this returns is called, once. */
  opened(key: string): () => void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    };
  }

  /** Rejects with `rate_limited`; `proves`: the join comes with a password or a token that may be wrong. */
  async join(key: string, proves: boolean): Promise<void> {
    await this.#joins.take(key);
    if (proves) await this.#failures.check(key);
  }

  /** The password or the token was wrong. */
  joinFailed(key: string): void {
    void this.#failures.take(key).catch(() => {});
  }

  /** How many addresses are remembered, with every kind counted by itself. */
  get remembered(): number {
    return this.#open.size + this.#connects.size + this.#joins.size + this.#failures.size;
  }

  close(): void {
    for (const rate of [this.#connects, this.#joins, this.#failures]) rate.close();
  }
}
