import { advance, findDelay, rmsDbfs, type Samples, segmentalSnrDb } from './signal.ts';

const SEGMENT = 0.25 * 48_000;
/** Quieter parts of the speech count as pauses. */
const ACTIVE_DBFS = -40;
/** Jitter buffers change their delay between words, so each part is compared at its own delay. */
const EARLIEST = -0.05 * 48_000;
const LATEST = 0.15 * 48_000;
const CLEAR_CORRELATION = 0.9;

export interface SpeechComparison {
  /** Quarter seconds that contain speech. */
  readonly parts: number;
  /** The parts that were heard intact: their shape is the same. */
  readonly clearParts: number;
  /** Mean over the clear parts. */
  readonly snrDb: number;
  /** Difference between the earliest and the latest part. */
  readonly delaySpreadMs: number;
}

/**
 * Compares speech with what was heard of it. `start` is roughly where the speech starts in `heard`, in samples at 48
 * kHz.
 */
export function compareSpeech(expected: Samples, heard: Samples, start: number): SpeechComparison {
  const parts = activeSegments(expected).map((begin) => {
    const part = expected.subarray(begin, begin + SEGMENT);
    const around = advance(heard, start + begin + EARLIEST, SEGMENT + LATEST - EARLIEST);
    const { samples, correlation } = findDelay(part, around, 0, LATEST - EARLIEST);
    return { part, correlation, delay: samples, heard: advance(around, samples, SEGMENT) };
  });
  const clear = parts.filter(({ correlation }) => correlation > CLEAR_CORRELATION);
  const snrs = clear.map(({ part, heard }) => segmentalSnrDb(part, heard));
  const delays = clear.map(({ delay }) => delay / 48);
  return {
    parts: parts.length,
    clearParts: clear.length,
    snrDb: snrs.reduce((sum, value) => sum + value, 0) / snrs.length,
    delaySpreadMs: Math.max(...delays) - Math.min(...delays),
  };
}

function activeSegments(sound: Samples): number[] {
  const begins = Array.from({ length: Math.floor(sound.length / SEGMENT) }, (_, index) => index * SEGMENT);
  return begins.filter((begin) => rmsDbfs(sound.subarray(begin, begin + SEGMENT)) > ACTIVE_DBFS);
}
