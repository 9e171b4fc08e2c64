import { performance } from 'node:perf_hooks';
import type { Millis } from '../lib/clock.ts';

/**
 * Returns a function that tells the share of its time, 0 to 1, that this thread was busy since it was asked last.
 * @param sleptMs for how long, of all time, it waited outside of its event loop
 */
export function createBusyMeter(sleptMs: () => Millis = () => 0): () => number {
  const read = () => ({ ...performance.eventLoopUtilization(), sleptMs: sleptMs() });
  let before = read();
  return () => {
    const now = read();
    const activeMs = now.active - before.active;
    const totalMs = activeMs + now.idle - before.idle;
    const busyMs = activeMs - (now.sleptMs - before.sleptMs);
    before = now;
    return totalMs > 0 ? Math.max(0, busyMs / totalMs) : 0;
  };
}
