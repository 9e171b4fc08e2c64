import * as fc from 'fast-check';
import { test } from 'tap';
import { AppError } from '../../../src/lib/errors.ts';
import { AddressRate } from '../../../src/lib/rates/address-rate.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** How long to wait, or 0 if it was counted. */
function waitOf(act: () => void): number {
  try {
    act();
    return 0;
  } catch (error) {
    if (error instanceof AppError && error.code === 'rate_limited') return error.retryAfterMs!;
    throw error;
  }
}

test('each address has its own limit per minute, starting with its first attempt', (t) => {
  const clock = new FakeClock();
  let refused = 0;
  const rate = new AddressRate({ perMinute: 3, clock, onRefused: () => refused++ });
  for (let i = 0; i < 3; i++) {
    t.equal(
      waitOf(() => rate.take('a')),
      0,
    );
    clock.advance(10_000);
  }
  t.equal(
    waitOf(() => rate.check('a')),
    30_000,
  );
  t.equal(
    waitOf(() => rate.take('a')),
    30_000,
  );
  t.equal(refused, 2);
  t.equal(
    waitOf(() => rate.take('b')),
    0,
    'another address is not affected',
  );
  clock.advance(29_999);
  t.equal(
    waitOf(() => rate.take('a')),
    1,
  );
  clock.advance(1);
  for (let i = 0; i < 3; i++)
    t.equal(
      waitOf(() => rate.take('a')),
      0,
    );
  t.equal(
    waitOf(() => rate.take('a')),
    60_000,
  );
  t.end();
});

test('a returned attempt does not count, and an attempt that was not counted cannot be returned', (t) => {
  const rate = new AddressRate({ perMinute: 1, clock: new FakeClock() });
  rate.giveBack('a');
  rate.take('a');
  rate.giveBack('a');
  rate.giveBack('a');
  t.equal(
    waitOf(() => rate.take('a')),
    0,
  );
  t.not(
    waitOf(() => rate.take('a')),
    0,
  );
  t.end();
});

test('checking counts nothing and remembers nobody', (t) => {
  const rate = new AddressRate({ perMinute: 1, clock: new FakeClock() });
  for (let i = 0; i < 5; i++)
    t.equal(
      waitOf(() => rate.check('a')),
      0,
    );
  t.equal(rate.size, 0);
  t.end();
});

test('a limit of 0 means unlimited, and nothing is remembered', (t) => {
  const rate = new AddressRate({ perMinute: 0, clock: new FakeClock() });
  for (let i = 0; i < 100; i++)
    t.equal(
      waitOf(() => rate.take('a')),
      0,
    );
  t.equal(rate.size, 0);
  t.end();
});

test('when there are too many addresses, those whose minute began first are forgotten', (t) => {
  const clock = new FakeClock();
  const rate = new AddressRate({ perMinute: 1, clock });
  for (let i = 0; i < 20_001; i++) rate.take(`${i}`);
  t.equal(rate.size, 20_000);
  t.not(
    waitOf(() => rate.check('1')),
    0,
  );
  t.equal(
    waitOf(() => rate.check('0')),
    0,
  );
  clock.advance(60_000);
  rate.check('x');
  t.equal(rate.size, 0, 'expired ones are not kept');
  t.end();
});

test('whatever the timing, no address ever gets more than its share of a minute', (t) => {
  const event = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(15_000));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(event), (perMinute, events) => {
      const clock = new FakeClock();
      const rate = new AddressRate({ perMinute, clock });
      const windows = new Map<string, { startMs: number; count: number }>();
      return events.every(([key, pauseMs]) => {
        clock.advance(pauseMs);
        const isTaken = waitOf(() => rate.take(key)) === 0;
        let window = windows.get(key);
        if (window === undefined || clock.now() - window.startMs >= 60_000) {
          window = { startMs: clock.now(), count: 0 };
          windows.set(key, window);
        }
        if (isTaken) window.count++;
        return isTaken ? window.count <= perMinute : window.count === perMinute;
      });
    }),
  );
  t.end();
});
