import { findDelay, rmsDbfs, segmentalSnrDb, toFloat32 } from '../../../test/helpers/signal.ts';
import { SENDER_LOOK_AHEAD_SAMPLES } from '../marker.ts';
import { percentile } from '../statistics.ts';
import type { Heard } from './ear.ts';
import { estoi } from './estoi.ts';

/** What somebody said, before it reached any encoder. */
export interface Spoken {
  readonly pcm: Float32Array;
  /** When the packet with the first sample was sent (monotonic). */
  readonly startMs: number;
}

export interface QualityFigures {
  readonly segmentalSnrDb: number;
  readonly estoi: number;
  /** From a packet to the same sound at the output, counted like in `latency`. */
  readonly delayP50Ms: number;
  readonly delayP95Ms: number;
}

const SAMPLES_PER_MS = 48;
/** The delay is tracked from one piece of this length to the next. */
const PIECE = 1000 * SAMPLES_PER_MS;
/** Time for encoders, levels and jitter buffers to settle. */
const SETTLE = 3 * PIECE;
/** Range in which a voice is searched for at first, and then from one piece to the next. */
const SEARCH = 600 * SAMPLES_PER_MS;
const FOLLOW = 40 * SAMPLES_PER_MS;
/** Enough speech to find the first delay. */
const ANCHOR = 4 * PIECE;
const ACTIVE_DBFS = -45;
/**
 * If the correlation of a piece is below this share of the anchor's, it may be elsewhere, so it is searched for
 * everywhere.
 */
const DOUBT = 0.7;
/** Below this, a piece is too damaged to be located. */
const LEAST_CORRELATION = 0.2;

/**
 * Compares what a listener heard with the sum of what the others said. Each voice is shifted by its own delay (found by
 * correlation, tracked second by second) and given the level that fits best: neither is a flaw in itself.
 */
export function compareWithDirect(voices: readonly Spoken[], heard: Heard): QualityFigures {
  const delays: number[] = [];
  const placed = voices.map((voice) => placeVoice(voice, heard, delays));
  const sound = toFloat32(heard.pcm);
  const from = Math.max(...placed.map(({ start }) => start)) + SETTLE;
  const to = Math.min(sound.length, ...placed.map(({ end }) => end));
  const parts = placed.map(({ pcm }) => pcm.subarray(from, to));
  const degraded = sound.subarray(from, to);
  const gains = fitGains(parts, degraded);
  const direct = new Float32Array(degraded.length);
  parts.forEach((part, index) => {
    for (let i = 0; i < part.length; i++) direct[i]! += gains[index]! * part[i]!;
  });
  return {
    segmentalSnrDb: segmentalSnrDb(direct, degraded),
    estoi: estoi(direct, degraded),
    delayP50Ms: percentile(delays, 0.5),
    delayP95Ms: percentile(delays, 0.95),
  };
}

interface Placed {
  /** As long as what was heard. */
  readonly pcm: Float32Array;
  readonly start: number;
  readonly end: number;
}

function placeVoice({ pcm, startMs }: Spoken, heard: Heard, delays: number[]): Placed {
  const placed = new Float32Array(heard.pcm.length);
  const undelayed = Math.round((startMs - heard.startMs) * SAMPLES_PER_MS);
  const find = (at: number, length: number, from: number, to: number) => {
    const first = Math.max(0, undelayed + at + from);
    const around = heard.pcm.subarray(first, Math.max(first, undelayed + at + length + to));
    const { samples, correlation } = findDelay(pcm.subarray(at, at + length), around, 0, to - from);
    return { delay: first - undelayed - at + samples, correlation };
  };
  const anchor = find(SETTLE, ANCHOR, 0, SEARCH);
  let { delay } = anchor;
  const start = undelayed + delay;
  for (let at = 0; at < pcm.length; at += PIECE) {
    const piece = pcm.subarray(at, at + PIECE);
    if (piece.length === PIECE && rmsDbfs(piece) > ACTIVE_DBFS) {
      const near = find(at, PIECE, delay - FOLLOW, delay + FOLLOW);
      const far = near.correlation < DOUBT * anchor.correlation ? find(at, PIECE, 0, SEARCH) : near;
      const found = far.correlation > near.correlation ? far : near;
      if (found.correlation >= LEAST_CORRELATION) {
        delay = found.delay;
        const laterMs = startOf(heard, undelayed + at + delay) - heard.startMs;
        if (at >= SETTLE) delays.push((delay - SENDER_LOOK_AHEAD_SAMPLES) / SAMPLES_PER_MS + laterMs);
      }
    }
    const place = undelayed + at + delay;
    if (place >= 0 && place < placed.length) placed.set(piece.subarray(0, placed.length - place), place);
  }
  return { pcm: placed, start, end: undelayed + delay + pcm.length };
}

/**
 * When the stream would have started according to the fastest packet of one piece: a server may send later and later
 * without saying so in its timestamps.
 */
function startOf({ arrivals, startMs }: Heard, place: number): number {
  const piece = arrivals.filter((arrival) => arrival.place >= place && arrival.place < place + PIECE);
  return piece.length === 0 ? startMs : Math.min(...piece.map((arrival) => arrival.startMs));
}

/** The factors with which the parts add up best to `whole` (least squares, by Gauss-Jordan elimination). */
function fitGains(parts: readonly Float32Array[], whole: Float32Array): number[] {
  const dot = (a: Float32Array, b: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
    return sum;
  };
  const rows = parts.map((part) => [...parts.map((other) => dot(part, other)), dot(part, whole)]);
  for (let pivot = 0; pivot < rows.length; pivot++) {
    const scale = rows[pivot]![pivot]!;
    if (scale <= 0) continue;
    for (let row = 0; row < rows.length; row++) {
      if (row === pivot) continue;
      const factor = rows[row]![pivot]! / scale;
      rows[row] = rows[row]!.map((value, column) => value - factor * rows[pivot]![column]!);
    }
  }
  return rows.map((row, index) => (row[index]! > 0 ? row.at(-1)! / row[index]! : 0));
}
