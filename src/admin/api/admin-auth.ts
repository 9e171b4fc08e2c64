import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { AddressRate } from '../../lib/rates/address-rate.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';

export interface AdminAuthOptions {
  readonly token: string;
  /** Of one address; 0: any number. */
  readonly maxFailuresPerMinute: number;
  readonly clock: Clock;
  readonly limitCounts?: LimitCounts;
}

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;

/** Lets in who has the admin token. */
export class AdminAuth {
  /** Of digests with it nobody can tell how much of a guess was right. */
  readonly #key = randomBytes(32);
  readonly #digest: Buffer;
  readonly #failures: AddressRate;

  constructor({ token, maxFailuresPerMinute: perMinute, clock, limitCounts }: AdminAuthOptions) {
    this.#digest = this.#digestOf(token);
    const onRefused = () => limitCounts?.hit('failed_api_requests_per_minute');
    this.#failures = new AddressRate({ perMinute, clock, onRefused });
  }

  /**
   * `authorization` is the header, `addressKey` who asks. Throws `admin_token_required`, `admin_token_wrong`, or `rate_limited`
   * for more wrong ones. The right one is always taken: behind one address there may be many, and a stranger among them must not keep
   * the operator out.
   */
  check(authorization: string | undefined, addressKey: string): void {
    const token = BEARER.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new AppError('admin_token_required');
    if (timingSafeEqual(this.#digestOf(token), this.#digest)) return;
    this.#failures.take(addressKey);
    throw new AppError('admin_token_wrong');
  }

  #digestOf(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}
