import type { Config } from '../../config/config.ts';
import type { Clock, Millis } from '../../lib/clock.ts';

/** What one check has found. */
export interface CheckResult {
  readonly name: string;
  /** `warn`: it works, but not for everybody or not well. `fail`: the server does not start, or nobody would hear anything. */
  readonly status: 'ok' | 'warn' | 'fail';
  /** Sentences for the operator: what there is and, if it is not well, what to do. */
  readonly text: string;
}

export interface CheckInput {
  readonly config: Config;
  readonly clock: Clock;
}

/** What becomes of `promise`, or `undefined` if that takes longer. It is not rejected after that. */
export function within<T>(clock: Clock, limitMs: Millis, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(clock.now() + limitMs, () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}

/** The words of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
