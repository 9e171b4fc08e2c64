import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { AddressRate } from '../../lib/rates/address-rate.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { type AdminScope, includesScope } from '../../protocol/api/scopes.ts';

/** A token of the API and what it is for. */
export interface AdminToken {
  /** Of who has it, for the log. */
  readonly name: string;
  readonly scope: AdminScope;
  readonly token: string;
}

export interface AdminAuthOptions {
  /** Without any, the API is off. */
  readonly tokens: readonly AdminToken[];
  /** Per address; 0: no limit. */
  readonly maxFailuresPerMinute: number;
  readonly clock: Clock;
  readonly limitCounts?: LimitCounts;
}

interface KnownToken extends Omit<AdminToken, 'token'> {
  readonly digest: Buffer;
}

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([\w\-.~+/]+=*) *$/i;
/** Whoever uses a token that is not of the operator. */
const OTHER = 'another token';

/** Checks the tokens of the API. */
export class AdminAuth {
  /** Digests with a random key reveal nothing about how much of a guess was right. */
  readonly #key = randomBytes(32);
  #known: readonly KnownToken[];
  readonly #failures: AddressRate;

  constructor({ tokens, maxFailuresPerMinute: perMinute, clock, limitCounts }: AdminAuthOptions) {
    this.#known = this.#digested(tokens);
    const onRefused = () => limitCounts?.hit('failed_api_requests_per_minute');
    this.#failures = new AddressRate({ perMinute, clock, onRefused });
  }

  /** Whether there is no token at all. */
  get isOff(): boolean {
    return this.#known.length === 0;
  }

  /** From now on these are valid, and no others. */
  setTokens(tokens: readonly AdminToken[]): void {
    this.#known = this.#digested(tokens);
  }

  setMaxFailures(perMinute: number): void {
    this.#failures.setPerMinute(perMinute);
  }

  /**
   * `authorization` is the header, `addressKey` identifies the client, `accepts` says which other tokens are right, and
   * `scope` is what is needed. Resolves with who has the token. Rejects with `api_off`, `admin_token_required`,
   * `admin_token_wrong`, `not_allowed` for too small a scope, or `rate_limited` after too many wrong ones. A right token
   * is always accepted: many people may share an address, and a stranger among them must not lock out the operator.
   */
  async check(
    authorization: string | undefined,
    addressKey: string,
    accepts: (token: string) => Promise<boolean>,
    scope: AdminScope = 'everything',
  ): Promise<string> {
    const token = tokenIn(authorization);
    const known = this.#knownBy(token);
    if (known === undefined) {
      if (await accepts(token)) return OTHER;
      throw this.#failure(addressKey);
    }
    if (!includesScope(known.scope, scope))
      throw new AppError('not_allowed', `This needs a token with the scope "${scope}"; yours has "${known.scope}".`);
    return known.name;
  }

  #knownBy(token: string): KnownToken | undefined {
    const digest = this.#digestOf(token);
    // All of them are compared, whichever it is.
    return this.#known.filter((known) => timingSafeEqual(digest, known.digest))[0];
  }

  #digested(tokens: readonly AdminToken[]): readonly KnownToken[] {
    return tokens.map(({ token, ...of }) => ({ ...of, digest: this.#digestOf(token) }));
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
