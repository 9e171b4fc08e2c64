import type { Clock } from '../lib/clock.ts';
import { AppError, toAppError } from '../lib/errors.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { ClientMessage } from '../protocol/client-messages.ts';
import { WRONG_PROOF } from '../rooms/address-limits.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';

/** Each is a leave and a join for two rooms. */
const SWITCHES = { perSecond: 0.5, burst: 5 } as const;

export interface RoomSwitchOptions {
  readonly clock: Clock;
  readonly registry: Pick<RoomRegistry, 'admitToSwitch' | 'switch'>;
  /** The client's address, as limits count it. */
  readonly from: string;
  /** See `AddressLimits.join`. */
  readonly mayJoin: (proves: boolean) => () => void;
  /** Whether the session still represents this participant. */
  readonly represents: (participant: Participant) => boolean;
  readonly done: (requestId: number | undefined) => void;
  readonly fail: (thrown: unknown, requestId: number | undefined) => void;
}

/** Lets the participant of one session change rooms. Whoever may join a room may switch to it. */
export class RoomSwitch {
  readonly #options: RoomSwitchOptions;
  readonly #allowance: TokenBucket;

  constructor(options: RoomSwitchOptions) {
    this.#options = options;
    this.#allowance = new TokenBucket({ ...SWITCHES, now: options.clock.now() });
  }

  /** Throws `rate_limited`. Other errors come later, through `fail`. */
  go(participant: Participant, message: ClientMessage & { type: 'switch_room' }): void {
    const { clock, registry, from, mayJoin, represents, done, fail } = this.#options;
    const nowMs = clock.now();
    if (!this.#allowance.take(nowMs))
      throw new AppError('rate_limited', undefined, { retryAfterMs: Math.ceil(this.#allowance.waitMs(nowMs)) });
    const wasNotWrong = mayJoin(message.password !== undefined || message.token !== undefined);
    const isWanted = () => represents(participant);
    const refuse = (thrown: unknown) => {
      if (isWanted()) fail(stayingError(thrown), message.requestId);
    };
    registry.admitToSwitch(participant, { ...message, from }, isWanted).then(
      (admission) => {
        wasNotWrong();
        if (!isWanted()) return;
        try {
          registry.switch(participant, message.room, admission);
          done(message.requestId);
        } catch (thrown) {
          refuse(thrown);
        }
      },
      (thrown: unknown) => {
        if (!WRONG_PROOF.has(toAppError(thrown).code)) wasNotWrong();
        refuse(thrown);
      },
    );
  }
}

/** Whoever is banned from one room stays in the other: `kicked` would end the connection. */
function stayingError(thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'kicked') return thrown;
  const { retryAfterMs } = thrown;
  const detail = 'A moderator has banned you from this room.';
  return new AppError('not_allowed', detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}
