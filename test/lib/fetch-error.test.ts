import { test } from 'tap';
import { reasonOfFetch } from '../../src/lib/fetch-error.ts';

test('the reason is that of the cause', (t) => {
  t.equal(
    reasonOfFetch(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
    'connect ECONNREFUSED',
  );
  t.equal(reasonOfFetch(new Error('no answer in time')), 'no answer in time');
  const several = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  t.equal(reasonOfFetch(new TypeError('fetch failed', { cause: several })), 'ECONNREFUSED');
  t.equal(reasonOfFetch(new AggregateError([])), 'AggregateError');
  t.equal(reasonOfFetch('odd'), 'odd');
  t.end();
});
