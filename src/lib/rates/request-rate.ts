import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { addressKey, type TrustedProxies } from '../net/client-address.ts';
import { AddressRate } from './address-rate.ts';
import type { LimitCounts } from './limit-counts.ts';

export interface RequestRateOptions {
  /** Per address; 0: no limit. */
  readonly maxRequestsPerMinute: number;
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  readonly limitCounts?: LimitCounts;
}

/** Limits HTTP requests per address and minute. WebSockets have limits of their own. */
export class RequestRate {
  readonly #rate: AddressRate;
  readonly #proxies: TrustedProxies;

  constructor({ maxRequestsPerMinute, proxies, clock, limitCounts }: RequestRateOptions) {
    const onRefused = () => limitCounts?.hit('requests_per_minute');
    this.#rate = new AddressRate({ perMinute: maxRequestsPerMinute, clock, onRefused });
    this.#proxies = proxies;
  }

  setMax(maxRequestsPerMinute: number): void {
    this.#rate.setPerMinute(maxRequestsPerMinute);
  }

  /** Counts this request. Throws `rate_limited` if it exceeds the limit. */
  take(request: IncomingMessage): void {
    this.#rate.take(addressKey(this.#proxies.clientOfRequest(request)));
  }
}
