import type { IncomingMessage } from 'node:http';
import { addressKey, type TrustedProxies } from '../net/client-address.ts';
import { AddressRate } from './address-rate.ts';
import type { LimitCounts } from './limit-counts.ts';

export interface RequestRateOptions {
  /** Of one address; 0: any number. */
  readonly maxRequestsPerMinute: number;
  readonly proxies: TrustedProxies;
  readonly limitCounts?: LimitCounts;
}

/** HTTP requests of each address in a minute. WebSockets have limits of their own. */
export class RequestRate {
  readonly #rate: AddressRate;
  readonly #proxies: TrustedProxies;

  constructor({ maxRequestsPerMinute, proxies, limitCounts }: RequestRateOptions) {
    this.#rate = new AddressRate(maxRequestsPerMinute, () => limitCounts?.hit('requests_per_minute'));
    this.#proxies = proxies;
  }

  /** Counts this one; rejects with `rate_limited` if that was too much. */
  take(request: IncomingMessage): Promise<void> {
    return this.#rate.take(addressKey(this.#proxies.clientOfRequest(request)));
  }

  close(): void {
    this.#rate.close();
  }
}
