import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { type Stretch, StretchPlan } from '../../../src/mixer/source/stretch-plan.ts';
import { MAX_LAG, MIN_LAG } from '../../../src/mixer/source/time-stretch.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1211);
const STRETCHES = ['shorten', 'lengthen'] as const;

/** Asks for the same change until something is to be done. Returns how long that took, in ms. */
function waitMs(plan: StretchPlan, wanted: Stretch | undefined, patienceTicks?: number): number | undefined {
  for (let ms = 0; ms <= 5000; ms += PTIME_MS) if (plan.next(wanted, patienceTicks) !== undefined) return ms;
  return undefined;
}

for (const wanted of STRETCHES) {
  test(`to ${wanted}, speech waits half a second for a quiet frame`, async (t) => {
    t.equal(waitMs(new StretchPlan(), wanted), 500);
  });

  test(`to ${wanted}, speech changes in steps 100 ms apart until they add up to a frame, needed or not`, async (t) => {
    t.comment(`SEED=${SEED}`);
    const lags = fc.array(fc.integer({ min: MIN_LAG, max: MAX_LAG }), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(lags, fc.integer({ min: 0, max: 40 }), (steps, unwantedAfter) => {
        const plan = new StretchPlan();
        waitMs(plan, wanted);
        let total = 0;
        let ticks = 0;
        const next = () => plan.next(ticks++ < unwantedAfter ? wanted : undefined);
        for (const step of steps) {
          if (plan.maxLag < MIN_LAG || plan.maxLag > MAX_LAG) return false;
          if (wanted === 'shorten' && total + plan.maxLag > FRAME_SAMPLES) return false;
          const lag = Math.min(step, plan.maxLag);
          total += lag;
          plan.done(lag);
          for (let pause = 0; pause < 4; pause++) if (next() !== undefined) return false;
          if (next() === undefined) break;
        }
        // Less than the shortest period cannot be dropped, and repeating too much adds less than one period.
        return wanted === 'shorten'
          ? total > FRAME_SAMPLES - MIN_LAG && total <= FRAME_SAMPLES
          : total >= FRAME_SAMPLES && total < FRAME_SAMPLES + MAX_LAG;
      }),
      { seed: SEED, numRuns: cases(200) },
    );
  });

  test(`after a change of one frame to ${wanted}, speech is left alone for 200 ms`, async (t) => {
    const plan = new StretchPlan();
    waitMs(plan, wanted);
    for (let left = FRAME_SAMPLES; left > 0; left -= MAX_LAG) {
      plan.done(Math.min(left, MAX_LAG));
      if (left > MAX_LAG) waitMs(plan, wanted);
    }
    t.equal(waitMs(plan, wanted), 200 - PTIME_MS, 'and a tick has passed with the last step');
  });

  test(`a quiet frame ends a change to ${wanted} in progress, and the patience starts over`, async (t) => {
    const plan = new StretchPlan();
    waitMs(plan, wanted);
    plan.done(MIN_LAG);
    plan.cancel();
    t.equal(waitMs(plan, undefined), undefined);
    t.equal(waitMs(plan, wanted), 500);
    plan.cancel();
    t.equal(waitMs(plan, wanted), 500 - PTIME_MS, 'it was wanted in the previous tick already');
  });
}

test('a change can wait longer for a quiet frame', async (t) => {
  t.equal(waitMs(new StretchPlan(), 'shorten', 100), 2000);
  const plan = new StretchPlan();
  for (let tick = 0; tick < 60; tick++) t.equal(plan.next('shorten', 100), undefined);
  t.equal(plan.next('shorten'), 'shorten', 'and comes at once when it may wait no longer');
});

test('nothing is done while the request changes within half a second', async (t) => {
  t.comment(`SEED=${SEED}`);
  const runs = fc.array(
    fc.record({
      wanted: fc.constantFrom<Stretch | undefined>('shorten', 'lengthen', undefined),
      ticks: fc.integer({ min: 1, max: 25 }),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(runs, (list) => {
      const plan = new StretchPlan();
      let last: Stretch | undefined;
      for (const { wanted, ticks } of list) {
        if (wanted === last) continue;
        last = wanted;
        for (let i = 0; i < ticks; i++) if (plan.next(wanted) !== undefined) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
});

test('a step that was not done is due in the next tick', async (t) => {
  const plan = new StretchPlan();
  waitMs(plan, 'shorten');
  t.equal(plan.next('shorten'), 'shorten');
  t.equal(plan.next(undefined), 'shorten');
  t.equal(plan.next('lengthen'), 'shorten', 'one change after the other');
});
