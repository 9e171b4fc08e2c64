import { test } from 'tap';
import { createFrameEncoder } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = Number(process.env['SEED'] ?? 2198);
const FRAME_SAMPLES = 960;

/** A second of a tone, as packets. */
function tonePackets(frequencyHz: number): Uint8Array[] {
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const sound = toInt16(tone({ frequencyHz, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  return Array.from({ length: 50 }, (_, n) => encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)));
}

function talk(frequencyHz: number): (n: number) => Uint8Array {
  const packets = tonePackets(frequencyHz);
  return (n) => packets[n % packets.length]!;
}

test('with 10 % random loss in both directions, at most 1.5 % of the frames are concealed on either side', async (t) => {
  t.comment(`SEED=${SEED}`);
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  simulated.join({ payload: talk(400), loss: 0.1 });
  const talking = simulated.join({ payload: talk(600), loss: 0.1 });
  const listening = simulated.join({ loss: 0.1 });
  const spared = simulated.join();
  const without = simulated.join({ loss: 0.1, red: false });
  // Until the listeners have reported their loss.
  simulated.run(16);
  for (const { played } of simulated.peers) played.frames = played.concealed = 0;
  const before = simulated.stats!.counters;
  simulated.run(40);
  const { counters } = simulated.stats!;

  const concealedUp = counters.framesConcealed - before.framesConcealed;
  const shareUp = concealedUp / (concealedUp + counters.framesDecoded - before.framesDecoded);
  t.ok(shareUp <= 0.015, `upstream ${(shareUp * 100).toFixed(2)} %`);
  for (const { options, played } of [talking, listening]) {
    const share = played.concealed / played.frames;
    t.ok(played.frames > 1900);
    t.ok(share <= 0.015, `downstream to ${options.id} ${(share * 100).toFixed(2)} %`);
  }
  t.ok(without.played.concealed / without.played.frames > 0.07, 'a listener without RED still has the loss');
  t.equal(without.received.red, 0);
  t.equal(spared.received.red, 0, 'and a listener without loss is sent none');
  t.ok(
    counters.redundantPacketsOut > 3 * 35 * 50,
    `${counters.redundantPacketsOut} packets that repeat the previous one`,
  );
});

test('redundancy ends half a minute after the loss', async (t) => {
  t.comment(`SEED=${SEED}`);
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  simulated.join({ payload: talk(400) });
  const listener = simulated.join({ loss: 0.2 });
  simulated.run(30);
  t.ok(listener.received.red > 400);
  listener.setLoss(0);
  simulated.run(48);
  const { red, opus } = { ...listener.received };
  simulated.run(5);
  t.equal(listener.received.red, red);
  t.ok(listener.received.opus >= opus + 245);
});
