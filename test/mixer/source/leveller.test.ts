import { test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { threadKernels } from '../../../src/mixer/kernels/kernels.ts';
import { levelDbov } from '../../../src/mixer/kernels/pcm.ts';
import { Leveller } from '../../../src/mixer/source/leveller.ts';
import { inFrame } from '../../helpers/in-frame.ts';
import { Room } from '../../helpers/perfect-room.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';
import { createPrng, gaussian } from '../../helpers/prng.ts';
import {
  concatInt16,
  maxSecondDifference,
  rmsDbfs,
  roundToInt16,
  toInt16,
  toneLevelDbfs,
} from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 2209);
const FRAMES_PER_SECOND = 1000 / PTIME_MS;

/** A voice in sentences of two seconds with pauses of one, over noise. The voice alone has this RMS while it speaks. */
function sentences(seed: number, seconds: number, speechDbfs: number, noiseDbfs: number): Int16Array {
  const voice = voiced(seed, seconds);
  const prng = createPrng(seed);
  const gain = 10 ** ((speechDbfs - rmsDbfs(voice)) / 20);
  const noise = 10 ** (noiseDbfs / 20);
  return toInt16(
    voice.map(
      (sample, i) => (i % 144_000 < 96_000 ? sample * gain : 0) + (noise > 1e-6 ? gaussian(prng, 0, noise) : 0),
    ),
  );
}

/** A listener's view of a lone talker, frame by frame, in a room with levelling in these seconds; by default always. */
function listen(sound: Int16Array, levelling: (second: number) => boolean = () => true) {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame), { levelling: levelling(0) });
  const [listener, talker] = [room.join(sound), room.join(sound)];
  talker.talking = true;
  const frames: Int16Array[] = [];
  for (let n = 0; n < sound.length / FRAME_SAMPLES; n++) {
    const at = Float32Array.from(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES));
    talker.levelDbov = Math.round(levelDbov(at));
    if (n % FRAMES_PER_SECOND === 0) room.mixer.setLevelling(levelling(n / FRAMES_PER_SECOND));
    const before = listener.written.length;
    room.run();
    const packet = listener.written.length > before ? listener.written.at(-1)!.payload : undefined;
    frames.push(packet === undefined ? new Int16Array(FRAME_SAMPLES) : codec.decode(packet).slice());
  }
  return frames;
}

/** RMS over the frames in which the talker speaks. */
function speechDbfs(frames: readonly Int16Array[], fromSecond: number, toSecond: number): number {
  return rmsDbfs(
    concatInt16(
      frames.slice(fromSecond * FRAMES_PER_SECOND, toSecond * FRAMES_PER_SECOND).filter((_, i) => {
        const inCycle = (i + fromSecond * FRAMES_PER_SECOND) % (3 * FRAMES_PER_SECOND);
        return inCycle > 5 && inCycle < 2 * FRAMES_PER_SECOND - 5;
      }),
    ),
  );
}

test('quiet and loud talkers are within 3 dB of each other after eight seconds of speech, near -20 dBFS', async (t) => {
  const quiet = listen(sentences(SEED, 24, -38, -80));
  const loud = listen(sentences(SEED + 1, 24, -10, -80));
  const [quietDbfs, loudDbfs] = [speechDbfs(quiet, 12, 24), speechDbfs(loud, 12, 24)];
  t.comment(`SEED=${SEED}: ${quietDbfs.toFixed(1)} and ${loudDbfs.toFixed(1)} dBFS`);
  t.ok(Math.abs(quietDbfs - loudDbfs) < 3, `${quietDbfs.toFixed(1)} and ${loudDbfs.toFixed(1)} dBFS`);
  for (const dbfs of [quietDbfs, loudDbfs]) t.ok(Math.abs(dbfs + 20) < 2.5, `${dbfs.toFixed(1)} dBFS`);
  t.ok(speechDbfs(quiet, 0, 1) < -36, 'a talker begins at their own level');
});

test('switching levelling on or off affects those already there, and nobody jumps', async (t) => {
  for (const [dbfs, least, most] of [
    [-34, 8, 18],
    [-14, -8, -4],
  ] as const) {
    const sound = sentences(SEED, 36, dbfs, -80);
    const plain = listen(sound, () => false);
    const switched = listen(sound, (second) => second >= 6 && second < 21);
    const gains = plain.flatMap((frame, n) => {
      const level = rmsDbfs(frame);
      return level > -45 ? [{ second: n / FRAMES_PER_SECOND, db: rmsDbfs(switched[n]!) - level }] : [];
    });
    const between = (from: number, to: number) =>
      gains.filter(({ second }) => second >= from && second < to).map(({ db }) => db);
    t.ok(
      between(0, 6).every((db) => db === 0),
      'unchanged before',
    );
    const levelled = between(18, 21);
    t.ok(Math.min(...levelled) >= least && Math.max(...levelled) <= most, `${dbfs} dBFS: by ${levelled.at(-1)} dB`);
    t.ok(
      between(28, 36).every((db) => db === 0),
      'and again afterwards',
    );
    const steps = gains.slice(1).map(({ db }, i) => Math.abs(db - gains[i]!.db));
    t.ok(Math.max(...steps) < 0.4, `${dbfs} dBFS: by ${Math.max(...steps).toFixed(2)} dB at most from frame to frame`);
  }
});

