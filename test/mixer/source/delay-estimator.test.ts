import fc from 'fast-check';
import { test } from 'tap';
import { DelayEstimator } from '../../../src/mixer/source/delay-estimator.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 4104);

/** Feeds one packet every 20 ms from `fromMs` to `toMs`, each as late as `delayMs` says; returns the target at the end. */
function feed(
  estimator: DelayEstimator,
  fromMs: number,
  toMs: number,
  delayMs: (sentMs: number) => number,
  driftPpm = 0,
): number {
  for (let sentMs = fromMs; sentMs < toMs; sentMs += 20) {
    estimator.observe(48 * sentMs * (1 + driftPpm * 1e-6), sentMs + delayMs(sentMs));
  }
  return estimator.targetMs(toMs);
}

test('a path without jitter needs next to no delay', async (t) => {
  const estimator = new DelayEstimator();
  t.ok(estimator.targetMs(0) <= 40, 'a careful start');
  t.ok(feed(estimator, 0, 3000, () => 80) <= 5);
});

test('uniform jitter of 15 ms asks for about 15 ms', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 50 + 15 * prng());
  for (let s = 10; s < 60; s++) {
    const target = feed(estimator, s * 1000, s * 1000 + 1000, () => 50 + 15 * prng());
    t.ok(target >= 14 && target <= 20, `${target.toFixed(1)} ms`);
  }
});

test('packets out of order count with the delay they had', async (t) => {
  const estimator = new DelayEstimator();
  for (let n = 0; n < 500; n++) {
    const swapped = n % 10 === 4 ? n + 1 : n % 10 === 5 ? n - 1 : n;
    estimator.observe(960 * swapped, 20 * n);
  }
  const target = estimator.targetMs(10_000);
  // Every tenth packet overtakes another, by which the reference is 20 ms early and all others 20 ms late.
  t.ok(target >= 40 && target <= 46, `${target}`);
});

test('a late packet raises the target at once, by no more than 20 ms, and is forgotten within five seconds', async (t) => {
  for (const lateMs of [25, 60, 150]) {
    const estimator = new DelayEstimator();
    const calm = feed(estimator, 0, 20_000, () => 30);
    let raised = calm;
    for (let n = 0; n < 10; n++) {
      estimator.observeLate(lateMs, 20_000);
      const now = estimator.targetMs(20_000);
      t.ok(now - raised <= 20.001, 'in steps');
      raised = now;
    }
    t.ok(raised >= lateMs && raised <= lateMs + 4, `${raised} for ${lateMs} ms`);
    const half = feed(estimator, 20_000, 21_000, () => 30);
    t.ok(half < raised && half > calm - 0.001, 'sinks');
    t.ok(feed(estimator, 21_000, 25_000, () => 30) <= calm + 1);
  }
});

test('a bad time that is over costs delay for no more than about five seconds', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 30);
  const bad = feed(estimator, 10_000, 20_000, () => 30 + 100 * prng());
  t.ok(bad > 90, `${bad} in the bad time`);
  const after = feed(estimator, 20_000, 25_600, () => 30);
  t.ok(after < 10, `${after} afterwards`);
});

test('when the path becomes 50 ms longer the delay is re-learned, and when shorter again at once', async (t) => {
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 30);
  const longer = feed(estimator, 10_000, 13_000, () => 80);
  t.ok(longer < 10, `${longer} three seconds after`);
  feed(estimator, 13_000, 18_000, () => 80);
  t.ok(Math.abs(estimator.idealArrivalMs(48 * 18_000) - 18_080) < 1, 'the reference has followed');
  const shorter = feed(estimator, 18_000, 18_600, () => 30);
  t.ok(shorter < 10, `${shorter} at once`);
  t.ok(Math.abs(estimator.idealArrivalMs(48 * 18_600) - 18_630) < 1, 'the reference has followed');
});

test('a clock that is off by 200 ppm is followed for ten minutes', async (t) => {
  for (const driftPpm of [-200, 200]) {
    const prng = createPrng(SEED);
    const estimator = new DelayEstimator();
    for (let minute = 0; minute < 10; minute++) {
      const target = feed(estimator, minute * 60_000, (minute + 1) * 60_000, () => 30 + 5 * prng(), driftPpm);
      t.ok(target < 12, `target ${target.toFixed(1)} at ${driftPpm} ppm`);
      const sentMs = (minute + 1) * 60_000;
      const ideal = estimator.idealArrivalMs(48 * sentMs * (1 + driftPpm * 1e-6));
      t.ok(Math.abs(ideal - sentMs - 30) < 2, `off by ${(ideal - sentMs - 30).toFixed(2)} ms`);
    }
  }
});

test('the reference survives pauses of any length', async (t) => {
  for (const pauseMs of [500, 1990, 2010, 5000, 3_600_000]) {
    const estimator = new DelayEstimator();
    feed(estimator, 0, 10_000, () => 30);
    const sentMs = 10_000 + pauseMs;
    t.ok(
      Math.abs(estimator.observe(48 * sentMs, sentMs + 55) - 25) < 0.01,
      `after ${pauseMs} ms a slow packet counts as slow`,
    );
  }
});

test('after a new start only the reference is forgotten', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  const before = feed(estimator, 0, 10_000, () => 30 + 15 * prng());
  estimator.rebase();
  t.equal(estimator.targetMs(10_000), before);
  t.equal(estimator.observe(123_456_789, 10_000), 0);
  t.equal(estimator.idealArrivalMs(123_456_789), 10_000);
});

test('for any packets at any time the target stays between 4 and 200 ms and nothing is not a number', async (t) => {
  t.comment(`SEED=${SEED}`);
  const step = fc.record({
    afterMs: fc.oneof(fc.nat(40), fc.nat(100_000)),
    timestamp: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    late: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const estimator = new DelayEstimator();
      let nowMs = 0;
      return steps.every(({ afterMs, timestamp, late }) => {
        nowMs += afterMs;
        const relative = estimator.observe(timestamp, nowMs);
        if (late) estimator.observeLate(relative, nowMs);
        const target = estimator.targetMs(nowMs);
        return relative >= 0 && target >= 4 && target <= 202;
      });
    }),
    { seed: SEED, numRuns: 300 },
  );
});
