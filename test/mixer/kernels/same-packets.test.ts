import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { Kernels } from '../../../src/mixer/kernels/kernels.ts';
import { loadSimd } from '../../../src/mixer/kernels/simd.ts';
import { Mixer } from '../../../src/mixer/mix/mixer.ts';
import { lightOpus } from '../../helpers/light-opus.ts';
import { createPrng } from '../../helpers/prng.ts';
import { toInt16, tone } from '../../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 733);
const PEOPLE = 6;
const TICKS = 400;

/**
 * The packets everybody in a room gets in some seconds of random talk, mutes, joins and leaves, with levelling and loud
 * voices.
 */
function packetsOf(kernels: Kernels, ticks = TICKS): Buffer[] {
  const prng = createPrng(SEED);
  const pool = new CodecPool(lightOpus, () => 0, kernels);
  const mixer = new Mixer(pool, { maxTalkers: 4, levelling: true });
  const packets: Buffer[] = [];
  const join = () => {
    const sink = { write: (payload: Uint8Array) => packets.push(Buffer.from(payload)) };
    const encoder = lightOpus.createEncoder();
    encoder.configure({ bitrate: 32_000, complexity: 1 });
    const frequencyHz = 200 + 900 * prng();
    const amplitude = 0.02 + 0.9 * prng();
    return { participant: mixer.add({ sink, muted: false, deafened: false }), encoder, frequencyHz, amplitude, at: 0 };
  };
  const people = Array.from({ length: PEOPLE }, join);
  const talking = new Set<object>();
  for (let tick = 0; tick < ticks; tick++) {
    for (const [n, person] of people.entries()) {
      if (prng() < 0.03 && !talking.delete(person)) talking.add(person);
      if (prng() < 0.01) mixer.setMuted(person.participant, prng() < 0.5);
      if (prng() < 0.003) {
        mixer.remove(person.participant);
        people[n] = join();
        continue;
      }
      if (!talking.has(person) || prng() < 0.02) continue;
      const { frequencyHz, amplitude, encoder, participant } = person;
      const samples = tone({ frequencyHz, samples: FRAME_SAMPLES, amplitude, startSample: tick * FRAME_SAMPLES });
      const packet = {
        sequenceNumber: tick & 0xffff,
        timestamp: tick * FRAME_SAMPLES,
        payload: Uint8Array.from(encoder.encode(toInt16(samples))),
        levelDbov: -20,
        redundant: false,
      };
      mixer.push(participant, packet, tick * PTIME_MS);
    }
    mixer.tick(tick, tick * PTIME_MS + 1);
  }
  mixer.close();
  return packets;
}

test('a room sends the same packets with SIMD and with TypeScript, and gives all frames back', async (t) => {
  t.comment(`SEED=${SEED}`);
  const plain = new Kernels(undefined);
  const expected = packetsOf(plain);
  t.ok(new Set(expected.map((packet) => packet.toString('base64'))).size > TICKS, 'there is something to hear');
  // With two places some frames lie outside the kernels' memory.
  for (const kernels of [new Kernels(loadSimd()), new Kernels(loadSimd(2))]) {
    const packets = packetsOf(kernels);
    t.equal(packets.length, expected.length);
    t.ok(packets.every((packet, n) => packet.equals(expected[n]!)));
    const scratch = kernels.frames.taken;
    packetsOf(kernels, TICKS / 4);
    t.equal(kernels.frames.taken, scratch, "only the mixers' scratch frames stay");
    t.ok(scratch <= 4);
  }
});
