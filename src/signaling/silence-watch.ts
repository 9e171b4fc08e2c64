import type { Cancel, Clock, Millis } from '../lib/clock.ts';

/** Pings are due this often per interval, so that those of many sessions leave together: waking up costs more. */
const PING_TIMES = 8;

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly pingIntervalMs: Millis;
  readonly ping: () => void;
  readonly onDead: () => void;
}

/** Sends a ping after a silence, and reports the connection as dead after the same time again without an answer. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #heardMs: Millis;
  #cancel: Cancel;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#heardMs = options.clock.now();
    this.#cancel = this.#watch();
  }

  /** When the client was last heard from. */
  get heardMs(): Millis {
    return this.#heardMs;
  }

  heard(): void {
    this.#heardMs = this.#options.clock.now();
  }

  stop(): void {
    this.#cancel();
  }

  #watch(pingedMs?: Millis): Cancel {
    const { clock, pingIntervalMs, ping, onDead } = this.#options;
    const dueMs = roundUp((pingedMs ?? this.#heardMs) + pingIntervalMs, pingIntervalMs / PING_TIMES);
    return clock.setTimer(dueMs, () => {
      const nowMs = clock.now();
      if (pingedMs !== undefined && this.#heardMs <= pingedMs) {
        onDead();
        return;
      }
      const isSilent = nowMs - this.#heardMs >= pingIntervalMs;
      if (isSilent) ping();
      this.#cancel = this.#watch(isSilent ? nowMs : undefined);
    });
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
