/** What is heard when a listener is given another encoder in mid-sentence: through sessions, media plane and Opus, in simulated time. */
import { type Test, test } from 'tap';
import { createFrameDecoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { createPrng } from '../helpers/prng.ts';
import { advance, concatInt16, findDelay, rmsDbfs, roundToInt16 } from '../helpers/signal.ts';
import { SimulatedGame } from '../helpers/simulated-game.ts';
import { speech } from '../helpers/speech.ts';

const SEED = Number(process.env['SEED'] ?? 3170);
const FRAME_MS = 20;
const SETTLE_MS = 1000;
const TURNS = 100;
/** A turn of the listener's own, and the time after it in which the shared encoder comes back. */
const [TALK_MS, TURN_MS] = [200, 800];
/** What an encoder delays comes with the next packet: 2.5 ms. */
const BEFORE_SAMPLES = 120;
/** Where others speak more quietly than this, any encoder begins well. */
const SPEECH_DBFS = -45;
/** Of full scale, so that no limiter is needed. */
const LEVEL = 0.3 * 32_768;

/** Frames of speech that can be repeated. */
async function sentences(voice: 'en-us' | 'en-gb+f3' | 'en-gb-scotland+m4'): Promise<Int16Array> {
  const samples = await speech(voice, 12);
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  return roundToInt16(samples.subarray(0, frames * FRAME_SAMPLES).map((sample) => LEVEL * sample));
}

/** What a listener hears of two others who talk all the time, with turns of their own or without. */
async function listen(t: Test, takesTurns: boolean) {
  const game = await SimulatedGame.open(t, { seed: SEED, names: ['ada', 'ben', 'cleo', 'dora'] });
  const [ada, ben, cleo] = [game.player('ada'), game.player('ben'), game.player('cleo')];
  ada.talk(await sentences('en-us'));
  ben.talk(await sentences('en-gb+f3'));
  cleo.talk(await sentences('en-gb-scotland+m4'));
  cleo.talks = false;
  const prng = createPrng(SEED);
  await game.run(SETTLE_MS);
  for (let turn = 0; turn < TURNS; turn++) {
    const silentMs = TURN_MS - TALK_MS + FRAME_MS * Math.floor(10 * prng());
    cleo.talks = takesTurns;
    await game.run(TALK_MS);
    cleo.talks = false;
    await game.run(silentMs);
  }
  // Somebody who never talks has the shared encoder all the time.
  const shared = new Map(game.player('dora').packets.map(({ atMs, payload }) => [atMs, payload]));
  const heard = cleo.heard.map((frame) => ({ ...frame, isShared: shared.get(frame.atMs)?.equals(frame.payload) }));
  return { heard, says: [ada.says, ben.says] as const };
}

function sumOf(says: readonly (readonly Buffer[])[], frames: number): Int16Array {
  const voices = says.map((packets) => {
    const decode = createFrameDecoder();
    return Array.from({ length: frames }, (_, n) => decode(packets[n % packets.length]!).slice(0, FRAME_SAMPLES));
  });
  return concatInt16(
    Array.from({ length: frames }, (_, n) =>
      Int16Array.from({ length: FRAME_SAMPLES }, (__, i) => voices.reduce((sum, frame) => sum + frame[n]![i]!, 0)),
    ),
  );
}

/** The SNR in dB of some samples. */
function snrDb(wanted: Float32Array, heard: Int16Array, from: number, to: number): number {
  let [signal, noise] = [0, 0];
  for (let i = from; i < to; i++) {
    const clean = wanted[i]! * 32_768;
    signal += clean ** 2;
    noise += (clean - heard[i]!) ** 2;
  }
  return 10 * Math.log10(signal / Math.max(1, noise));
}

test('two hundred changes of encoder in mid-sentence sound like one encoder', async (t) => {
  const whole = await listen(t, false);
  const broken = await listen(t, true);
  const first = whole.heard[0]!.payload;
  const start = broken.heard.findIndex(({ payload }) => payload.equals(first));
  t.ok(start >= 0, 'both begin alike');
  const frames = Math.min(whole.heard.length, broken.heard.length - start);
  const pair = Array.from({ length: frames }, (_, n) => [whole.heard[n]!, broken.heard[start + n]!] as const);
  const unbroken = concatInt16(pair.map(([frame]) => frame.left));
  const seamed = concatInt16(pair.map(([, frame]) => frame.left));
  const said = sumOf(whole.says, frames);
  const { samples: delay, correlation } = findDelay(
    unbroken.subarray(0, 480_000),
    said.subarray(0, 480_000),
    -4800,
    4800,
  );
  t.ok(correlation > 0.9, `correlation ${correlation}`);
  const wanted = advance(said, delay, unbroken.length);
  const changes: { readonly before: number; readonly first: number }[] = [];
  let all = 0;
  for (let n = 1; n < frames - 1; n++) {
    if (pair[n]![1].isShared === pair[n - 1]![1].isShared) continue;
    all++;
    const at = n * FRAME_SAMPLES;
    const parts = [wanted.subarray(at - BEFORE_SAMPLES, at), wanted.subarray(at, at + FRAME_SAMPLES)];
    if (parts.some((part) => rmsDbfs(part) < SPEECH_DBFS)) continue;
    const loss = (from: number, to: number) => snrDb(wanted, seamed, from, to) - snrDb(wanted, unbroken, from, to);
    changes.push({ before: loss(at - BEFORE_SAMPLES, at), first: loss(at, at + FRAME_SAMPLES) });
  }
  t.ok(all >= 2 * TURNS * 0.95, `${all} changes, ${changes.length} of them in speech`);
  t.comment(`${changes.length} in speech`);
  t.ok(changes.length > TURNS);
  for (const part of ['before', 'first'] as const) {
    const dB = changes.map((change) => change[part]).sort((a, b) => a - b);
    const low = dB[Math.floor(dB.length / 20)]!;
    const mean = dB.reduce((sum, value) => sum + value, 0) / dB.length;
    t.comment(`${part}: mean ${mean.toFixed(1)} dB, 5 % ${low.toFixed(1)} dB, worst ${dB[0]!.toFixed(1)} dB`);
    t.ok(low >= -4, `${part}: 5 % are below ${low} dB`);
  }
  const bad = changes.flatMap((change) => [change.before, change.first]).filter((dB) => dB < -8).length;
  t.ok(bad <= (2 * changes.length) / 100, `${bad} of ${2 * changes.length} parts lose more than 8 dB`);
});
