import { test } from 'tap';
import type { Cancel, Clock, Millis } from '../../../src/lib/clock.ts';
import { TickLoop } from '../../../src/media/worker/tick-loop.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const REST_TICKS = 200;
const REST_MS = 20 * REST_TICKS;

interface Tick {
  readonly tick: number;
  readonly nowMs: Millis;
  readonly latenessMs: Millis;
}

/** A fake clock on which timers fire late, and on which work takes time. */
class BusyClock implements Clock {
  readonly fake = new FakeClock();
  timerDelayMs = 0;
  #workMs = 0;

  now(): Millis {
    return this.fake.now() + this.#workMs;
  }

  wallNow(): Millis {
    return this.fake.wallNow() + this.#workMs;
  }

  setTimer(at: Millis, callback: () => void): Cancel {
    return this.fake.setTimer(at + this.timerDelayMs - this.#workMs, callback);
  }

  work(ms: Millis): void {
    this.#workMs += ms;
  }
}

function start(clock: Clock, during: (tick: number) => void = () => {}) {
  const ticks: Tick[] = [];
  const loop = new TickLoop({
    clock,
    intervalMs: 20,
    onTick: (tick, nowMs, latenessMs) => {
      ticks.push({ tick, nowMs, latenessMs });
      during(tick);
    },
  });
  return { loop, ticks };
}

test('ticks come at every multiple of 20 ms and are numbered by it, so that all workers agree', async (t) => {
  const clock = new FakeClock({ startMs: 1234.5 });
  const { loop, ticks } = start(clock);
  clock.advance(1000);
  t.equal(ticks.length, 50);
  t.ok(ticks.every(({ tick, nowMs, latenessMs }, i) => tick === 62 + i && nowMs === tick * 20 && latenessMs === 0));
  t.equal(loop.ticksSkipped, 0);
  loop.close();
});

test('timers that are always late do not add up', async (t) => {
  const clock = new BusyClock();
  clock.timerDelayMs = 1.7;
  const { loop, ticks } = start(clock);
  clock.fake.advance(60_000);
  t.equal(ticks.length, 3000);
  t.ok(
    ticks.every(
      ({ tick, nowMs, latenessMs }) => Math.abs(nowMs - tick * 20 - 1.7) < 1e-6 && Math.abs(latenessMs - 1.7) < 1e-6,
    ),
  );
  loop.close();
});

test('a stall shorter than three intervals is caught up with, and lateness is reported', async (t) => {
  const clock = new BusyClock();
  const { loop, ticks } = start(clock, (tick) => {
    if (tick === 10) clock.work(45);
  });
  clock.fake.advance(400);
  t.same(
    ticks.slice(10, 14).map(({ tick, latenessMs }) => [tick, latenessMs]),
    [
      [10, 0],
      [11, 25],
      [12, 5],
      [13, 0],
    ],
  );
  t.equal(loop.ticksSkipped, 0);
  t.ok(ticks.every(({ tick }, i) => tick === i));
  loop.close();
});

test('after a longer stall three ticks are caught up, and the rest are skipped with their numbers', async (t) => {
  const clock = new FakeClock();
  let stall: (() => void) | undefined;
  const late: Clock = {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    setTimer: (at, callback) => {
      if (at !== 200) return clock.setTimer(at, callback);
      stall = callback;
      return () => {};
    },
  };
  const { loop, ticks } = start(late);
  clock.advance(1005);
  t.equal(ticks.length, 10, 'nothing during the stall');
  stall!();
  t.equal(ticks.length, 10, 'the sockets are read first');
  clock.advance(0);
  t.same(
    ticks.slice(10).map(({ tick, latenessMs }) => [tick, latenessMs]),
    [
      [48, 45],
      [49, 25],
      [50, 5],
    ],
  );
  clock.advance(100);
  t.ok(ticks.slice(13).every(({ nowMs, tick }) => nowMs === tick * 20));
  t.equal(loop.ticksSkipped, 38);
  t.equal(ticks.length + loop.ticksSkipped, ticks.at(-1)!.tick + 1, 'every number is either used or skipped');
  loop.close();
});

test('when some ticks take much longer than the interval others are skipped, and every second is still a second', async (t) => {
  const clock = new BusyClock();
  const { loop, ticks } = start(clock, (tick) => clock.work(tick % 6 === 0 ? 90 : 1));
  clock.fake.advance(1000);
  t.ok(loop.ticksSkipped > 0);
  t.ok(ticks.every(({ tick }, i) => i === 0 || tick > ticks[i - 1]!.tick));
  t.equal(Math.floor(clock.now() / 20) - ticks.at(-1)!.tick <= 4, true, 'never further behind than it may catch up');
  loop.close();
});

test('the age of the last tick reveals a stall', async (t) => {
  const clock = new FakeClock();
  const { loop } = start(clock);
  clock.advance(50);
  t.equal(loop.tickAgeMs(), 10);
  loop.close();
  clock.advance(500);
  t.equal(loop.tickAgeMs(), 510);
});

test('after close no tick comes and no timer is left', async (t) => {
  const clock = new FakeClock();
  const { loop, ticks } = start(clock);
  clock.advance(30);
  loop.close();
  loop.close();
  clock.advance(1000);
  t.equal(ticks.length, 2);
  t.equal(clock.pendingTimers, 0);
});

test('a loop that may rest ticks every few seconds, and as usual when it is woken', (t) => {
  const clock = new FakeClock();
  const ticks: Tick[] = [];
  let idle = true;
  const loop = new TickLoop({
    clock,
    intervalMs: 20,
    onTick: (tick, nowMs, latenessMs) => ticks.push({ tick, nowMs, latenessMs }),
    restTicks: () => (idle ? REST_TICKS : 0),
  });
  clock.advance(3 * REST_MS + 10);
  t.equal(ticks.length, 4, 'the first, and one for each rest');
  t.ok(
    ticks.every(({ tick, nowMs }) => tick === Math.floor(nowMs / 20)),
    'numbered like those of other workers',
  );
  t.ok(ticks.every(({ latenessMs }) => latenessMs === 0));
  t.equal(loop.ticksSkipped, 0);
  t.equal(loop.rests, true);
  clock.advance(1000);
  t.equal(loop.tickAgeMs(), 0, 'no tick is overdue');
  clock.advance(7);
  const nowMs = clock.now();
  idle = false;
  loop.wake();
  loop.wake();
  t.equal(loop.rests, false);
  clock.advance(100);
  const later = ticks.slice(4);
  t.strictSame(
    later.map(({ tick }) => tick),
    Array.from({ length: 5 }, (_, i) => Math.ceil(nowMs / 20) + i),
  );
  t.ok(later.every((one) => one.nowMs === one.tick * 20));
  t.equal(loop.ticksSkipped, 0);
  idle = true;
  clock.advance(20 + REST_MS);
  t.equal(ticks.length, 4 + 5 + 2);
  loop.close();
  loop.wake();
  clock.advance(REST_MS);
  t.equal(ticks.length, 4 + 5 + 2);
  t.end();
});

test('a loop rests only after a tick, although its first timer fires early', (t) => {
  const clock = new BusyClock();
  clock.timerDelayMs = -0.5;
  clock.fake.advance(7);
  const ticks: number[] = [];
  const loop = new TickLoop({ clock, intervalMs: 20, onTick: (tick) => ticks.push(tick), restTicks: () => REST_TICKS });
  clock.timerDelayMs = 0;
  clock.fake.advance(12.6);
  t.same([ticks, loop.rests], [[], false], 'its timer has fired before 20 ms');
  clock.fake.advance(1);
  t.same([ticks, loop.rests], [[1], true]);
  loop.close();
  t.end();
});

test('what wakes a loop during a tick sets no second timer', (t) => {
  const clock = new FakeClock();
  let ticks = 0;
  let rest = REST_TICKS;
  const loop = new TickLoop({
    clock,
    intervalMs: 20,
    onTick: () => {
      ticks++;
      loop.wake();
    },
    restTicks: () => rest,
  });
  clock.advance(2 * REST_MS);
  t.same([ticks, clock.pendingTimers], [3, 1]);
  rest = 0;
  clock.advance(REST_MS + 200);
  t.same([ticks, clock.pendingTimers], [3 + 1 + 10, 1]);
  loop.close();
  t.equal(clock.pendingTimers, 0);
  t.end();
});
