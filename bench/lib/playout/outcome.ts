import { mean, percentile } from '../statistics.ts';
import { SPEECH_DBOV, type Trace, type TraceModel } from './trace.ts';

export interface PlayedPacket {
  readonly n: number;
  readonly atMs: number;
}

/** What became of a trace; only while the talker was heard, so that pauses count for nothing. */
export interface Playout {
  readonly played: readonly PlayedPacket[];
  /** One entry for each frame that had to be made up. */
  readonly concealedAtMs: readonly number[];
  /** One entry for each frame that was there. */
  readonly heardAtMs: readonly number[];
}

export interface Run {
  readonly trace: Trace;
  readonly playout: Playout;
}

export interface PlayoutFigures {
  /** From the arrival of a packet to its turn, of the packets with speech in them; the wait for the tick included. */
  readonly waitMeanMs: number;
  readonly waitP95Ms: number;
  /** Of the frames in which the talker was heard. */
  readonly concealedPercent: number;
  /** Speech that came, and was not played: too late, or jumped over. */
  readonly unplayedPercent: number;
  /** After the end of the bad time, the slowest run; infinite when it did not within the trace. Absent where there is no bad time. */
  readonly recoveryMs?: number;
}

const BEFORE_MS = 5000;
const SMOOTHING_MS = 400;
/** A frame, the step in which the delay can change, and what the target wavers by. */
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

/** From the end of the bad time to the end of the last 400 ms in which the mean wait was clearly more than in the 5 s before it. */
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
