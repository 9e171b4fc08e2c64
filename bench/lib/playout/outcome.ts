import { mean, percentile } from '../statistics.ts';
import { SPEECH_DBOV, type Trace, type TraceModel } from './trace.ts';

export interface PlayedPacket {
  readonly n: number;
  readonly atMs: number;
}

/** What became of a trace. Counts only while the talker was heard, so that pauses have no effect. */
export interface Playout {
  readonly played: readonly PlayedPacket[];
  /** One entry for each concealed frame. */
  readonly concealedAtMs: readonly number[];
  /** One entry for each frame that was present. */
  readonly heardAtMs: readonly number[];
}

export interface Run {
  readonly trace: Trace;
  readonly playout: Playout;
}

export interface PlayoutFigures {
  /**
   * Time from the arrival of a packet to its turn, over the packets with speech in them. It includes the wait for the
   * tick.
   */
  readonly waitMeanMs: number;
  readonly waitP95Ms: number;
  /** Share of the frames in which the talker was heard. */
  readonly concealedPercent: number;
  /** Speech that arrived but was not played: too late, or skipped. */
  readonly unplayedPercent: number;
  /**
   * Time from the end of the bad period until recovery, in the slowest run. Infinite if the trace ended before that.
   * Absent if there is no bad period.
   */
  readonly recoveryMs?: number;
}

const BEFORE_MS = 5000;
const SMOOTHING_MS = 400;
/** A frame, the step by which the delay can change, and the usual fluctuation of the target. */
const RECOVERED_WITHIN_MS = 25;

export function measurePlayouts(model: TraceModel, runs: readonly Run[]): PlayoutFigures {
  const waits = runs.map(speechWaits);
  const all = waits.flatMap((run) => run.map(({ waitMs }) => waitMs));
  const concealed = sum(runs.map(({ playout }) => playout.concealedAtMs.length));
  const heard = sum(runs.map(({ playout }) => playout.heardAtMs.length));
  const arrived = sum(runs.map(({ trace }) => trace.packets.filter(isSpeech).length));
  const { bad } = model;
  return {
    waitMeanMs: mean(all),
    waitP95Ms: percentile(all, 0.95),
    concealedPercent: (100 * concealed) / (concealed + heard),
    unplayedPercent: (100 * Math.max(0, arrived - all.length)) / arrived,
    ...(bad !== undefined && { recoveryMs: Math.max(...waits.map((run) => recoveryMs(run, bad))) }),
  };
}

interface Wait {
  readonly atMs: number;
  readonly waitMs: number;
}

const isSpeech = ({ levelDbov }: { levelDbov: number }) => levelDbov >= SPEECH_DBOV;

function speechWaits({ trace, playout }: Run): Wait[] {
  const arrivals = new Map(trace.packets.filter(isSpeech).map(({ n, arrivalMs }) => [n, arrivalMs]));
  return playout.played.flatMap(({ n, atMs }) => {
    const arrivalMs = arrivals.get(n);
    return arrivalMs === undefined ? [] : [{ atMs, waitMs: atMs - arrivalMs }];
  });
}

/**
 * Time from the end of the bad period to the end of the last 400 ms in which the mean wait was clearly longer than in
 * the 5 s before it.
 */
function recoveryMs(waits: readonly Wait[], { fromMs, toMs }: NonNullable<TraceModel['bad']>): number {
  const between = (from: number, to: number) =>
    waits.filter(({ atMs }) => atMs >= from && atMs < to).map(({ waitMs }) => waitMs);
  const before = mean(between(fromMs - BEFORE_MS, fromMs));
  const last = waits.at(-1)?.atMs ?? 0;
  let recovered = toMs;
  for (let start = toMs; start < last; start += SMOOTHING_MS) {
    const window = between(start, start + SMOOTHING_MS);
    if (window.length > 0 && mean(window) > before + RECOVERED_WITHIN_MS) recovered = start + SMOOTHING_MS;
  }
  return recovered >= last ? Number.POSITIVE_INFINITY : recovered - toMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
