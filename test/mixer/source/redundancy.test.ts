import { test } from 'tap';
import { RedundancyWait } from '../../../src/mixer/source/redundancy-wait.ts';
import { meanDelayMs, type Network, playTrace } from '../../helpers/playout-trace.ts';
import { createPrng, type Prng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 2198);

function lossy(prng: Prng, loss: (sentMs: number) => number, jitterMs: number): Network {
  return (sentMs) => (prng() < loss(sentMs) ? undefined : 30 + prng() * jitterMs);
}

test('with a copy in the next packet, 10 % of random loss leaves at most 1.5 % to be concealed', async (t) => {
  t.comment(`SEED=${SEED}`);
  for (const jitterMs of [0, 5, 15]) {
    // Each run has another phase between packets and ticks.
    const shares = Array.from({ length: 5 }, (_, run) => {
      const prng = createPrng(SEED + run);
      const network = lossy(prng, () => 0.1, jitterMs);
      return playTrace({ seconds: 60, network, prng, redundancyDistance: 1 }).concealedShare;
    });
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const text = shares.map((share) => `${(share * 100).toFixed(2)} %`).join(', ');
    t.ok(mean <= 0.0125, `${jitterMs} ms of jitter: ${text}`);
    t.ok(Math.max(...shares) <= 0.015, 'in every run');
  }
});

test('packets wait for copies only while packets are lost', async (t) => {
  t.comment(`SEED=${SEED}`);
  const prng = createPrng(SEED);
  const duringLoss = (sentMs: number) => (sentMs >= 20_000 && sentMs < 40_000 ? 0.1 : 0);
  const result = playTrace({ seconds: 60, network: lossy(prng, duringLoss, 2), prng, redundancyDistance: 1 });
  const before = meanDelayMs(result, 5, 20);
  const during = meanDelayMs(result, 25, 40);
  const after = meanDelayMs(result, 48, 60);
  const text = `${before.toFixed(1)} ms before, ${during.toFixed(1)} ms during, ${after.toFixed(1)} ms after`;
  t.ok(during > before + 10, text);
  t.ok(after < before + 5, text);
});

test('nothing waits for copies that are not sent', (t) => {
  const wait = new RedundancyWait();
  for (let n = 0; n < 500; n++) {
    wait.packet(n * 960, n * 20);
    wait.played(n % 5 === 0);
  }
  t.equal(wait.waitMs(10_000), 0);
  t.end();
});

test('the wait is the distance of the nearest copy, and ends when no more copies come', (t) => {
  const wait = new RedundancyWait();
  const run = (from: number, to: number, copies: readonly number[]) => {
    for (let n = from; n < to; n++) {
      for (const distance of copies) wait.copy((n - distance) * 960);
      wait.packet(n * 960, n * 20);
      wait.played(n % 5 === 0);
    }
    return wait.waitMs(to * 20);
  };
  t.equal(run(0, 100, [2, 1]), 20);
  t.equal(run(100, 200, [2]), 40);
  t.equal(run(200, 300, [10]), 0, 'copies that come too late are not waited for');
  t.equal(run(300, 400, [1]), 20);
  t.equal(run(400, 500, []), 0);
  t.end();
});

test('one lost packet makes nothing wait', (t) => {
  const wait = new RedundancyWait();
  for (let n = 0; n < 200; n++) {
    wait.copy((n - 1) * 960);
    wait.packet(n * 960, n * 20);
    wait.played(n === 100);
    if (wait.waitMs(n * 20) !== 0) t.fail(`waits at packet ${n}`);
  }
  wait.played(true);
  t.equal(wait.waitMs(4000), 20);
  t.end();
});
