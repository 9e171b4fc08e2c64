import { test } from 'tap';
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
