import { test } from 'tap';
import { setWallTimer, systemClock, within } from '../../src/lib/clock.ts';
import { clockAdvice, isClockPlausible } from '../../src/lib/plausible-clock.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const HOUR_MS = 3_600_000;

test("wall time follows the machine's clock however it is set, and intervals do not notice", (t) => {
  const { now } = Date;
  t.teardown(() => {
    Date.now = now;
  });
  const [wallMs, monotonicMs] = [systemClock.wallNow(), systemClock.now()];
  t.ok(Math.abs(wallMs - now()) < 1000);
  for (const stepMs of [2 * HOUR_MS, -50 * HOUR_MS, 7 * 365 * 24 * HOUR_MS]) {
    Date.now = () => now() + stepMs;
    t.ok(systemClock.wallNow() - wallMs - stepMs < HOUR_MS && systemClock.wallNow() - wallMs - stepMs >= 0);
  }
  t.ok(systemClock.now() - monotonicMs < HOUR_MS && systemClock.now() >= monotonicMs);
  t.end();
});

test('a timer beyond the range of setTimeout does not fire at once, and can be cancelled', async (t) => {
  const fired: number[] = [];
  const cancels = [2 ** 31, 2 ** 31 - 1, 2 ** 32 + 5, 2 ** 53, Number.POSITIVE_INFINITY].map((delayMs) =>
    systemClock.setTimer(systemClock.now() + delayMs, () => fired.push(delayMs)),
  );
  await new Promise<void>((resolve) => systemClock.setTimer(systemClock.now() + 20, resolve));
  for (const cancel of cancels) cancel();
  t.strictSame(fired, []);
});

test('a wall-time timer fires within a minute of its time, wherever the wall clock was set to in between', (t) => {
  const clock = new FakeClock();
  let fired = 0;
  const at = (delayMs: number) => setWallTimer(clock, clock.wallNow() + delayMs, () => fired++);
  at(HOUR_MS);
  clock.advance(HOUR_MS - 1);
  t.equal(fired, 0);
  clock.advance(1);
  t.equal(fired, 1, 'to the millisecond while nobody sets the clock');

  at(24 * HOUR_MS);
  clock.stepWall(25 * HOUR_MS);
  clock.advance(60_000);
  t.equal(fired, 2, 'after a forward step or a wake-up: within a minute');

  at(HOUR_MS);
  clock.stepWall(-24 * HOUR_MS);
  clock.advance(HOUR_MS);
  t.equal(fired, 2, 'after a backward step: not before the time has come again');
  clock.advance(24 * HOUR_MS);
  t.equal(fired, 3);

  at(-5);
  t.equal(fired, 3, 'a time in the past fires soon, but not within the call');
  clock.advance(0);
  t.equal(fired, 4);

  const cancel = at(10 * 60_000);
  clock.advance(5 * 60_000);
  cancel();
  cancel();
  clock.advance(HOUR_MS);
  t.equal(fired, 4, 'cancelled after some of its steps');
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a clock that starts in 1970, in 2019 or in the far future is implausible', (t) => {
  for (const year of [1970, 2019, 2025, 2099]) t.equal(isClockPlausible(Date.UTC(year, 5, 1)), false, String(year));
  for (const year of [2026, 2030, 2050]) t.equal(isClockPlausible(Date.UTC(year, 5, 1)), true, String(year));
  t.match(clockAdvice(Date.UTC(2019, 2, 1)), '2019-03-01T00:00:00.000Z, which cannot be right');
  t.end();
});

test('work is waited for until it is done or the time is over, and no timer is left', async (t) => {
  const clock = new FakeClock();
  await within(clock, 1000, Promise.resolve());
  await t.rejects(within(clock, 1000, Promise.reject(new Error('failed'))), { message: 'failed' });
  t.equal(clock.pendingTimers, 0);
  let isOver = false;
  const over = within(clock, 1000, new Promise(() => {})).then(() => {
    isOver = true;
  });
  clock.advance(999);
  await Promise.resolve();
  t.notOk(isOver);
  clock.advance(1);
  await over;
  t.equal(clock.pendingTimers, 0);
});
