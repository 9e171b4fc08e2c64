import { test } from 'tap';
import { AppError } from '../../src/lib/errors.ts';
import { AddressLimits } from '../../src/signaling/address-limits.ts';

const NONE = { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute: 0 };

test('connections and joins of one address are counted apart, and each address by itself', async (t) => {
  const limits = new AddressLimits({ ...NONE, maxJoinsPerMinute: 2 });
  t.teardown(() => limits.close());
  for (let i = 0; i < 2; i++) {
    await limits.connect('192.0.2.1');
    await limits.join('192.0.2.1', false);
  }
  for (const refused of [limits.connect('192.0.2.1'), limits.join('192.0.2.1', false)]) {
    const error = await refused.catch((thrown: unknown) => thrown);
    t.ok(error instanceof AppError && error.code === 'rate_limited');
    const { retryAfterMs = 0 } = error as AppError;
    t.ok(retryAfterMs > 50_000 && retryAfterMs <= 60_000, `to be tried again after ${retryAfterMs} ms`);
  }
  await limits.connect('192.0.2.2');
});

test('who has failed too often may not prove anything for a while, but joins without a proof', async (t) => {
  const limits = new AddressLimits({ ...NONE, maxFailedJoinsPerMinute: 3 });
  t.teardown(() => limits.close());
  for (let i = 0; i < 10; i++) await limits.join('a', true);
  for (let i = 0; i < 3; i++) limits.joinFailed('a');
  await t.rejects(limits.join('a', true), { code: 'rate_limited' });
  await limits.join('a', false);
  await limits.join('b', true);
});

test('connections of one address are given back', async (t) => {
  const limits = new AddressLimits({ ...NONE, maxConnectionsPerAddress: 2 });
  const closed = limits.opened('a');
  limits.opened('a');
  await t.rejects(limits.connect('a'), { code: 'too_many_connections' });
  closed();
  await limits.connect('a');
});

test('no more than a bounded number of addresses is remembered', async (t) => {
  const limits = new AddressLimits({ ...NONE, maxJoinsPerMinute: 1 });
  await limits.join('first', false);
  for (let i = 0; i < 25_000; i++) await limits.join(`address ${i}`, false);
  t.equal(limits.remembered, 20_000);
  await t.rejects(limits.join('address 24999', false), { code: 'rate_limited' });
  await limits.join('first', false);
  limits.close();
  t.equal(limits.remembered, 0);
});
