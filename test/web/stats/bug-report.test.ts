import { test } from 'tap';
import { bugReport } from '../../../web/app/stats/bug-report.ts';
import { qualityPoints } from './quality-points.ts';

const AT_MS = Date.UTC(2026, 10, 30);

test('a bug report has the figures, and no names', async (t) => {
  const report = bugReport({
    atMs: AT_MS,
    browser: 'Firefox',
    stats: null,
    findings: ['loss_up'],
    points: qualityPoints(AT_MS - 4000, { rttMs: 30.123 }, null),
  });
  t.match(JSON.parse(report), {
    at: '2026-11-30T00:00:00.000Z',
    findings: ['loss_up'],
    history: [
      { secondsAgo: 4, rttMs: 30.1, grade: 'good' },
      { secondsAgo: 2, quality: null },
    ],
  });
});
