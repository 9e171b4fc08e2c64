import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { RedundancyWait } from '../../../src/mixer/source/redundancy-wait.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1213);

test('nothing waits for copies that are not sent', (t) => {
  const wait = new RedundancyWait();
  for (let n = 0; n < 500; n++) {
    wait.packet(n * FRAME_SAMPLES, n * PTIME_MS);
    wait.played(n % 5 === 0);
  }
  t.equal(wait.waitMs(10_000), 0);
  t.end();
});

test('the wait is the distance of the nearest copy, and ends when no more copies arrive', (t) => {
  const wait = new RedundancyWait();
  const run = (from: number, to: number, copies: readonly number[]) => {
    for (let n = from; n < to; n++) {
      for (const distance of copies) wait.copy((n - distance) * FRAME_SAMPLES);
      wait.packet(n * FRAME_SAMPLES, n * PTIME_MS);
      wait.played(n % 5 === 0);
    }
    return wait.waitMs(to * PTIME_MS);
  };
  t.equal(run(0, 100, [2, 1]), 20);
  t.equal(run(100, 200, [2]), 40);
  t.equal(run(200, 300, [10]), 0, 'copies that arrive too late are not waited for');
  t.equal(run(300, 400, [1]), 20);
  t.equal(run(400, 500, []), 0);
  t.end();
});

test('one lost packet makes nothing wait', (t) => {
  const wait = new RedundancyWait();
  for (let n = 0; n < 200; n++) {
    wait.copy((n - 1) * FRAME_SAMPLES);
    wait.packet(n * FRAME_SAMPLES, n * PTIME_MS);
    wait.played(n === 100);
    if (wait.waitMs(n * PTIME_MS) !== 0) t.fail(`waits at packet ${n}`);
  }
  wait.played(true);
  t.equal(wait.waitMs(4000), 20);
  t.end();
});

/** This many losses in a row make copies worth waiting for. */
function lose(wait: RedundancyWait, packets = 5): void {
  for (let i = 0; i < packets; i++) wait.played(true);
}

test('the last copy before a packet counts, if it predates that packet by no more than 60 ms', (t) => {
  t.comment(`SEED=${SEED}`);
  const distances = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(distances, fc.integer({ min: 0, max: 2 ** 40 }), (list, start) => {
      const wait = new RedundancyWait();
      lose(wait);
      for (const distanceMs of list) wait.copy(start - distanceMs * 48);
      wait.packet(start, 0);
      const nearest = list.at(-1)!;
      return wait.waitMs(0) === (nearest > 0 && nearest <= 60 ? nearest : 0);
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('a copy belongs to the packet that follows it and to no other', (t) => {
  const wait = new RedundancyWait();
  lose(wait);
  wait.copy(0);
  wait.packet(FRAME_SAMPLES, 0);
  wait.packet(2 * FRAME_SAMPLES, PTIME_MS);
  t.equal(wait.waitMs(PTIME_MS), 20);
  t.equal(wait.waitMs(999), 20);
  t.equal(wait.waitMs(1000), 0, 'a second without copies');
  t.end();
});

test('after a bad period packets keep waiting, longer after a worse one, but not for ten seconds', (t) => {
  for (const [lost, calmPackets] of [
    [2, 68],
    [10, 225],
    [500, 458],
  ] as const) {
    const wait = new RedundancyWait();
    wait.copy(0);
    wait.packet(FRAME_SAMPLES, 0);
    lose(wait, lost);
    let calm = 0;
    for (; wait.waitMs(0) > 0; calm++) wait.played(false);
    t.ok(Math.abs(calm - calmPackets) <= 2, `${lost} lost: ${calm} packets later`);
  }
  t.end();
});

test('at one packet lost in a hundred nothing waits, and at two it does', (t) => {
  for (const [every, share] of [
    [120, 0],
    [50, 0.5],
  ] as const) {
    const wait = new RedundancyWait();
    let waiting = 0;
    for (let n = 0; n < 5000; n++) {
      wait.copy((n - 1) * FRAME_SAMPLES);
      wait.packet(n * FRAME_SAMPLES, n * PTIME_MS);
      wait.played(n % every === 0);
      if (n >= 1000 && wait.waitMs(n * PTIME_MS) > 0) waiting++;
    }
    t.ok(share === 0 ? waiting < 4000 * 0.4 : waiting > 4000 * share, `${waiting} of 4000 packets`);
  }
  t.end();
});
