/** What the operator reads about a worker that has too much to do. */
import type { Logger } from 'pino';
import type { MediaEvent } from '../link/messages.ts';
import { overloadMeasures } from '../link/overload-measures.ts';

interface Worker {
  readonly index: number;
  readonly log: Logger;
}

export function logOverload(
  { index, log }: Worker,
  { level, runningShare, waitingShare }: MediaEvent & { type: 'overload' },
): void {
  const { words } = overloadMeasures(level);
  const fields = { worker: index, level, measures: words, runningShare, waitingShare };
  if (level > 0) log.warn(fields, 'media worker is overloaded');
  else log.info(fields, 'media worker is no longer overloaded');
}

export function logStarved(
  { index, log }: Worker,
  { isStarved, runningShare, waitingShare, latenessMs }: MediaEvent & { type: 'starved' },
): void {
  const fields = { worker: index, runningShare, waitingShare, latenessMs };
  if (isStarved)
    log.warn(
      fields,
      'audio is late although the media worker is not overloaded: other programs, or other virtual machines on this host, use the CPU',
    );
  else log.info(fields, 'the media worker gets enough CPU time again');
}
