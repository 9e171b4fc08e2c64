import { performance } from 'node:perf_hooks';

/** Returns a function that tells the share of its time, 0 to 1, that this thread's event loop was busy since it was asked last. */
export function createBusyMeter(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const since = before;
    before = performance.eventLoopUtilization();
    return performance.eventLoopUtilization(before, since).utilization;
  };
}
