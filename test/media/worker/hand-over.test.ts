/** A talker's turn, from real Opus to real Opus, in simulated time: what a whole engine makes of starting and stopping. */
import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { clickRatio, concatInt16, sharedTone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = Number(process.env['SEED'] ?? 4400);
const TURNS = 4;
const TURN_FRAMES = 160;
const TALKING_FRAMES = 35;
const OWN_HZ = 1200;
const OTHERS_HZ = [440, 630] as const;
/** A gap or a cut in these tones is far above 2, a change of encoder is at 1.03 to 1.1. */
const CLICK_LIMIT = 1.2;

/** Encodes what a microphone picks up. Frames for which `isTalking` is false are silent, and DTX leaves them out. */
function microphone(frequencyHz: number, amplitude: number, isTalking: (n: number) => boolean) {
  const encode = createFrameEncoder({ dtx: true });
  const second = sharedTone({ frequencyHz, samples: 50 * FRAME_SAMPLES, amplitude });
  const silence = new Int16Array(FRAME_SAMPLES);
  let wasInDtx = false;
  return (n: number): Uint8Array | null => {
    const startSample = (n % 50) * FRAME_SAMPLES;
    const payload = encode(isTalking(n) ? second.subarray(startSample, startSample + FRAME_SAMPLES) : silence);
    const isLeftOut = wasInDtx && payload.length <= 2;
    wasInDtx = payload.length <= 2;
    return isLeftOut ? null : Uint8Array.from(payload);
  };
}

test('a participant who starts and stops talking hears the others without a click, and never their own voice', async (t) => {
  t.comment(`SEED=${SEED}`);
  const simulated = new SimulatedEngine(SEED, { codec: opusCodec });
  t.teardown(() => simulated.close());
  const options = { red: false, network: { jitterMs: 0 } };
  for (const hz of OTHERS_HZ) simulated.join({ ...options, payload: microphone(hz, 0.2, () => true) });
  const decode = createFrameDecoder();
  const heard: Int16Array[] = [];
  let missing = 0;
  simulated.join({
    ...options,
    payload: microphone(OWN_HZ, 0.2, (n) => n >= TURN_FRAMES && n % TURN_FRAMES < TALKING_FRAMES),
    onPlayed: (playout, payload) => {
      if (playout === 'packet') heard.push(decode(payload).slice(0, FRAME_SAMPLES));
      else if (heard.length > 0) missing++;
    },
  });
  simulated.run(((TURNS + 1) * TURN_FRAMES) / 50);
  t.equal(missing, 0, 'a packet in every frame');
  const sound = concatInt16(heard);
  const reference = sound.subarray(TURN_FRAMES * FRAME_SAMPLES * 0.5, TURN_FRAMES * FRAME_SAMPLES * 0.9);
  const turns = sound.subarray(TURN_FRAMES * FRAME_SAMPLES * 0.9);
  const ratio = clickRatio(turns, 0, turns.length, reference);
  t.ok(ratio < CLICK_LIMIT, `largest second difference is ${ratio.toFixed(2)} of that before the turns`);
  t.ok(toneLevelDbfs(turns, OWN_HZ) < -50, `own voice at ${toneLevelDbfs(turns, OWN_HZ).toFixed(1)} dBFS`);
  for (const hz of OTHERS_HZ) {
    const change = toneLevelDbfs(turns, hz) - toneLevelDbfs(reference, hz);
    t.ok(Math.abs(change) < 0.5, `the tone of ${hz} Hz changed by ${change.toFixed(2)} dB`);
  }
});

test('each tick encodes once for all listeners and once for each talker who hears another', async (t) => {
  const simulated = new SimulatedEngine(SEED);
  t.teardown(() => simulated.close());
  let talkers = 0;
  for (let person = 0; person < 6; person++) {
    const payload = microphone(400 + 210 * person, 0.1, () => person < talkers);
    simulated.join({ red: false, payload });
  }
  // A lone talker hears silence, which needs no encoder.
  for (const { talking, encodes } of [
    { talking: 1, encodes: 1 },
    { talking: 2, encodes: 3 },
    { talking: 4, encodes: 5 },
  ]) {
    talkers = talking;
    simulated.run(1);
    const before = simulated.stats!.counters;
    simulated.run(2);
    const after = simulated.stats!.counters;
    const ticks = after.ticks - before.ticks;
    t.ok(ticks >= 75, `${ticks} ticks`);
    t.equal(after.framesEncoded - before.framesEncoded, ticks * encodes, `${talking} talking`);
  }
});
