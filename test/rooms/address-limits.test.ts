import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { AddressLimits } from '../../src/rooms/address-limits.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const NONE = { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute: 0 };

function refusal(run: () => unknown): AppError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

test('connections and joins are counted separately, for each address by itself, for a minute', (t) => {
  const clock = new FakeClock();
  const limits = new AddressLimits({ ...NONE, maxJoinsPerMinute: 2 }, clock);
  for (let i = 0; i < 2; i++) {
    limits.connect('192.0.2.1');
    limits.join('192.0.2.1', false);
  }
  clock.advance(1000);
  const tries = [() => limits.connect('192.0.2.1'), () => limits.join('192.0.2.1', false)];
  for (const attempt of tries) t.match(refusal(attempt), { code: 'rate_limited', retryAfterMs: 59_000 });
  limits.connect('192.0.2.2');
  clock.advance(58_999);
  for (const attempt of tries) t.match(refusal(attempt), { code: 'rate_limited', retryAfterMs: 1 });
  clock.advance(1);
  for (const attempt of tries) t.equal(refusal(attempt), undefined, 'the refused ones did not count');
  t.end();
});

test('an address with too many failures may not try credentials for a while, but can join without them', (t) => {
  const limits = new AddressLimits({ ...NONE, maxFailedJoinsPerMinute: 3 }, new FakeClock());
  for (let i = 0; i < 10; i++) limits.join('a', true)();
  for (let i = 0; i < 3; i++) limits.join('a', true);
  t.match(
    refusal(() => limits.join('a', true)),
    { code: 'rate_limited' },
  );
  limits.join('a', false);
  limits.join('b', true);
  t.end();
});

test('credentials being checked count as wrong until they are known to be right', (t) => {
  const limits = new AddressLimits({ ...NONE, maxFailedJoinsPerMinute: 2 }, new FakeClock());
  const [first] = [limits.join('a', true), limits.join('a', true)];
  t.match(
    refusal(() => limits.join('a', true)),
    { code: 'rate_limited' },
  );
  first();
  limits.join('a', true);
  t.match(
    refusal(() => limits.join('a', true)),
    { code: 'rate_limited' },
  );
  t.end();
});

test('connections of one address are given back', (t) => {
  const limits = new AddressLimits({ ...NONE, maxConnectionsPerAddress: 2 }, new FakeClock());
  const closed = limits.opened('a');
  limits.opened('a');
  t.match(
    refusal(() => limits.connect('a')),
    { code: 'too_many_connections' },
  );
  closed();
  limits.connect('a');
  t.end();
});

test('no more than a bounded number of addresses is remembered, and none for longer than a minute', (t) => {
  const clock = new FakeClock();
  const limits = new AddressLimits({ ...NONE, maxJoinsPerMinute: 1 }, clock);
  limits.join('first', false);
  for (let i = 0; i < 25_000; i++) limits.join(`address ${i}`, false);
  t.equal(limits.remembered, 20_000);
  t.match(
    refusal(() => limits.join('address 24999', false)),
    { code: 'rate_limited' },
  );
  limits.join('first', false);
  clock.advance(60_000);
  limits.join('last', false);
  t.equal(limits.remembered, 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});
