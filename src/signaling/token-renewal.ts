import { type Cancel, type Clock, type Millis, setWallTimer } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { ServerMessage } from '../protocol/messages.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

/** How long before the end the client is told, but not before half of the remaining time has passed. */
const TOLD_BEFORE_MS: Millis = 300_000;
/** Each costs a signature or its verification. */
const RENEWALS = { perSecond: 0.2, burst: 4 } as const;

export interface TokenRenewalOptions {
  readonly clock: Clock;
  readonly registry: Pick<RoomRegistry, 'renewToken'>;
  readonly reply: (message: ServerMessage) => void;
  readonly fail: (thrown: unknown) => void;
}

/** Keeps the join token of one session's participant valid, with the help of their client. */
export class TokenRenewal {
  readonly #options: TokenRenewalOptions;
  readonly #allowance: TokenBucket;
  #participant: Participant | null = null;
  #cancel: Cancel = () => {};

  constructor(options: TokenRenewalOptions) {
    this.#options = options;
    this.#allowance = new TokenBucket({ ...RENEWALS, now: options.clock.now() });
  }

  /** The session represents this participant now. */
  start(participant: Participant): void {
    this.#participant = participant;
    this.#watch(participant);
  }

  /** The session represents nobody any more. */
  stop(): void {
    this.#participant = null;
    this.#cancel();
  }

  /** Throws `rate_limited`. Other errors come later, through `fail`. */
  renew(participant: Participant, token: string | undefined): void {
    const { clock, registry, reply, fail } = this.#options;
    const nowMs = clock.now();
    if (!this.#allowance.take(nowMs))
      throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(this.#allowance.waitMs(nowMs)) });
    const isWanted = () => this.#participant === participant;
    registry.renewToken(participant, token).then(
      ({ room, token: issued, expiresAtMs }) => {
        if (!isWanted()) return;
        const expiresInMs = Math.max(0, expiresAtMs - clock.wallNow());
        reply({ type: 'token_renewed', room, ...(issued !== null && { token: issued }), expiresInMs });
        this.#watch(participant);
      },
      (thrown: unknown) => {
        if (isWanted()) fail(thrown);
      },
    );
  }

  #watch({ tokenExpiresAtMs }: Participant): void {
    this.#cancel();
    if (tokenExpiresAtMs === undefined) return;
    const { clock, reply } = this.#options;
    const leftMs = tokenExpiresAtMs - clock.wallNow();
    this.#cancel = setWallTimer(clock, tokenExpiresAtMs - Math.min(TOLD_BEFORE_MS, leftMs / 2), () => {
      reply({ type: 'token_expires', inMs: Math.max(0, tokenExpiresAtMs - clock.wallNow()) });
    });
  }
}
