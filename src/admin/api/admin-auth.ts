import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { AddressRate } from '../../lib/rates/address-rate.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';

export interface AdminAuthOptions {
  readonly token: string;
  /** Per address; 0: no limit. */
  readonly maxFailuresPerMinute: number;
  readonly clock: Clock;
  readonly limitCounts?: LimitCounts;
}

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;

/** Checks the admin token. */
export class AdminAuth {
  /** Digests with a random key reveal nothing about how much of a guess was right. */
  readonly #key = randomBytes(32);
  readonly #digest: Buffer;
  readonly #failures: AddressRate;

  constructor({ token, maxFailuresPerMinute: perMinute, clock, limitCounts }: AdminAuthOptions) {
    this.#digest = this.#digestOf(token);
    const onRefused = () => limitCounts?.hit('failed_api_requests_per_minute');
    this.#failures = new AddressRate({ perMinute, clock, onRefused });
  }

  /**
   * `authorization` is the header, `addressKey` identifies the client, and `accepts` says which other tokens are right.
   * Rejects with `admin_token_required`, `admin_token_wrong`, or `rate_limited` after too many wrong ones. A right token
   * is always accepted: many people may share an address, and a stranger among them must not lock out the operator.
   */
  async check(
    authorization: string | undefined,
    addressKey: string,
    accepts: (token: string) => Promise<boolean>,
  ): Promise<void> {
    const token = tokenIn(authorization);
    if (!this.#isAdmin(token) && !(await accepts(token))) throw this.#failure(addressKey);
  }

  #isAdmin(token: string): boolean {
    return timingSafeEqual(this.#digestOf(token), this.#digest);
  }

  /** Throws `rate_limited` instead after too many. */
  #failure(addressKey: string): AppError {
    this.#failures.take(addressKey);
    return new AppError('admin_token_wrong');
  }

  #digestOf(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}

function tokenIn(authorization: string | undefined): string {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new AppError('admin_token_required');
  return token;
}
