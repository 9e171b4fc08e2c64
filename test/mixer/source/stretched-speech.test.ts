import { test } from 'tap';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng } from '../../helpers/prng.ts';
import {
  clickRatio,
  concatInt16,
  findDelay,
  maxSecondDifference,
  rmsDbfs,
  roundToInt16,
  toInt16,
  tone,
  toneLevelDbfs,
} from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 3310);

interface Line {
  readonly heard: Int16Array;
  /**
   * For each tick in which a packet was decoded: from the sender's clock to the ear, without the fastest network delay.
   */
  readonly delaysMs: number[];
  readonly pool: CodecPool;
}

/**
 * Plays `sound` over and over without a pause through a network with these delays. The sender's clock is fast by
 * `driftPpm`.
 */
function speak(
  sound: Int16Array,
  seconds: number,
  driftPpm: number,
  networkMs: (sentMs: number) => number,
  isLost = (_: number) => false,
): Line {
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const source = new Source(pool, false);
  const frames = sound.length / FRAME_SAMPLES;
  const heard: Int16Array[] = [];
  const delaysMs: number[] = [];
  let sent = 0;
  let arrivedMs = 0;
  for (let tick = 0; tick * PTIME_MS < seconds * 1000; tick++) {
    for (;;) {
      const sentMs = 3 + sent * PTIME_MS * (1 - driftPpm * 1e-6);
      const atMs = Math.max(arrivedMs, sentMs + networkMs(sentMs));
      if (atMs > tick * PTIME_MS) break;
      arrivedMs = atMs;
      const at = (sent % frames) * FRAME_SAMPLES;
      const payload = codec.encode(sound.subarray(at, at + FRAME_SAMPLES));
      const packet = { sequenceNumber: sent & 0xffff, timestamp: (sent * FRAME_SAMPLES) >>> 0, payload };
      if (!isLost(sent)) source.push({ ...packet, levelDbov: -22, redundant: false }, atMs);
      sent++;
    }
    const sounds = source.read(tick * PTIME_MS);
    heard.push(sounds ? roundToInt16(source.frame.samples) : new Int16Array(FRAME_SAMPLES));
    delaysMs.push(source.jitterBufferDelayMs);
  }
  source.close();
  return { heard: concatInt16(heard), delaysMs, pool };
}

const FIRST = 100 * FRAME_SAMPLES;

/** From mouth to ear, measured in the sound itself. */
function delayMsAt(heard: Int16Array, sound: Int16Array, second: number, driftPpm: number): number {
  const longest = 9600;
  const said = Math.round((48 * (second * 1000 - 3)) / (1 - driftPpm * 1e-6)) - longest;
  const reference = Int16Array.from({ length: 24_000 }, (_, i) => sound[(said + i) % sound.length]!);
  const ear = heard.subarray(second * 48_000, second * 48_000 + 24_000);
  return (findDelay(reference, ear, -longest, 0).samples + longest) / 48;
}

/** A voice without pauses that can be looped, because its end is faded into its beginning. */
function endlessVoice(seed: number): Int16Array {
  const voice = voiced(seed, 20.1);
  const length = 20 * 48_000;
  const fade = voice.length - length;
  for (let i = 0; i < fade; i++) voice[i] = voice[i]! * (i / fade) + voice[length + i]! * (1 - i / fade);
  return toInt16(voice.subarray(0, length));
}

