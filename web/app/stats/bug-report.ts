import type { Quality } from '../../sdk/quality.ts';
import type { ConnectionStats } from './connection-stats.ts';
import type { Finding } from './diagnosis.ts';
import type { QualityPoint } from './quality-history.ts';

export interface ReportContent {
  /** In ms since 1970. */
  readonly atMs: number;
  readonly browser: string;
  readonly stats: ConnectionStats | null;
  readonly findings: readonly Finding[];
  readonly points: readonly QualityPoint[];
}

/** Text for a bug report. It names neither the room nor anybody in it. */
export function bugReport({ atMs, browser, stats, findings, points }: ReportContent): string {
  const history = points.map(({ atMs: pointMs, quality }) => ({
    secondsAgo: Math.round((atMs - pointMs) / 1000),
    ...(quality === null ? { quality: null } : rounded(quality)),
  }));
  return JSON.stringify({ at: new Date(atMs).toISOString(), browser, findings, connection: stats, history }, null, 1);
}

function rounded(quality: Quality): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(quality).map(([key, value]) => [
      key,
      typeof value === 'number' ? Math.round(value * 10) / 10 : value,
    ]),
  );
}
