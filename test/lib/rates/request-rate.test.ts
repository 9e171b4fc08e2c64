import type { IncomingMessage } from 'node:http';
import { test } from 'tap';
import { AppError } from '../../../src/lib/errors.ts';
import type { TrustedProxies } from '../../../src/lib/net/client-address.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { RequestRate } from '../../../src/lib/rates/request-rate.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** Treats the address itself as the client. */
const proxies = { clientOfRequest: (request: { from: string }) => request.from } as unknown as TrustedProxies;
const request = (from: string) => ({ from }) as unknown as IncomingMessage;

test('requests are counted by client, an IPv6 network counts as one, and refusals are counted', (t) => {
  const limitCounts = new LimitCounts();
  const rate = new RequestRate({ maxRequestsPerMinute: 2, proxies, clock: new FakeClock(), limitCounts });
  rate.take(request('2001:db8::1'));
  rate.take(request('2001:db8::2'));
  t.throws(() => rate.take(request('2001:db8::3')), AppError);
  rate.take(request('2001:db8:0:1::1'));
  rate.take(request('192.0.2.1'));
  t.equal(limitCounts.counts.get('requests_per_minute'), 1);
  const uncounted = new RequestRate({ maxRequestsPerMinute: 1, proxies, clock: new FakeClock() });
  uncounted.take(request('192.0.2.1'));
  t.throws(() => uncounted.take(request('192.0.2.1')), AppError);
  t.end();
});
