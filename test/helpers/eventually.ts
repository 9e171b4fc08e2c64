import { setTimeout as sleep } from 'node:timers/promises';

type Outcome = true | string | boolean;

/** Waits until `check` returns true. Throws what it said last when that does not happen at all: the time is for a busy machine. */
export async function eventually(check: () => Outcome | Promise<Outcome>, timeoutMs = 60_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await check();
    if (outcome === true) return;
    if (performance.now() > endMs) throw new Error(`${outcome || 'it did not happen'} (after ${timeoutMs} ms)`);
    await sleep(10);
  }
}