for (const driftPpm of [200, -200]) {
  test(`a voice without pauses from a clock off by ${driftPpm} ppm keeps its delay for three minutes`, async (t) => {
    t.comment(`SEED=${SEED}`);
    const prng = createPrng(SEED);
    const sound = endlessVoice(SEED);
    const { heard, delaysMs, pool } = speak(sound, 180, driftPpm, () => 30 + 3 * prng());
    const settled = delaysMs.slice(250);
    t.comment(pool.counters, Math.min(...settled), Math.max(...settled));
    t.ok(Math.max(...settled) - Math.min(...settled) < 30, 'within a frame and the jitter');
    t.ok(pool.counters.timeStretches >= 3, `${pool.counters.timeStretches} pieces`);
    t.ok(pool.counters.timeStretches < 16, 'of 36 ms of drift');
    // The first 30 ms are the network's.
    for (let second = 5; second < 180; second += 11) {
      const delayMs = delayMsAt(heard, sound, second, driftPpm);
      t.ok(delayMs > 30 && delayMs < 30 + 30, `${delayMs.toFixed(1)} ms at ${second} s`);
    }
    t.ok(pool.counters.framesConcealed <= 2, `${pool.counters.framesConcealed} concealed`);
    t.equal(pool.counters.packetsDiscarded + pool.counters.packetsLate, 0);
    t.ok(clickRatio(heard, FIRST, heard.length, sound) < 1.05, 'no click');
    t.ok(Math.abs(rmsDbfs(heard.subarray(FIRST)) - rmsDbfs(sound)) < 0.2);
  });

  test(`a steady sound from a clock off by ${driftPpm} ppm keeps its pitch and has no click`, async (t) => {
    const sound = toInt16(tone({ frequencyHz: 200, samples: 48_000, amplitude: 0.3 }));
    const { heard, pool } = speak(sound, 120, driftPpm, () => 30);
    t.ok(pool.counters.timeStretches >= 2, `${pool.counters.timeStretches} pieces`);
    const ratio = clickRatio(heard, FIRST, heard.length, sound);
    t.ok(ratio < 1.2, `${ratio.toFixed(2)}`);
    for (let at = FIRST; at + 48_000 <= heard.length; at += 48_000) {
      const second = heard.subarray(at, at + 48_000);
      const level = toneLevelDbfs(second, 200) - toneLevelDbfs(sound, 200);
      if (Math.abs(level) > 0.5) t.fail(`second ${at / 48_000}: ${level.toFixed(2)} dB`);
      const beside = Math.max(toneLevelDbfs(second, 205), toneLevelDbfs(second, 195)) - toneLevelDbfs(sound, 200);
      if (beside > -30) t.fail(`second ${at / 48_000}: ${beside.toFixed(1)} dB next to it`);
    }
  });
}

test('the delay of a stall is gone a few seconds later, even though nobody pauses', async (t) => {
  const sound = endlessVoice(SEED + 1);
  const network = (sentMs: number) => (sentMs > 10_000 && sentMs < 10_120 ? 10_120 - sentMs + 30 : 30);
  const { heard, delaysMs, pool } = speak(sound, 25, 0, network);
  const most = Math.max(...delaysMs.slice(500, 560));
  t.ok(most > 80, `${most} ms after the stall`);
  const atSecond = (second: number) => delaysMs[second * 50]!;
  t.comment([9, 11, 12, 13, 14, 15, 16, 17, 18, 20, 24].map(atSecond), pool.counters);
  t.ok(atSecond(18) <= atSecond(9) + 20, `${atSecond(18)} ms eight seconds after it, ${atSecond(9)} before`);
  const sharpest = maxSecondDifference(heard, 11 * 48_000) / maxSecondDifference(sound);
  t.ok(sharpest < 1.05, `${sharpest.toFixed(2)} times as sharp as the voice itself`);
});

test('a packet lost just where speech is shortened is concealed, not skipped', async (t) => {
  const sound = toInt16(tone({ frequencyHz: 200, samples: 48_000, amplitude: 0.3 }));
  const stall = (sentMs: number) => (sentMs > 10_000 && sentMs < 10_120 ? 10_120 - sentMs + 30 : 30);
  const run = (isLost: (n: number) => boolean) => speak(sound, 12, 0, stall, isLost).pool.counters;
  const { framesConcealed, timeStretches } = run(() => false);
  t.ok(timeStretches > 4);
  for (let lost = 515; lost < 545; lost++) {
    t.equal(run((n) => n === lost).framesConcealed, framesConcealed + 1, `packet ${lost}`);
  }
});

test('a voice without pauses gets more delay when its network begins to jitter', async (t) => {
  const prng = createPrng(SEED);
  const sound = endlessVoice(SEED + 2);
  const { pool, delaysMs } = speak(sound, 40, 0, (sentMs) => 30 + (sentMs > 10_000 ? 40 * prng() : 0));
  t.comment(delaysMs[450], delaysMs.at(-1), pool.counters);
  t.ok(delaysMs.at(-1)! > delaysMs[450]! + 15);
  t.ok(pool.counters.framesConcealed < 20, `${pool.counters.framesConcealed} concealed`);
});
