import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { rmsDbfs, toInt16 } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 5107);
const ROOM = 1;
const SECONDS = 24;
const ON_AT = 4;
const OFF_AT = 16;
const FRAMES_PER_SECOND = 1000 / PTIME_MS;

/** A quiet voice: sentences of two seconds with pauses of one. */
const VOICE = toInt16(voiced(SEED, SECONDS).map((sample, i) => (i % 144_000 < 96_000 ? 0.2 * sample : 0)));

/** The level of each frame that a listener plays, with or without levelling being switched on and off on the way. */
async function levels(isSwitched: boolean): Promise<number[]> {
  const simulation = new SimulatedEngine(SEED, { codec: opusCodec });
  const encoder = opusCodec.createEncoder();
  encoder.configure({ bitrate: 64_000, complexity: 5 });
  const decoder = opusCodec.createDecoder();
  const heard: number[] = [];
  simulation.join({
    network: { jitterMs: 0 },
    payload: (n) => encoder.encode(VOICE.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)).slice(),
  });
  simulation.join({
    network: { jitterMs: 0 },
    onPlayed: (playout, payload) =>
      heard.push(playout === 'packet' ? rmsDbfs(decoder.decode(payload)!) : Number.NEGATIVE_INFINITY),
  });
  const setLevelling = (levelling: boolean) => {
    if (isSwitched) simulation.engine.handle({ type: 'set_mix', roomId: ROOM, mix: { maxTalkers: 0, levelling } });
  };
  simulation.run(ON_AT);
  setLevelling(true);
  simulation.run(OFF_AT - ON_AT);
  setLevelling(false);
  simulation.run(SECONDS - OFF_AT - 0.2);
  await simulation.close();
  return heard;
}

test("changing a room's levelling affects those already connected, without a step", async (t) => {
  t.comment(`SEED=${SEED}`);
  const [plain, switched] = [await levels(false), await levels(true)];
  const gains = plain.flatMap((level, n) =>
    level > -50 ? [{ second: n / FRAMES_PER_SECOND, db: switched[n]! - level }] : [],
  );
  const mean = (from: number, to: number) => {
    const between = gains.filter(({ second }) => second >= from && second < to);
    return between.reduce((sum, { db }) => sum + db, 0) / between.length;
  };
  t.equal(mean(0, ON_AT), 0, 'the same before');
  t.ok(mean(OFF_AT - 2, OFF_AT) > 8, `${mean(OFF_AT - 2, OFF_AT).toFixed(1)} dB louder`);
  t.ok(Math.abs(mean(SECONDS - 3, SECONDS)) < 0.5, `${mean(SECONDS - 3, SECONDS).toFixed(2)} dB afterwards`);
  // The two runs also differ by their encoders from frame to frame. The gain falls by 12 dB a second at most.
  const tenths = Array.from({ length: Math.floor(gains.length / 5) }, (_, i) => gains.slice(5 * i, 5 * i + 5));
  const means = tenths.map((frames) => ({
    second: frames[0]!.second,
    db: frames.reduce((sum, { db }) => sum + db, 0) / frames.length,
  }));
  const steps = means
    .slice(1)
    .map(({ db, second }, i) => Math.abs(db - means[i]!.db) - 12 * (second - means[i]!.second));
  t.ok(Math.max(...steps) < 1, `${Math.max(...steps).toFixed(2)} dB more than that at most`);
});
