import { test } from 'tap';
import { FakeClock } from './fake-clock.ts';

test('timers fire in order of time, then in the order in which they were set, at their own time', (t) => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.setTimer(30, note('c'));
  clock.setTimer(10, note('a'));
  clock.setTimer(10, note('b'));
  clock.advance(9);
  t.strictSame(fired, []);
  clock.advance(21);
  t.strictSame(fired, ['a@10', 'b@10', 'c@30']);
  t.equal(clock.now(), 30);
  t.end();
});

test('a timer set by a timer fires in the same advance if it is due in it', (t) => {
  const clock = new FakeClock({ startMs: 1000 });
  const fired: number[] = [];
  const again = () => {
    fired.push(clock.now());
    clock.setTimer(clock.now() + 20, again);
  };
  clock.setTimer(1020, again);
  clock.advance(60);
  t.strictSame(fired, [1020, 1040, 1060]);
  t.equal(clock.pendingTimers, 1);
  t.end();
});

test('a cancelled timer does not fire, even if it is cancelled by one that is due at the same time', (t) => {
  const clock = new FakeClock();
  let fired = 0;
  clock.setTimer(5, () => cancel());
  const cancel = clock.setTimer(5, () => fired++);
  clock.advance(10);
  cancel();
  t.equal(fired, 0);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('wall time advances with the clock', (t) => {
  const clock = new FakeClock({ epochMs: 5000 });
  clock.advance(250);
  t.equal(clock.wallNow(), 5250);
  t.end();
});
