import fc from 'fast-check';
import { test } from 'tap';
import { DelayEstimator } from '../../../src/mixer/source/delay-estimator.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 4104);

/**
 * Feeds one packet every 20 ms from `fromMs` to `toMs`, each as late as `delayMs` says. Returns the target at the end.
 */
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

test('uniform jitter of 15 ms needs about 15 ms', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 50 + 15 * prng());
  for (let s = 10; s < 60; s++) {
    const target = feed(estimator, s * 1000, s * 1000 + 1000, () => 50 + 15 * prng());
    t.ok(target >= 14 && target <= 20, `${target.toFixed(1)} ms`);
  }
});

test('out-of-order packets count with their actual delay', async (t) => {
  const estimator = new DelayEstimator();
  for (let n = 0; n < 500; n++) {
    const swapped = n % 10 === 4 ? n + 1 : n % 10 === 5 ? n - 1 : n;
    estimator.observe(960 * swapped, 20 * n);
  }
  const target = estimator.targetMs(10_000);
  // Every tenth packet overtakes another, so the reference is 20 ms early and all others are 20 ms late.
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

test('a bad period that is over costs delay for no more than about five seconds', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 30);
  const bad = feed(estimator, 10_000, 20_000, () => 30 + 100 * prng());
  t.ok(bad > 90, `${bad} in the bad period`);
  const after = feed(estimator, 20_000, 25_600, () => 30);
  t.ok(after < 10, `${after} afterwards`);
});