test('switched on again during release, levelling continues from there', async (t) => {
  const leveller = new Leveller();
  for (const [level, speech] of syllables(20, -35, -80)) leveller.observe(level, speech);
  leveller.apply(inFrame(new Float32Array(FRAME_SAMPLES)), threadKernels());
  const before = leveller.gainDb;
  leveller.release();
  leveller.release();
  t.ok(before - leveller.gainDb > 0.4 && before - leveller.gainDb < 0.5);
  for (const [level, speech] of syllables(5, -35, -80)) leveller.observe(level, speech);
  t.ok(Math.abs(leveller.gainDb - before) < 1);
  for (let n = 0; n < 100; n++) leveller.release();
  t.equal(leveller.gainDb, 0);
  t.notOk(leveller.neutral, 'not before a frame has ended with it');
  leveller.apply(inFrame(new Float32Array(FRAME_SAMPLES)), threadKernels());
  t.ok(leveller.neutral);
});

/** The gain after each of these frames. */
function gains(frames: Iterable<readonly [levelDbfs: number, speech: boolean]>): number[] {
  const leveller = new Leveller();
  return Array.from(frames, ([level, speech]) => {
    leveller.observe(level, speech);
    return leveller.gainDb;
  });
}

/** Syllables of 200 ms and gaps of 100 ms, as a voice activity detector sees them. */
function* syllables(seconds: number, speechDbfs: number, noiseDbfs: number): Iterable<readonly [number, boolean]> {
  const prng = createPrng(SEED);
  for (let n = 0; n < seconds * FRAMES_PER_SECOND; n++) {
    const speech = n % 15 < 10;
    yield [speech ? speechDbfs + gaussian(prng, 0, 4) : noiseDbfs + gaussian(prng, 0, 0.5), speech];
  }
}

test('the gain rises by at most 3 dB and falls by at most 12 dB per second, and stays within its bounds', async (t) => {
  for (const speechDbfs of [-70, -38, -25, -10, -1]) {
    const all = gains(syllables(30, speechDbfs, -90));
    const changes = all.slice(FRAMES_PER_SECOND).map((gain, i) => gain - all[i]!);
    t.ok(Math.max(...changes) < 3.01, `${speechDbfs}: up by ${Math.max(...changes)} dB/s`);
    t.ok(Math.min(...changes) > -12.01, `${speechDbfs}: down by ${Math.min(...changes)} dB/s`);
    t.ok(Math.max(...all) <= 18 && Math.min(...all) >= -10, `${Math.min(...all)} to ${Math.max(...all)} dB`);
  }
});

test('a voice within 2.5 dB of the target is left alone, and one that drifts is corrected only from 3.5 dB on', async (t) => {
  const leveller = new Leveller();
  t.ok(
    speak(leveller, -17.8, 500).every((gain) => gain === 0),
    'close to the target from the start',
  );
  t.ok(
    speak(leveller, -17, 500).every((gain) => gain === 0),
    'a little further away',
  );
  const corrected = speak(leveller, -15.5, 500).at(-1)!;
  t.ok(corrected < -4 && corrected > -5, `far away: ${corrected.toFixed(1)} dB`);
  const kept = speak(leveller, -17, 500).at(-1)!;
  t.ok(Math.abs(kept + 3) < 0.2, `still corrected at 3 dB: ${kept.toFixed(1)} dB`);
  t.equal(speak(leveller, -18, 500).at(-1), 0, 'left alone again');
});

test('once settled, the gain does not follow syllables or words', async (t) => {
  for (const speechDbfs of [-35, -28, -20, -12]) {
    const settled = gains(syllables(60, speechDbfs, -75)).slice(15 * FRAMES_PER_SECOND);
    const spread = Math.max(...settled) - Math.min(...settled);
    t.ok(spread < 3, `${speechDbfs}: ${spread.toFixed(2)} dB in 45 s`);
    const changes = settled.slice(10).map((gain, i) => Math.abs(gain - settled[i]!));
    t.ok(Math.max(...changes) < 1, `${Math.max(...changes).toFixed(2)} dB within 200 ms`);
  }
});

