import { test } from 'tap';
import { createHeartbeatMemory, Heartbeat, HeartbeatWatch } from '../../../src/media/link/heartbeat.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function setUp(startMs = 0) {
  const clock = new FakeClock({ startMs });
  const memory = createHeartbeatMemory();
  const heart = new Heartbeat(memory, clock.now());
  const silences: number[] = [];
  const watch = new HeartbeatWatch({ memory, clock, onSilence: () => silences.push(clock.now()) });
  const beat = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 20) {
      heart.beat(clock.now());
      clock.advance(20);
    }
  };
  return { clock, heart, watch, silences, beat };
}

test('a worker that sends heartbeats is left alone, however long', (t) => {
  const { beat, silences } = setUp();
  beat(60_000);
  t.same(silences, []);
  t.end();
});

test('a worker that stops is noticed after 0.8 to 0.9 s, once', (t) => {
  const { clock, beat, silences } = setUp();
  beat(5100);
  clock.advance(10_000);
  t.equal(silences.length, 1);
  const afterMs = silences[0]! - 5100;
  t.ok(afterMs >= 800 && afterMs <= 900, `${afterMs} ms`);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('a worker that was away for 0.7 s and is back is left alone', (t) => {
  const { clock, beat, silences } = setUp();
  for (let i = 0; i < 20; i++) {
    beat(400);
    clock.advance(700);
  }
  t.same(silences, []);
  t.end();
});

test('the age of the last heartbeat is always known, even where the time no longer fits in 32 bits', (t) => {
  for (const startMs of [0, 2 ** 31 - 50, 2 ** 32 - 50, 2 ** 33 + 0.5]) {
    const { clock, heart, watch } = setUp(startMs);
    for (let i = 0; i < 5; i++) {
      heart.beat(clock.now());
      t.equal(watch.ageMs, 0);
      clock.advance(20);
      t.equal(watch.ageMs, 20);
    }
    clock.advance(1200);
    t.equal(watch.ageMs, 1220, `from ${startMs} ms on`);
    watch.close();
  }
  t.end();
});

test('a watch that was late itself starts over, because the whole machine may have slept', (t) => {
  let nowMs = 0;
  let fire = (): void => {};
  const silences: number[] = [];
  const memory = createHeartbeatMemory();
  new HeartbeatWatch({
    memory,
    clock: {
      now: () => nowMs,
      wallNow: () => nowMs,
      setTimer: (_at, callback) => {
        fire = callback;
        return () => {};
      },
    },
    onSilence: () => silences.push(nowMs),
  });
  const checks = (count: number, everyMs: number): void => {
    for (let i = 0; i < count; i++) {
      nowMs += everyMs;
      fire();
    }
  };
  checks(7, 100);
  checks(1, 3_600_000);
  checks(7, 100);
  t.same(silences, []);
  checks(1, 100);
  t.equal(silences.length, 1);
  t.end();
});

test('a closed watch is silent', (t) => {
  const { clock, watch, silences } = setUp();
  watch.close();
  watch.close();
  clock.advance(10_000);
  t.same(silences, []);
  t.equal(clock.pendingTimers, 0);
  t.end();
});
