import * as fc from 'fast-check';
import { test } from 'tap';
import { HandshakeQueue } from '../../../src/media/control/handshake-queue.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const LIMITS = { perSecond: 20, burst: 10, perSecondPerAddress: 5, burstPerAddress: 4 };

function setUp() {
  const clock = new FakeClock();
  const queue = new HandshakeQueue(clock, LIMITS);
  const began: { readonly address: string; readonly atMs: number }[] = [];
  const enter = (address: string) => queue.enter(address, () => began.push({ address, atMs: clock.now() }));
  return { clock, queue, began, enter };
}

test('a few handshakes begin at once, and a crowd behind one address follows one by one until all have begun', (t) => {
  const { clock, queue, began, enter } = setUp();
  for (let i = 0; i < 30; i++) enter('crowd');
  t.equal(began.length, 4);
  clock.advance(1000);
  t.equal(began.length, 9);
  t.equal(queue.waiting, 21);
  clock.advance(10_000);
  t.equal(began.length, 30);
  t.equal(queue.waiting, 0);
  t.end();
});

test('flooding the queue from some addresses takes no turns from other addresses', (t) => {
  const { clock, began, enter } = setUp();
  for (let i = 0; i < 400; i++) enter(`attacker ${i % 8}`);
  clock.advance(1000);
  enter('honest');
  const before = began.length;
  clock.advance(500);
  const place = began.slice(before).findIndex(({ address }) => address === 'honest');
  t.ok(place >= 0 && place <= 8, `after ${place} others`);
  t.end();
});

test('a peer that has left takes no turn', (t) => {
  const { clock, began, enter } = setUp();
  const leaves = Array.from({ length: 20 }, () => enter('a'));
  for (const leave of leaves) leave();
  clock.advance(10_000);
  t.equal(began.length, 4);
  enter('a');
  t.equal(began.length, 5, 'nor does it delay those who come later');
  t.end();
});

test('after the end nothing begins, and an idle queue sets no timer', (t) => {
  const { clock, queue, began, enter } = setUp();
  for (let i = 0; i < 10; i++) enter('a');
  queue.close();
  clock.advance(10_000);
  t.equal(began.length, 4);
  t.equal(clock.pendingTimers, 0);
  const other = setUp();
  other.enter('a');
  other.clock.advance(10_000);
  t.equal(other.clock.pendingTimers, 0);
  t.end();
});

test('no second exceeds the limits, per address or in total, and nobody is forgotten', (t) => {
  const arrivals = fc.array(fc.tuple(fc.nat(400), fc.nat(5)), { maxLength: 150 });
  fc.assert(
    fc.property(arrivals, (comers) => {
      const { clock, began, enter } = setUp();
      for (const [pauseMs, address] of comers) {
        clock.advance(pauseMs);
        enter(`address ${address}`);
      }
      clock.advance(60_000);
      if (began.length !== comers.length) return false;
      const holds = (times: readonly number[], perSecond: number, burst: number) =>
        times.every((fromMs, i) => times.filter((ms, j) => j >= i && ms < fromMs + 1000).length <= burst + perSecond);
      if (
        !holds(
          began.map(({ atMs }) => atMs),
          LIMITS.perSecond,
          LIMITS.burst,
        )
      )
        return false;
      return [0, 1, 2, 3, 4, 5].every((n) => {
        const own = began.filter(({ address }) => address === `address ${n}`).map(({ atMs }) => atMs);
        return holds(own, LIMITS.perSecondPerAddress, LIMITS.burstPerAddress);
      });
    }),
  );
  t.end();
});