test('silence, noise and steady tones are not raised', async (t) => {
  const prng = createPrng(SEED);
  const steady = (dbfs: number, speech: boolean) =>
    gains(Array.from({ length: 1500 }, () => [dbfs + gaussian(prng, 0, 0.5), speech] as const));
  t.same([...new Set(steady(-127, false))], [0]);
  // For as long as a voice activity detector takes it for speech.
  for (const dbfs of [-58, -50, -40, -30]) {
    const highest = Math.max(...steady(dbfs, true));
    t.ok(highest <= 0, `${dbfs} dBFS: ${highest} dB`);
  }
});

test('a quiet voice in noise is raised only until the noise is at -50 dBFS', async (t) => {
  for (const noiseDbfs of [-55, -60, -65]) {
    const highest = Math.max(...gains(syllables(30, -40, noiseDbfs)));
    t.ok(highest > -50 - noiseDbfs - 1, `noise of ${noiseDbfs}: raised by ${highest.toFixed(1)} dB`);
    t.ok(highest < -50 - noiseDbfs + 3, `noise of ${noiseDbfs}: raised by ${highest.toFixed(1)} dB`);
  }
});

test('the gain is kept over a pause of a minute', async (t) => {
  const leveller = new Leveller();
  for (const [level, speech] of syllables(20, -35, -80)) leveller.observe(level, speech);
  const before = leveller.gainDb;
  t.ok(before > 12);
  for (let n = 0; n < 60 * FRAMES_PER_SECOND; n++) leveller.observe(-80, false);
  t.equal(leveller.gainDb, before);
});

/** Frames of speech at this level, with a quiet frame now and then. Returns the gain after each frame. */
function speak(leveller: Leveller, dbfs: number, frames: number, backgroundDbfs = -80): number[] {
  return Array.from({ length: frames }, (_, n) => {
    if (n % 10 === 9) leveller.observe(backgroundDbfs, false);
    leveller.observe(dbfs, true);
    return leveller.gainDb;
  });
}

test('a loud voice is turned down after 400 ms of speech and not earlier, and a quiet one waits for a known background', async (t) => {
  const loud = speak(new Leveller(), -10, 40);
  t.same(
    loud.slice(0, 19).filter((gain) => gain !== 0),
    [],
  );
  t.ok(loud[19]! < 0);
  const quiet = speak(new Leveller(), -30, 60);
  // With the quiet frames in between, 46 speech frames make 50 frames.
  const first = quiet.findIndex((gain) => gain > 0);
  t.ok(first >= 44 && first <= 46, `after ${first} frames of speech`);
});

test('a voice that becomes louder or quieter is followed within some seconds, however long it spoke before', async (t) => {
  for (const [before, after] of [
    [-30, -14],
    [-14, -30],
  ] as const) {
    const leveller = new Leveller();
    t.ok(Math.abs(speak(leveller, before, 6000).at(-1)! - (-20 - before)) < 0.1, `${before} dBFS`);
    const gains = speak(leveller, after, 750);
    t.ok(Math.abs(gains.at(-1)! - (-20 - after)) < 1, `${after} dBFS: ${gains.at(-1)} dB after 15 s`);
    // The mean power over 3 s has gone half of the way by then.
    const half = Math.abs(gains[249]! - (-20 - after));
    t.ok(half > 0.2, `${half} dB are left after 5 s`);
  }
});

test('the first words have equal weight', async (t) => {
  const leveller = new Leveller();
  // Half of the power at first and half of it later, with a mean of -10 dBFS for both.
  for (let n = 0; n < 60; n++) leveller.observe(n < 30 ? -7 : -100, true);
  for (let n = 0; n < 60; n++) speak(leveller, -10, 1);
  t.ok(Math.abs(leveller.gainDb + 10) < 1.5, `${leveller.gainDb} dB`);
});

test('a rise of the background is known two seconds later, and so is a fall', async (t) => {
  const leveller = new Leveller();
  speak(leveller, -40, 600, -60);
  const bounded = leveller.gainDb;
  t.ok(bounded > 9.5 && bounded < 10.1, `${bounded} dB`);
  speak(leveller, -40, 120, -75);
  const freed = speak(leveller, -40, 300, -75).at(-1)!;
  t.ok(freed > 17.5, `${freed} dB without noise`);
  // A gain that was already raised is kept, but does not rise further.
  const loud = new Leveller();
  speak(loud, -40, 100, -75);
  const before = speak(loud, -40, 110, -52).at(-1)!;
  t.equal(speak(loud, -40, 300, -52).at(-1)!, before, 'no more while the noise lasts');
});

test('speech less than 9 dB above its background is not raised, but a reduced voice recovers in any noise', async (t) => {
  t.equal(speak(new Leveller(), -61, 600, -69.5).at(-1), 0);
  t.ok(speak(new Leveller(), -61, 600, -70.5).at(-1)! > 5);
  const leveller = new Leveller();
  speak(leveller, -10, 500);
  t.ok(leveller.gainDb < -9);
  speak(leveller, -25, 1500, -26);
  // The last step may overshoot.
  t.ok(Math.abs(leveller.gainDb) <= 0.06, `${leveller.gainDb} dB: back to its own level and no further`);
});

