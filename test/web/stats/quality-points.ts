import type { QualityPoint } from '../../../web/app/stats/quality-history.ts';
import type { Quality } from '../../../web/sdk/quality.ts';

const FINE: Quality = {
  grade: 'good',
  rttMs: 30,
  jitterMs: 2,
  lossDownPercent: 0,
  lossUpPercent: 0,
  concealedPercent: 0,
  bufferMs: 40,
};

/** A measurement every two seconds: fine but for these changes. Null: no sound. */
export function qualityPoints(fromMs: number, ...changes: readonly (Partial<Quality> | null)[]): QualityPoint[] {
  return changes.map((change, index) => ({
    atMs: fromMs + index * 2000,
    quality: change === null ? null : { ...FINE, ...change },
  }));
}
