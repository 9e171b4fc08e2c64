import { test } from 'tap';
import { TokenBucket } from '../../../src/lib/rates/token-bucket.ts';

test('a burst is allowed at once, then the rate', (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3, now: 1000 });
  t.strictSame(
    [1000, 1000, 1000, 1000].map((now) => bucket.take(now)),
    [true, true, true, false],
  );
  t.equal(bucket.take(1099), false);
  t.equal(bucket.take(1101), true);
  t.equal(bucket.take(1102), false);
  t.end();
});

test('idle time saves up no more than a burst', (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2, now: 0 });
  t.strictSame(
    [60_000, 60_000, 60_000].map((now) => bucket.take(now)),
    [true, true, false],
  );
  t.end();
});
