/** Checks whether the clock is right. Tokens, certificates and TURN credentials depend on it. */
import { stat } from 'node:fs/promises';
import { dateOf, type Millis } from '../../lib/clock.ts';
import { clockAdvice, isClockPlausible } from '../../lib/plausible-clock.ts';
import type { CheckInput, CheckResult } from './result.ts';

/** Small differences between file systems and clocks do not matter. */
const TOLERANCE_MS: Millis = 3_600_000;

export async function checkClock({ config, clock }: CheckInput): Promise<CheckResult> {
  const name = 'clock';
  const nowMs = clock.wallNow();
  if (!isClockPlausible(nowMs)) return { name, status: 'fail', text: clockAdvice(nowMs) };
  const now = dateOf(nowMs).toISOString();
  for (const file of [config.dataDir, config.tlsCert]) {
    const writtenMs =
      file === ''
        ? 0
        : await stat(file).then(
            ({ mtimeMs }) => mtimeMs,
            () => 0,
          );
    if (writtenMs <= nowMs + TOLERANCE_MS) continue;
    const text = `The clock of this machine shows ${now}, but ${file} was written later, at ${dateOf(writtenMs).toISOString()}. Check the clock ("timedatectl").`;
    return { name, status: 'warn', text };
  }
  return { name, status: 'ok', text: `The clock shows ${now}, which is plausible.` };
}
