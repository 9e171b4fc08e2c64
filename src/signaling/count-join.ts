import type { Logger } from 'pino';
import { toAppError } from '../lib/errors.ts';
import { WRONG_PROOF } from '../rooms/address-limits.ts';
import type { JoinTrace } from './join-trace.ts';
import type { JoinResult, SignalingCounters } from './session-options.ts';

export interface JoinContext {
  readonly room: string;
  /** For the operator only; null if addresses are hidden. */
  readonly address: string | null;
  readonly counters: SignalingCounters;
  readonly log: Logger;
}

/** Counts, and traces, whether `join` succeeds. A wrong password or token is logged. Throws what `join` throws. */
export function countJoin(
  join: () => void,
  trace: JoinTrace | undefined,
  { room, address, counters, log }: JoinContext,
): void {
  const { joins } = counters;
  const count = (result: JoinResult) => joins.set(result, (joins.get(result) ?? 0) + 1);
  try {
    join();
    count('ok');
    trace?.phase('offer');
  } catch (thrown) {
    const { code } = toAppError(thrown);
    count(code);
    trace?.fail(thrown);
    if (WRONG_PROOF.has(code)) log.warn({ address, room, code }, 'join refused');
    throw thrown;
  }
}
