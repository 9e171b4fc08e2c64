import { test } from 'tap';
import { SILENCE_PACKET } from '../../../src/formats/opus-packet.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { SILENCE_REFRESH_TICKS } from '../../../src/mixer/mix/delivery.ts';
import { Mixer } from '../../../src/mixer/mix/mixer.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import { toInt16, tone } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_202);
const MINUTES = 60;
/** People who talk for hours make pauses, as short as this. */
const TALK_FRAMES = 9000 / PTIME_MS;
const PAUSE_FRAMES = 500 / PTIME_MS;
const TICKS = (MINUTES * 60_000) / PTIME_MS;

/** A leaf whose clock is this much faster sounds for an hour; returns what its home did about it. */
function listenToLeaf(ppm: number) {
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const mixer = new Mixer(pool, { maxTalkers: 8, levelling: true });
  const prng = createPrng(SEED);
  const leaf = mixer.add({ kind: 'leaf', muted: false, deafened: true, sink: { write: () => {} } });
  let written = 0;
  mixer.add({ muted: true, deafened: false, sink: { write: () => written++ } });
  const loop = toInt16(tone({ frequencyHz: 400, samples: FRAME_SAMPLES, amplitude: 0.1 }));
  let payload = codec.encode(loop);
  const frameMs = PTIME_MS * (1 - ppm * 1e-6);
  const packet = { sequenceNumber: 0, timestamp: 0, payload: SILENCE_PACKET, levelDbov: null, redundant: false };
  let n = 0;
  let corrections = 0;
  let correctedMs = Number.NEGATIVE_INFINITY;
  for (let tick = 0; tick < TICKS; tick++) {
    const nowMs = tick * PTIME_MS;
    for (let atMs = n * frameMs + 3; atMs <= nowMs; atMs = n * frameMs + 3) {
      packet.timestamp = (n * FRAME_SAMPLES) >>> 0;
      const paused = (n++ % (TALK_FRAMES + PAUSE_FRAMES)) - TALK_FRAMES;
      // The codec remembers as many frames as it has numbers.
      if (n % 1000 === 0) payload = codec.encode(loop);
      packet.payload = paused < 0 ? payload : SILENCE_PACKET;
      // What a link sends while its room is silent.
      if (paused >= 3 && paused % SILENCE_REFRESH_TICKS !== 0) continue;
      packet.sequenceNumber = (packet.sequenceNumber + 1) & 0xffff;
      mixer.push(leaf, packet, atMs + 2 * prng());
    }
    const stretches = pool.counters.timeStretches;
    mixer.tick(tick, nowMs);
    if (pool.counters.timeStretches === stretches) continue;
    // A correction of a frame is spread over some places where the sound is similar to itself.
    if (nowMs - correctedMs > 10_000) corrections++;
    correctedMs = nowMs;
  }
  mixer.close();
  return { ...pool.counters, corrections, written, pauses: n / (TALK_FRAMES + PAUSE_FRAMES) };
}

test('an hour of a link whose clocks differ by 50 ppm has at most one audible correction a minute', async (t) => {
  t.comment(`SEED=${SEED}`);
  for (const ppm of [50, -50]) {
    const { corrections, timeStretches, framesConcealed, packetsLate, written, pauses } = listenToLeaf(ppm);
    t.comment({ ppm, corrections, timeStretches, framesConcealed, packetsLate, written });
    t.ok(corrections + packetsLate <= MINUTES / 6, `${ppm} ppm`);
    t.ok(framesConcealed <= 10 * pauses, 'only the last sound before a pause fades');
    t.ok(written >= (0.9 * TICKS * TALK_FRAMES) / (TALK_FRAMES + PAUSE_FRAMES), 'and it is heard');
  }
});
