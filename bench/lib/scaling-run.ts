import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadReport } from '../client/messages.ts';
import type { Driver } from './driver.ts';
import { busiestThreadPercent } from './proc-usage.ts';
import type { Scrape } from './prometheus.ts';
import type { OwnFigures, ScalingRun, ScalingStep } from './scaling-result.ts';
import type { ServerUnderTest, Usage } from './server-under-test.ts';
import { ROOM, type StartServer } from './servers.ts';
import { mean, percentile } from './statistics.ts';
import { Window } from './window.ts';

export interface ScalingPlan {
  /** Participants per room, ascending. */
  readonly sizes: readonly number[];
  /** Number of rooms of the same size at the same time. */
  readonly rooms: number;
  /** Per room. */
  readonly talkers: number;
  /** Time between the last join and each window. */
  readonly warmUpSeconds: number;
  /** Length of the window in which each size is measured. */
  readonly seconds: number;
  readonly joinsPerSecond: number;
  readonly onProgress: (text: string) => void;
}

/**
 * Fills the rooms of a new server step by step and measures each size. If not everybody can join, the run ends with
 * `stopped`.
 */
export async function runScaling(start: StartServer, driver: Driver, plan: ScalingPlan): Promise<ScalingRun> {
  const server = await start();
  const steps: ScalingStep[] = [];
  const done = (stopped?: string): ScalingRun => ({ server: server.name, steps, ...(stopped && { stopped }) });
  try {
    const { residentBytes } = await server.usage();
    const rooms = roomNames(plan.rooms);
    for (const [index, size] of plan.sizes.entries()) {
      const onProgress = (text: string) =>
        plan.onProgress(`${server.name}, ${plan.rooms * size} participants: ${text}`);
      onProgress('joining');
      const count = size - (plan.sizes[index - 1] ?? 0);
      const { kind, webSocketUrl: url } = server;
      const joinMs: number[] = [];
      try {
        for (const room of rooms) {
          const join = { room, server: kind, url, count, perSecond: plan.joinsPerSecond };
          joinMs.push(...(await driver.ask({ type: 'join', ...join })).joinMs);
        }
      } catch (error) {
        return done(
          `${plan.rooms * size} participants could not join: ${error instanceof Error ? error.message : error}`,
        );
      }
      for (const room of rooms) await driver.ask({ type: 'talk', room, count: plan.talkers });
      onProgress('warming up');
      await sleep(1000 * plan.warmUpSeconds);
      const measured = await measure(server, driver, { ...plan, onProgress }, residentBytes);
      steps.push({ participants: plan.rooms * size, joinP50Ms: percentile(joinMs, 0.5), ...measured });
    }
    return done();
  } finally {
    await driver.ask({ type: 'leave' });
    await server.close();
  }
}

/** A single room gets the name that every server knows. */
function roomNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? ROOM : `${ROOM}-${index}`));
}

type Measured = Omit<ScalingStep, 'participants' | 'joinP50Ms'>;

async function measure(
  server: ServerUnderTest,
  driver: Driver,
  { seconds, onProgress }: ScalingPlan,
  emptyBytes: number,
): Promise<Measured> {
  const scrapedBefore = await server.metrics?.();
  const before = await server.usage();
  await driver.ask({ type: 'reset' });
  for (let second = 0; second < seconds; second++) {
    onProgress(`measuring: ${second} of ${seconds} s`);
    await sleep(1000);
  }
  const load = await driver.ask({ type: 'report' });
  const after = await server.usage();
  const scrapedAfter = await server.metrics?.();
  return {
    ...figuresOf(load, before, after, emptyBytes),
    ...(scrapedBefore && scrapedAfter && ownFigures(scrapedBefore, scrapedAfter)),
  };
}

function figuresOf(load: LoadReport, before: Usage, after: Usage, emptyBytes: number): Measured {
  const { participants } = load;
  const rates = participants.map(({ packets, pausedMs }) => packets / (load.seconds - pausedMs / 1000));
  const busiest = busiestThreadPercent(before, after);
  const cpuPercent = (100_000 * (after.cpuSeconds - before.cpuSeconds)) / (after.atMs - before.atMs);
  return {
    serverCpuPercent: cpuPercent,
    serverCpuPercentEach: cpuPercent / participants.length,
    ...(busiest !== undefined && { busiestThreadPercent: busiest }),
    clientCpuPercent: (100 * load.cpuSeconds) / load.seconds,
    packetsPerSecondMean: mean(rates),
    packetsPerSecondMin: Math.min(...rates),
    clientPauseMs: load.longestPauseMs,
    packetsLost: participants.reduce((sum, { lost }) => sum + lost, 0),
    largestGapMs: Math.max(...participants.map(({ largestGapMs }) => largestGapMs)),
    memoryMbEach: (after.residentBytes - emptyBytes) / participants.length / 1e6,
  };
}

function ownFigures(before: Scrape, after: Scrape): OwnFigures {
  const window = new Window(before, after);
  return {
    tickLatenessP50Ms: window.latenessMs(0.5),
    tickLatenessP99Ms: window.latenessMs(0.99),
    tickLatenessMaxMs: window.latenessMs(1),
    ticksSkipped: window.ticksSkipped,
    encodesPerTick: window.framesEncoded / (window.ticks / after.count('partyline_ticks_total')),
  };
}
