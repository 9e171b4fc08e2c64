import { test } from 'tap';
import { clockAdvice, isClockPlausible } from '../../src/lib/plausible-clock.ts';

test('a clock set to before this program existed, or a generation later, is implausible', (t) => {
  for (const [date, plausible] of [
    ['1970-01-01T00:00:00.000Z', false],
    ['2025-12-31T23:59:59.999Z', false],
    ['2026-01-01T00:00:00.000Z', true],
    ['2055-12-31T23:59:59.999Z', true],
    ['2056-01-01T00:00:00.000Z', false],
  ] as const) {
    t.equal(isClockPlausible(Date.parse(date)), plausible, date);
    t.ok(clockAdvice(Date.parse(date)).includes(date));
  }
  t.end();
});
