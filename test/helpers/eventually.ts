import { setTimeout as sleep } from 'node:timers/promises';

type Outcome = true | string | boolean;

/**
 * Waits until `check` returns true. If that never happens, throws the last thing it returned. The timeout is long
 * enough for a busy machine.
 */
export async function eventually(
  check: () => Outcome | Promise<Outcome>,
  timeoutMs = 60_000,
  intervalMs = 10,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await check();
    if (outcome === true) return;
    if (performance.now() > endMs) throw new Error(`${outcome || 'it did not happen'} (after ${timeoutMs} ms)`);
    await sleep(intervalMs);
  }
}
