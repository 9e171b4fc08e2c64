import type { Config } from '../../config/config.ts';
import type { Clock, Millis } from '../../lib/clock.ts';

/** The result of one check. */
export interface CheckResult {
  readonly name: string;
  /**
   * `warn`: it works, but not for everyone or not well. `fail`: the server does not start, or nobody would hear
   * anything.
   */
  readonly status: 'ok' | 'warn' | 'fail';
  /** Sentences for the operator: the finding and, if there is a problem, what to do. */
  readonly text: string;
}

export interface CheckInput {
  readonly config: Config;
  readonly clock: Clock;
}

/** Resolves like `promise`, or with `undefined` after the time limit. Later rejections are ignored. */
export function within<T>(clock: Clock, limitMs: Millis, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(clock.now() + limitMs, () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** The message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
