/** One connection by WHIP or WHEP, which its client knows by a secret address. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { answerOffer, type Offer, type Sitter } from '../../media/negotiation.ts';
import type { SourceKind } from '../../media/plane.ts';
import { credentialsIn, fragmentOf, type IceCredentials, withCredentials } from './sdp-fragment.ts';

/** What the client does: it sends to a room, or it listens to one. */
export type SessionKind = 'whip' | 'whep';

export interface SessionOptions {
  readonly kind: SessionKind;
  readonly sitter: Sitter;
  /** The client ends the session. */
  readonly leave: () => void;
  readonly sdp: string;
  readonly source: SourceKind;
  readonly client: Pick<Offer, 'address' | 'isRemote'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Each costs the server some milliseconds, as for people in rooms. */
const RESTARTS = { perSecond: 2, burst: 8 } as const;

export class BroadcastSession {
  /** Nobody can guess it. */
  readonly id = randomBytes(24).toString('base64url');
  readonly kind: SessionKind;
  /** The answer to the offer. */
  readonly answer: string;
  readonly #sitter: Sitter;
  readonly #leave: () => void;
  readonly #offer: Omit<Offer, 'sdp' | 'restart'>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #restarts: TokenBucket;
  #sdp: string;
  #etag = newEtag();

  /** Throws what `answerOffer` throws. */
  constructor({ kind, sitter, leave, sdp, source, client, clock, log }: SessionOptions) {
    this.kind = kind;
    this.#sitter = sitter;
    this.#leave = leave;
    this.#sdp = sdp;
    this.#offer = { ...client, only: kind === 'whip' ? 'sendonly' : 'recvonly', source };
    this.#clock = clock;
    this.#log = log;
    this.#restarts = new TokenBucket({ ...RESTARTS, now: clock.now() });
    this.answer = answerOffer(sitter, { ...this.#offer, sdp, restart: false }, log);
  }

  /** Identifies the ICE session (RFC 9725 section 4.3.1). Strong, with its quotes. */
  get etag(): string {
    return this.#etag;
  }

  /** Whether these are other credentials than those of the latest offer. */
  isRestart({ ufrag, password }: IceCredentials): boolean {
    const known = credentialsIn(this.#sdp);
    return ufrag !== known.ufrag || password !== known.password;
  }

  /**
   * Restarts ICE with the client's new credentials. Returns the fragment for the client; the ETag is another from now
   * on. Throws `too_many_offers`, or what `answerOffer` throws.
   */
  restart(credentials: IceCredentials): string {
    const nowMs = this.#clock.now();
    if (!this.#restarts.take(nowMs))
      throw new AppError('too_many_offers', undefined, { retryAfterMs: Math.ceil(this.#restarts.waitMs(nowMs)) });
    const sdp = withCredentials(this.#sdp, credentials);
    const answer = answerOffer(this.#sitter, { ...this.#offer, sdp, restart: true }, this.#log);
    this.#sdp = sdp;
    this.#etag = newEtag();
    return fragmentOf(answer);
  }

  /** The client ends it. */
  end(): void {
    this.#leave();
  }
}

function newEtag(): string {
  return `"${randomBytes(12).toString('base64url')}"`;
}
