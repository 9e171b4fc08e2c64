import { test } from 'tap';
import { createFrameEncoder } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = Number(process.env['SEED'] ?? 3550);
const FRAME_SAMPLES = 960;

const sound = toInt16(tone({ frequencyHz: 400, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
const encode = createFrameEncoder({ application: 'lowDelay' });
const packets = Array.from({ length: 50 }, (_, n) =>
  encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
);
const talk = (n: number): Uint8Array => packets[n % packets.length]!;

test('loss and jitter of each participant are reported in both directions, and go into the histograms', async (t) => {
  t.comment(`SEED=${SEED}`);
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  const good = simulated.join({ payload: talk, network: { jitterMs: 0 } });
  const bad = simulated.join({ payload: talk, loss: 0.2, network: { jitterMs: 30 } });
  const listener = simulated.join();
  simulated.run(2);
  t.equal(simulated.networks.size, 0, 'nothing is reported before there is a report');
  simulated.run(20);

  const of = ({ options }: { options: { id: number } }) => simulated.networks.get(options.id)!;
  for (const { incoming, outgoing } of [of(good)]) {
    t.equal(incoming!.lossRatio, 0);
    t.equal(outgoing!.lossRatio, 0);
    t.ok(incoming!.jitterMs < 1, `${incoming!.jitterMs} ms`);
    t.ok(outgoing!.jitterMs < 1, `${outgoing!.jitterMs} ms`);
  }
  for (const { incoming, outgoing } of [of(bad)]) {
    for (const { lossRatio, jitterMs } of [incoming!, outgoing!]) {
      t.ok(lossRatio > 0.1 && lossRatio < 0.3, `${lossRatio}`);
      t.ok(jitterMs > 3 && jitterMs < 40, `${jitterMs} ms`);
    }
  }
  t.equal(of(listener).incoming, null, 'a participant that sends nothing loses nothing');
  t.equal(of(listener).outgoing?.lossRatio, 0);

  const { incomingLossRatio, outgoingLossRatio, incomingJitterSeconds, outgoingJitterSeconds, roundTripSeconds } =
    simulated.stats!.histograms;
  // We report on two talkers, and three listeners report to us: theirs come every five seconds, ours every four to six.
  t.ok(incomingLossRatio.count >= 6 && incomingLossRatio.count <= 10, `${incomingLossRatio.count}`);
  t.ok(outgoingLossRatio.count >= 11 && outgoingLossRatio.count <= 15, `${outgoingLossRatio.count}`);
  t.equal(incomingJitterSeconds.count, incomingLossRatio.count);
  t.equal(outgoingJitterSeconds.count, outgoingLossRatio.count);
  // Each has reported three to five times, two of the three without loss.
  const withLoss = outgoingLossRatio.count - outgoingLossRatio.counts[0]!;
  t.ok(withLoss >= 3 && withLoss <= 5, `${withLoss}`);
  t.ok(outgoingLossRatio.sum / withLoss > 0.1);
  t.ok(outgoingJitterSeconds.sum / outgoingJitterSeconds.count < 0.04, 'in seconds');
  t.equal(roundTripSeconds.count, 0, 'these reports answer none of ours');
});

test('a flood of reports from one participant counts as ten a second', async (t) => {
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  simulated.join({ payload: talk });
  simulated.join({ reportIntervalMs: 5 });
  simulated.run(0.5);
  const before = simulated.stats!.histograms.outgoingLossRatio.count;
  simulated.run(2);
  const counted = simulated.stats!.histograms.outgoingLossRatio.count - before;
  t.ok(counted > 15 && counted <= 21, `${counted}`);
});

test('nothing more is reported about a participant who has left', async (t) => {
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  simulated.join({ payload: talk });
  const gone = simulated.join({ reportIntervalMs: 50 });
  simulated.run(1);
  t.ok(simulated.networks.has(gone.options.id));
  simulated.networks.clear();
  simulated.run(0.2);
  simulated.leave(gone);
  simulated.run(1);
  t.equal(simulated.networks.has(gone.options.id), false);
});
