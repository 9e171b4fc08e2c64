import type { Driver } from './driver.ts';
import type { Scrape } from './prometheus.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import { Window } from './window.ts';

/** What a room noticed of whatever happened in the meantime. */
export interface PhaseFigures {
  readonly seconds: number;
  readonly tickLatenessP50Ms: number;
  readonly tickLatenessP99Ms: number;
  readonly ticksSkipped: number;
  readonly serverCpuPercent: number;
  /** The lowest rate among the participants that are measured. */
  readonly packetsPerSecondMin: number;
  readonly largestGapMs: number;
}

export interface MeasuredPhase<T> {
  readonly figures: PhaseFigures;
  readonly outcome: T;
  /** The server's metrics before and after. */
  readonly before: Scrape;
  readonly after: Scrape;
}

export interface PhaseOptions {
  readonly server: ServerUnderTest;
  readonly driver: Driver;
  /** How many participants are measured: the ones who joined first. */
  readonly settled: number;
}

/** Measures while something happens. */
export async function measurePhase<T>(
  { server, driver, settled }: PhaseOptions,
  happens: () => Promise<T>,
): Promise<MeasuredPhase<T>> {
  const before = await server.metrics!();
  const usageBefore = await server.usage();
  await driver.ask({ type: 'reset' });
  const outcome = await happens();
  const { participants, seconds } = await driver.ask({ type: 'report' });
  const usage = await server.usage();
  const after = await server.metrics!();
  const window = new Window(before, after);
  const looked = participants.slice(0, settled);
  const figures = {
    seconds,
    tickLatenessP50Ms: window.latenessMs(0.5),
    tickLatenessP99Ms: window.latenessMs(0.99),
    ticksSkipped: window.ticksSkipped,
    serverCpuPercent: (100_000 * (usage.cpuSeconds - usageBefore.cpuSeconds)) / (usage.atMs - usageBefore.atMs),
    packetsPerSecondMin: Math.min(...looked.map(({ packets, pausedMs }) => packets / (seconds - pausedMs / 1000))),
    largestGapMs: Math.max(...looked.map(({ largestGapMs }) => largestGapMs)),
  };
  return { figures, outcome, before, after };
}
