import { test } from 'tap';
import { meanDelayMs, type Network, playTrace } from '../../helpers/playout-trace.ts';
import { createPrng, gaussian, type Prng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 4107);
const SECONDS = 60;

/**
 * Nothing arrives for `stallMs`, then everything at once. The first stall comes after two seconds, then one every
 * `everyMs`.
 */
function stalls(prng: Prng, everyMs: readonly [number, number], stallMs: readonly [number, number]): Network {
  const between = ([low, high]: readonly [number, number]) => low + prng() * (high - low);
  let start = 2000;
  let end = start + between(stallMs);
  return (sentMs) => {
    if (sentMs > end) {
      start += between(everyMs);
      end = start + between(stallMs);
    }
    const arrival = sentMs + 30 + 5 * prng();
    return (arrival >= start && arrival < end ? end : arrival) - sentMs;
  };
}

interface Case {
  readonly network: (prng: Prng) => Network;
  /** Network loss in percent, which nothing can repair. */
  readonly lossPercent?: number;
  readonly driftPpm?: number;
  /** On top of the fastest packet's 30 ms. The fixed tick adds 10 ms on average and 20 ms at worst. */
  readonly maxDelayMs: number;
  /** Beyond the loss. */
  readonly maxConcealedPercent: number;
}

const CASES: Record<string, Case> = {
  'no jitter': { network: () => () => 30, maxDelayMs: 25, maxConcealedPercent: 0 },
  'uniform jitter of 15 ms': { network: (prng) => () => 30 + 15 * prng(), maxDelayMs: 40, maxConcealedPercent: 0.1 },
  'Gaussian jitter of 5 ms': {
    network: (prng) => () => Math.max(30, 45 + gaussian(prng, 0, 5)),
    maxDelayMs: 50,
    maxConcealedPercent: 0.2,
  },
  'bursts of 60 to 100 ms every 2 to 5 s': {
    network: (prng) => stalls(prng, [2000, 5000], [60, 100]),
    maxDelayMs: 110,
    maxConcealedPercent: 0.6,
  },
  'bursts of 60 to 100 ms every 10 to 20 s': {
    network: (prng) => stalls(prng, [10_000, 20_000], [60, 100]),
    maxDelayMs: 45,
    maxConcealedPercent: 1,
  },
  'stalls of 300 ms every 20 to 30 s': {
    network: (prng) => stalls(prng, [20_000, 30_000], [300, 300]),
    maxDelayMs: 40,
    maxConcealedPercent: 1,
  },
  'a path 50 ms longer for 20 s': {
    network: () => (sentMs) => (sentMs > 20_000 && sentMs < 40_000 ? 80 : 30),
    maxDelayMs: 50,
    maxConcealedPercent: 0.5,
  },
  'a sender whose clock runs fast by 200 ppm': {
    network: (prng) => () => 30 + 5 * prng(),
    driftPpm: 200,
    maxDelayMs: 32,
    maxConcealedPercent: 0.1,
  },
  'a sender whose clock runs slow by 200 ppm': {
    network: (prng) => () => 30 + 5 * prng(),
    driftPpm: -200,
    maxDelayMs: 32,
    maxConcealedPercent: 0.2,
  },
  'loss of 5 %': {
    network: (prng) => () => (prng() < 0.05 ? undefined : 30 + 5 * prng()),
    lossPercent: 5,
    maxDelayMs: 25,
    maxConcealedPercent: 1,
  },
  'loss of 5 % in bursts of three': {
    network: (prng) => {
      let bad = false;
      return () => {
        bad = prng() < (bad ? 0.67 : 0.017);
        return bad ? undefined : 30 + 5 * prng();
      };
    },
    lossPercent: 5,
    maxDelayMs: 30,
    maxConcealedPercent: 2,
  },
};

for (const [name, { network, lossPercent = 0, driftPpm = 0, maxDelayMs, maxConcealedPercent }] of Object.entries(
  CASES,
)) {
  test(`a talker is heard with little delay and few gaps over a network with ${name}`, async (t) => {
    const prng = createPrng(SEED);
    const result = playTrace({ seconds: SECONDS, network: network(prng), prng, driftPpm });
    const delayMs = meanDelayMs(result, 5, SECONDS) - 30;
    const concealed = result.concealedShare * 100 - lossPercent;
    t.comment(`SEED=${SEED}: ${delayMs.toFixed(1)} ms, ${(concealed + lossPercent).toFixed(2)} % concealed`);
    t.ok(delayMs <= maxDelayMs, `${delayMs.toFixed(1)} ms of delay`);
    t.ok(delayMs >= 4, 'the measure is sound');
    t.ok(concealed <= maxConcealedPercent, `${concealed.toFixed(2)} % concealed beyond the loss`);
  });
}

test('the delay of a bad period is gone six seconds after it', async (t) => {
  const prng = createPrng(SEED);
  const network: Network = (sentMs) => 30 + prng() * (sentMs > 20_000 && sentMs < 30_000 ? 100 : 5);
  const result = playTrace({ seconds: 45, network, prng });
  const [before, during, after] = [
    meanDelayMs(result, 10, 20),
    meanDelayMs(result, 25, 30),
    meanDelayMs(result, 36, 45),
  ];
  t.comment(`${before.toFixed(0)}, ${during.toFixed(0)}, ${after.toFixed(0)} ms`);
  t.ok(during > 100, 'there was one');
  t.ok(after < before + 10, `${after.toFixed(1)} ms after, ${before.toFixed(1)} ms before`);
});
