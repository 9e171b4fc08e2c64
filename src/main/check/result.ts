import type { Config } from '../../config/config.ts';
import type { Clock } from '../../lib/clock.ts';

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

/** The message of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
