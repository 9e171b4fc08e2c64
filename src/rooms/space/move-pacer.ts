import type { Cancel, Clock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { Pose } from './room-space.ts';

/** A client sends twenty a second. The limit is higher, because networks deliver some of them together. */
const MOVES = { perSecond: 25, burst: 10 } as const;

export interface MovePacerOptions {
  readonly turn: (yaw: number) => void;
  /** May throw. */
  readonly pose: (pose: Pose) => void;
  readonly clock: Clock;
}

/** Limits how often a client moves its player. Moves that are too early wait, and only the last one counts. */
export class MovePacer {
  readonly #options: MovePacerOptions;
  readonly #bucket: TokenBucket;
  #waitingYaw: number | undefined;
  #waitingPose: Pose | undefined;
  #cancel: Cancel | undefined;

  constructor(options: MovePacerOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...MOVES, now: options.clock.now() });
  }

  turn(yaw: number): void {
    if (this.#mayNow()) this.#options.turn(yaw);
    else this.#waitingYaw = yaw;
  }

  pose(pose: Pose): void {
    if (this.#mayNow()) this.#options.pose(pose);
    else this.#waitingPose = pose;
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #mayNow(): boolean {
    const { clock } = this.#options;
    if (this.#cancel !== undefined) return false;
    if (this.#bucket.take(clock.now())) return true;
    this.#cancel = clock.setTimer(clock.now() + this.#bucket.waitMs(clock.now()), () => this.#apply());
    return false;
  }

  #apply(): void {
    this.#cancel = undefined;
    this.#bucket.take(this.#options.clock.now());
    const [yaw, pose] = [this.#waitingYaw, this.#waitingPose];
    this.#waitingYaw = undefined;
    this.#waitingPose = undefined;
    if (yaw !== undefined) this.#options.turn(yaw);
    try {
      if (pose !== undefined) this.#options.pose(pose);
    } catch (thrown) {
      // The rules have changed while it waited. The next message gets that error as its answer.
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }
}