test('when the path becomes 50 ms longer the delay is relearned, and when shorter again it follows at once', async (t) => {
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

test('a clock that is off by 200 ppm is tracked for ten minutes', async (t) => {
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

test('after a restart only the reference is forgotten', async (t) => {
  const prng = createPrng(SEED);
  const estimator = new DelayEstimator();
  const before = feed(estimator, 0, 10_000, () => 30 + 15 * prng());
  estimator.rebase();
  t.equal(estimator.targetMs(10_000), before);
  t.equal(estimator.observe(123_456_789, 10_000), 0);
  t.equal(estimator.idealArrivalMs(123_456_789), 10_000);
});

test('for any packets at any time the target stays between 4 and 200 ms, and nothing is NaN', async (t) => {
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
    { seed: SEED, numRuns: cases(300) },
  );
});

test('steady jitter costs its own size, a twentieth more and 2 ms, at least 4 ms and at most 200', async (t) => {
  for (const jitterMs of [0, 1, 7, 40, 111, 180, 400]) {
    const estimator = new DelayEstimator();
    const target = feed(estimator, 0, 10_000, (sentMs) => 30 + (sentMs % 100 === 0 ? jitterMs : 0));
    const wanted = Math.max(4, Math.min(200, 1.05 * jitterMs + 2));
    t.ok(Math.abs(target - wanted) < 0.001, `${jitterMs} ms: ${target}`);
  }
});

test('the target is 20 ms for the first second, whatever arrives, and then the measured one', async (t) => {
  for (const [jitterMs, then] of [
    [0, 4],
    [60, 65],
  ] as const) {
    const estimator = new DelayEstimator();
    const delay = (sentMs: number) => 30 + (sentMs % 100 === 0 ? jitterMs : 0);
    t.equal(estimator.targetMs(0), 20);
    t.equal(feed(estimator, 0, 900, delay), 20);
    t.equal(feed(estimator, 900, 1200, delay), then);
  }
});

test('the first intervals have equal weight, and one bad of two is waited for', async (t) => {
  const estimator = new DelayEstimator();
  const target = feed(estimator, 0, 1200, (sentMs) => 30 + (sentMs === 300 ? 60 : 0));
  t.ok(target > 60, `${target}`);
});

test('delays that occur once in 20 s are not waited for, and those every 5 s are', async (t) => {
  for (const [everyMs, least, most] of [
    [20_000, 12, 15],
    [5000, 100, 108],
  ] as const) {
    const estimator = new DelayEstimator();
    const delay = (sentMs: number) => 30 + (sentMs % everyMs === 1000 ? 100 : sentMs % 100 === 0 ? 10 : 0);
    feed(estimator, 0, 120_000, delay);
    const targets = Array.from({ length: 200 }, (_, i) =>
      feed(estimator, 120_000 + i * 500, 120_500 + i * 500, delay),
    ).sort((a, b) => a - b);
    // Now and then a calm stretch lasts so long that a bad period seems to be over.
    const usual = targets[100]!;
    t.ok(usual >= least && usual <= most, `every ${everyMs} ms: ${usual}`);
    if (everyMs === 20_000) t.ok(targets.at(-1)! <= most, 'at no time');
  }
});

test('a rise from a late packet falls by 20 ms a second, or within two and a half seconds if that is sooner', async (t) => {
  for (const [lateMs, goneAfterMs] of [
    [38, 2000],
    [123, 2500],
  ] as const) {
    const estimator = new DelayEstimator();
    feed(estimator, 0, 10_000, () => 30);
    while (estimator.targetMs(10_000) < lateMs + 2) estimator.observeLate(lateMs, 10_000);
    for (const share of [0, 0.25, 0.5, 0.75]) {
      const target = estimator.targetMs(10_000 + share * goneAfterMs);
      t.ok(Math.abs(target - (lateMs + 2) * (1 - share)) < 0.01, `${lateMs} ms late, ${share}: ${target}`);
    }
    t.equal(estimator.targetMs(10_000 + goneAfterMs), 4);
  }
});

test('a packet just late enough to be waited for raises nothing', async (t) => {
  const estimator = new DelayEstimator();
  feed(estimator, 0, 10_000, () => 30);
  estimator.observeLate(1, 10_000);
  t.equal(estimator.targetMs(10_000), 4);
  for (let n = 0; n < 100; n++) estimator.observeLate(1e6, 10_000);
  t.equal(estimator.targetMs(10_000), 200, 'and none raises it without limit');
});

test('for any delays a packet is compared with the fastest one of the last two seconds', async (t) => {
  t.comment(`SEED=${SEED}`);
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1, 20, 60, 350), (salt, everyMs) => {
      const prng = createPrng(salt);
      const estimator = new DelayEstimator();
      const arrived: { atMs: number; delayMs: number }[] = [];
      for (let n = 0; n < 300; n++) {
        const atMs = n * everyMs;
        // Rarely fast, so that the fastest is often an old one.
        const delayMs = prng() < 0.05 ? 50 * prng() : 50 + 50 * prng();
        arrived.push({ atMs, delayMs });
        const relative = estimator.observe(48 * (atMs - delayMs), atMs);
        const fastest = (windowMs: number) =>
          Math.min(...arrived.filter((one) => one.atMs >= atMs - windowMs).map((one) => one.delayMs));
        if (relative < delayMs - fastest(1900) - 1e-6 || relative > delayMs - fastest(2000) + 1e-6) return false;
        if (Math.abs(estimator.idealArrivalMs(48 * (atMs - delayMs)) - (atMs - relative)) > 1e-6) return false;
        if (arrived.length > 2100) arrived.shift();
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(60) },
  );
});

test('a path that became 5 ms longer explains delays measured against the shorter one, and a fluctuating one does not', async (t) => {
  for (const [riseMs, explained] of [
    [4.9, 0],
    [5.1, 5.1],
  ] as const) {
    const estimator = new DelayEstimator();
    feed(estimator, 0, 10_000, (sentMs) => (sentMs % 1500 === 0 ? 90 : 30));
    const target = feed(estimator, 10_000, 12_700, () => 30 + riseMs);
    const wanted = 1.05 * (60 - explained) + 2;
    t.ok(Math.abs(target - wanted) < 0.01, `${riseMs} ms longer: ${target}`);
  }
});

test('after the timestamps have jumped, the first packet is the reference, in whichever direction they did', async (t) => {
  for (const jumpMs of [5000, -5000]) {
    const estimator = new DelayEstimator();
    feed(estimator, 0, 3000, () => 50);
    estimator.rebase();
    t.equal(estimator.observe(48 * (3000 + jumpMs), 3050), 0, `${jumpMs} ms`);
    t.equal(estimator.observe(48 * (3020 + jumpMs), 3090), 20);
    t.equal(estimator.idealArrivalMs(48 * (3020 + jumpMs)), 3070);
  }
});
