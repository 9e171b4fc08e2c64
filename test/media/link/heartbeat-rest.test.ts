import { test } from 'tap';
import { createHeartbeatMemory, Heartbeat, HeartbeatWatch } from '../../../src/media/link/heartbeat.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const REST_MS = 4000;

function setUp() {
  const clock = new FakeClock();
  const memory = createHeartbeatMemory();
  const heartbeat = new Heartbeat(memory, clock.now());
  let silent = 0;
  const watch = new HeartbeatWatch({ memory, clock, onSilence: () => silent++ });
  /** Beats as a worker that rests would. */
  const rest = (times: number) => {
    for (let i = 0; i < times; i++) {
      heartbeat.beat(clock.now(), REST_MS);
      clock.advance(REST_MS);
    }
  };
  return { clock, heartbeat, watch, rest, silent: () => silent };
}

test('a worker that rests is no worker that hangs, and is not looked at often', (t) => {
  const { clock, watch, rest, silent } = setUp();
  let looks = 0;
  const setTimer = clock.setTimer.bind(clock);
  clock.setTimer = (...timer) => {
    looks++;
    return setTimer(...timer);
  };
  rest(20);
  t.equal(silent(), 0);
  t.ok(looks <= 22, `${looks} looks in 80 s`);
  t.equal(watch.ageMs, 0, 'it is as young as it should be');
  watch.close();
  t.end();
});

test('a worker that hangs while it rests, or when it is woken, is noticed', (t) => {
  const resting = setUp();
  resting.rest(3);
  resting.clock.advance(3 * REST_MS);
  t.equal(resting.silent(), 1);
  t.ok(resting.watch.ageMs >= REST_MS, 'how long it is overdue');

  const woken = setUp();
  woken.rest(3);
  woken.watch.attend();
  woken.clock.advance(700);
  t.equal(woken.silent(), 0);
  woken.clock.advance(200);
  t.equal(woken.silent(), 1, 'as soon as one that ticks');
  t.end();
});

test('one that is woken and rests again is looked at rarely again', (t) => {
  const { clock, heartbeat, watch, rest, silent } = setUp();
  rest(2);
  watch.attend();
  heartbeat.beat(clock.now());
  clock.advance(20);
  heartbeat.beat(clock.now(), REST_MS);
  clock.advance(2000);
  rest(5);
  t.equal(silent(), 0);
  for (let i = 0; i < 100; i++) {
    heartbeat.beat(clock.now());
    clock.advance(20);
  }
  watch.attend();
  clock.advance(REST_MS + 1000);
  t.equal(silent(), 1, 'and one that works is looked at often');
  t.end();
});

test('a worker that rests shortly is looked at as often as it beats, and one that hangs then is noticed soon', (t) => {
  const { clock, heartbeat, watch, silent } = setUp();
  for (let i = 0; i < 50; i++) {
    // Late by as much as a busy machine makes it.
    heartbeat.beat(clock.now(), 400);
    clock.advance(i % 2 === 0 ? 430 : 370);
    t.ok(watch.ageMs <= 30, 'it is nearly as young as it should be');
  }
  t.equal(silent(), 0);
  clock.advance(1300);
  t.equal(silent(), 1);
  t.end();
});

test('nobody looks any more after the end, even if there was something to do', (t) => {
  const { clock, watch, rest } = setUp();
  rest(3);
  watch.close();
  watch.attend();
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('one that is sent packets while it rests, and shows that it lives, may stall as long as one that ticks', (t) => {
  const { clock, heartbeat, watch, silent } = setUp();
  for (let i = 0; i < 20; i++) {
    heartbeat.beat(clock.now(), 400);
    watch.attend();
    clock.advance(i % 2 === 0 ? 700 : 20);
  }
  t.equal(silent(), 0);
  watch.close();
  t.end();
});