test('a release goes in steps per frame to exactly zero, and is neutral one frame later', async (t) => {
  for (const dbfs of [-35, -10]) {
    const leveller = new Leveller();
    t.ok(leveller.neutral);
    speak(leveller, dbfs, 1500);
    const frame = inFrame(new Float32Array(FRAME_SAMPLES).fill(1000));
    leveller.apply(frame, threadKernels());
    t.notOk(leveller.neutral);
    const start = Math.abs(leveller.gainDb);
    let frames = 0;
    for (; leveller.gainDb !== 0; frames++) {
      const before = Math.abs(leveller.gainDb);
      leveller.release();
      if (Math.abs(leveller.gainDb) >= before) t.fail('comes no closer');
    }
    const perSecond = (start / frames) * FRAMES_PER_SECOND;
    const wanted = dbfs < -20 ? 12 : 3;
    t.ok(Math.abs(perSecond - wanted) < 0.4, `${dbfs} dBFS: ${perSecond} dB a second`);
    t.notOk(leveller.neutral, 'the last frame was not yet at 0 dB');
    for (const ends of [1000, 1000]) {
      const last = inFrame(new Float32Array(FRAME_SAMPLES).fill(1000));
      leveller.apply(last, threadKernels());
      t.equal(last.samples.at(-1), ends);
      t.ok(leveller.neutral);
    }
  }
});

test('a frame ends with the gain, and a frame at 0 dB is left unchanged', async (t) => {
  const leveller = new Leveller();
  const frame = () => inFrame(new Float32Array(FRAME_SAMPLES).fill(1000));
  const untouched = frame();
  leveller.apply(untouched, threadKernels());
  t.ok(untouched.samples.every((sample) => sample === 1000));
  speak(leveller, -35, 1500);
  const [rising, steady] = [frame().samples.slice(), frame()];
  const first = frame();
  leveller.apply(first, threadKernels());
  rising.set(first.samples);
  const gain = 10 ** (leveller.gainDb / 20);
  t.ok(Math.abs(rising.at(-1)! - 1000 * gain) < 0.1);
  t.ok(rising[0]! > 1000 && rising[0]! < 1010, 'it begins where the frame before ended');
  steady.samples.fill(1000);
  leveller.apply(steady, threadKernels());
  t.ok(steady.samples.every((sample) => Math.abs(sample - 1000 * gain) < 0.1));
});

test('gains join from frame to frame without a step', async (t) => {
  const leveller = new Leveller();
  const frames: Int16Array[] = [];
  for (let n = 0; n < 600; n++) {
    const samples = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => {
      return 8000 * Math.sin((2 * Math.PI * 200 * (n * FRAME_SAMPLES + i)) / 48_000);
    });
    leveller.observe(n % 15 < 10 ? -2 : -90, n % 15 < 10);
    const frame = inFrame(samples);
    leveller.apply(frame, threadKernels());
    frames.push(roundToInt16(frame.samples));
  }
  t.ok(leveller.gainDb < -9);
  // A sine of 200 Hz with this amplitude has a second difference of 5.5 steps, and rounding adds up to 2.
  const sharpest = maxSecondDifference(concatInt16(frames)) * 32_768;
  t.ok(sharpest < 9, `${sharpest}`);
});

test('a loud voice among others is as absent from its own mix as without levelling', async (t) => {
  const codec = new PlainCodec();
  const room = new Room(codec, (frame) => codec.encode(frame), { levelling: true });
  const syllable = (hz: number, amplitude: number) =>
    Int16Array.from({ length: 48_000 }, (_, i) => {
      const loudness = i % 14_400 < 9600 ? 1 : 0.01;
      return Math.round(32_767 * amplitude * loudness * Math.sin((2 * Math.PI * hz * i) / 48_000));
    });
  const people = [room.join(syllable(500, 0.01)), room.join(syllable(1000, 0.6)), room.join(syllable(1500, 0.14))];
  for (const person of people) person.talking = true;
  room.run(600);
  const heard = people.map(({ written }) =>
    concatInt16(written.slice(-50).map(({ payload }) => codec.decode(payload))),
  );
  const level = (listener: number, hz: number) => toneLevelDbfs(heard[listener]!, hz);
  t.ok(level(0, 500) < -75 && level(1, 1000) < -75 && level(2, 1500) < -75, 'nobody hears themselves');
  t.ok(Math.abs(level(0, 1000) - level(0, 1500)) < 3, 'the others are about equally loud');
  const difference = level(2, 1000) - level(2, 500);
  t.ok(difference < 7.6, `the one 36 dB below is now ${difference.toFixed(1)} dB below: both bounds are reached`);
});
