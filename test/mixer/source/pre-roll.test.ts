import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { PreRoll } from '../../../src/mixer/source/pre-roll.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { rmsDbfs, toInt16 } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const VOICE = toInt16(voiced(31, 4));
const frame = (n: number) => VOICE.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);

/** The output of a decoder that has heard everything, of one that was primed, and of a fresh one. */
function comparison(application: 'voip' | 'lowDelay', start: number) {
  const pool = new CodecPool(opusCodec, () => 0);
  const encode = createFrameEncoder({ application });
  const decode = createFrameDecoder();
  const preRoll = new PreRoll();
  for (let n = 0; n < start; n++) {
    const packet = encode(frame(n));
    decode(packet);
    preRoll.add(packet);
  }
  const packet = encode(frame(start));
  const wanted = decode(packet);
  return {
    pool,
    wanted,
    measuredDbov: preRoll.measure(packet, pool),
    inStep: preRoll.takeDecoder(pool).decode(packet)!,
    unprepared: createFrameDecoder()(packet),
  };
}

function snrDb(wanted: Int16Array, got: Int16Array): number {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    signal += wanted[i]! ** 2;
    noise += (wanted[i]! - got[i]!) ** 2;
  }
  return Math.min(40, 10 * Math.log10(signal / Math.max(noise, 1e-9)));
}

test('a decoder primed with the last packets decodes the next one as if it had heard them all', async (t) => {
  for (const application of ['voip', 'lowDelay'] as const) {
    let [inStep, unprepared, points] = [0, 0, 0];
    for (let start = 20; start < 190; start += 13, points++) {
      const heard = comparison(application, start);
      inStep += snrDb(heard.wanted, heard.inStep);
      unprepared += snrDb(heard.wanted, heard.unprepared);
    }
    const figures = `${(inStep / points).toFixed(1)} dB, unprepared ${(unprepared / points).toFixed(1)} dB`;
    t.ok(inStep / points > 18 && inStep / points > unprepared / points + 6, `${application}: ${figures}`);
  }
});

test('the level of a packet is measured within 2 dB, its decoder is given back, and the packets are kept', async (t) => {
  for (let start = 20; start < 190; start += 13) {
    const { pool, wanted, measuredDbov } = comparison('lowDelay', start);
    t.ok(Math.abs(measuredDbov - rmsDbfs(wanted)) < 2, `${measuredDbov} for ${rmsDbfs(wanted)}`);
    t.equal(pool.decodersInUse, 1, 'only the one that was taken');
    t.equal(pool.counters.packetsChecked, 1);
  }
});

test('an undecodable packet is silence, and a cleared pre-roll is forgotten', async (t) => {
  const pool = new CodecPool(opusCodec, () => 0);
  const preRoll = new PreRoll();
  const encode = createFrameEncoder();
  const packets = [0, 1, 2, 3, 4, 5].map((n) => encode(frame(n)));
  for (const packet of packets.slice(0, 5)) preRoll.add(packet);
  t.equal(preRoll.measure(Uint8Array.of(packets[0]![0]! | 2, 200, 1, 2), pool), -127);
  t.equal(pool.decodersInUse, 0);
  preRoll.clear();
  const fresh = createFrameDecoder()(packets[5]!);
  t.same(preRoll.takeDecoder(pool).decode(packets[5]!), fresh);
});
