import { test } from 'tap';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { PTIME_MS } from '../../../src/mixer/format.ts';
import { levelDbov } from '../../../src/mixer/kernels/pcm.ts';
import { ClaimedLevel } from '../../../src/mixer/source/claimed-level.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { createPrng, gaussian } from '../../helpers/prng.ts';
import { toInt16 } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 6464);

/** Compares frame by frame until the claims are no longer trusted. Returns how many milliseconds that took. */
function believedFor(
  claim: (n: number) => number,
  measured: (n: number) => number,
  { packetMs = PTIME_MS, everyMs = PTIME_MS } = {},
): number {
  const level = new ClaimedLevel();
  for (let n = 0; n < 500; n++) {
    level.compare(claim(n), measured(n), packetMs, n * everyMs);
    if (!level.believed) return (n + 1) * packetMs;
  }
  return Number.POSITIVE_INFINITY;
}

test('false claims lose trust after 200 ms, at any packet length', async (t) => {
  for (const packetMs of [10, 20, 40]) {
    for (const [claim, measured] of [
      [0, -127],
      [-52, -127],
      [-127, -20],
      [-20, -35],
      [-35, -20],
    ] as const) {
      const ms = believedFor(
        () => claim,
        () => measured,
        { packetMs, everyMs: packetMs },
      );
      t.ok(ms >= 200 && ms <= 220, `${claim} for ${measured}, ${packetMs} ms: ${ms} ms`);
    }
  }
  const longest = believedFor(
    () => 0,
    () => -127,
    { packetMs: 120, everyMs: 120 },
  );
  t.equal(longest, 360, 'at least three packets');
});

test('a sender that alternates between truth and lies, or lies in single packets, is detected as well', async (t) => {
  for (const period of [4, 10, 25, 50]) {
    const speaks = (n: number) => n % (2 * period) < period;
    const alternating = believedFor(
      () => -20,
      (n) => (speaks(n) ? -20 : -127),
    );
    if (period > 10) t.ok(alternating <= (period + 17) * PTIME_MS, `${period} frames: ${alternating} ms`);
    const bursts = believedFor(
      (n) => (n % 16 < period / 4 ? 0 : -127),
      () => -127,
    );
    t.ok(bursts <= 300, `bursts of ${period / 4}: ${bursts} ms`);
  }
  const single = believedFor(
    () => -10,
    () => -127,
    { everyMs: 2500 },
  );
  t.ok(single <= 10 * PTIME_MS, 'one packet now and then');
  const later = believedFor(
    () => -20,
    (n) => (n < 400 ? -20 : -127),
  );
  t.ok(later > 400 * PTIME_MS && later < 425 * PTIME_MS, `truth for a while first: ${later} ms`);
});

test('a claim that is always slightly off is corrected within a few seconds', async (t) => {
  for (const off of [-5, -2, 0, 3, 5]) {
    const level = new ClaimedLevel();
    for (let n = 0; n < 200; n++) level.compare(-30 + off, -30, PTIME_MS, n * PTIME_MS);
    t.ok(level.believed);
    t.ok(Math.abs(level.corrected(-20 + off) + 20) < 0.2, `${off} dB: ${level.corrected(-20 + off)}`);
    t.equal(level.corrected(-127), -127, 'silence is silence');
  }
});

/** What a browser claims about a voice, what our decoder hears, and how far the claim is trusted. */
function listenToBrowser(sound: Int16Array, bitsPerSecond: number, lost: (n: number) => boolean) {
  const encode = createFrameEncoder({ bitsPerSecond });
  const decoder = opusCodec.createDecoder();
  const level = new ClaimedLevel();
  let confirmed = 0;
  let compared = 0;
  for (let n = 0; (n + 1) * FRAME_SAMPLES <= sound.length; n++) {
    const frame = sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
    const payload = encode(frame);
    if (lost(n)) {
      decoder.conceal();
      continue;
    }
    const claim = Math.round(levelDbov(Float32Array.from(frame)));
    level.compare(claim, levelDbov(Float32Array.from(decoder.decode(payload)!)), PTIME_MS, n * PTIME_MS);
    compared++;
    if (level.isConfirmed(n * PTIME_MS)) confirmed++;
  }
  return { level, confirmedShare: confirmed / compared };
}

test('a browser that measures before its encoder is trusted, at any bit rate, over noise, with pauses and losses', async (t) => {
  t.comment(`SEED=${SEED}`);
  for (const bitsPerSecond of [12_000, 32_000]) {
    for (const lossShare of [0, 0.1]) {
      for (const noise of [0.0003, 0.003]) {
        const prng = createPrng(SEED);
        const voice = voiced(SEED % 50, 6).map((sample, i) => {
          const speaks = i % 57_600 < 33_600;
          return (speaks ? sample : 0) + gaussian(prng, 0, noise);
        });
        const { level, confirmedShare } = listenToBrowser(toInt16(voice), bitsPerSecond, () => prng() < lossShare);
        const name = `${bitsPerSecond / 1000} kb/s, ${100 * lossShare} % lost, noise of ${noise}`;
        t.ok(level.believed, name);
        t.ok(Math.abs(level.corrected(-30) + 30) < 2, `${name}: corrected by ${level.corrected(-30) + 30} dB`);
        t.ok(confirmedShare > 0.95, `${name}: ${(100 * confirmedShare).toFixed(1)} % of the time confirmed`);
      }
    }
  }
});

test('a check is due while a claim to speak is unconfirmed, and for silence only where packets are too large for it', async (t) => {
  const level = new ClaimedLevel();
  t.notOk(level.isConfirmed(0), 'nothing is known at first');
  t.ok(level.isCheckDue('speech', 60, 0));
  t.ok(level.isCheckDue('silence', 60, 0));
  t.notOk(level.isCheckDue('silence', 8, 0), 'silence needs no more bytes');
  level.checked(40, 0);
  level.compare(-70, -70, PTIME_MS, 0);
  for (const claim of ['speech', 'silence'] as const) {
    t.notOk(level.isCheckDue(claim, 40, 1900), claim);
    t.ok(level.isCheckDue(claim, 40, 2000), `${claim} again after two seconds`);
  }
  t.notOk(level.isCheckDue('silence', 60, 200), 'packets grow');
  t.ok(level.isCheckDue('silence', 60, 260), 'but not too often');
  t.notOk(level.isCheckDue('silence', 55, 260));
  level.checked(60, 300);
  level.compare(-70, -20, PTIME_MS, 300);
  t.ok(level.isCheckDue('silence', 60, 320), 'once in doubt, it is settled at once');
  t.ok(level.isCheckDue(null, 60, 500) && !level.isCheckDue(null, 60, 480), 'without a claim, every 200 ms');
});

test('up to 6 dB between claim and sound is due to the codec, and more is a doubt', async (t) => {
  for (const [claim, measured, agrees] of [
    [-20, -25.9, true],
    [-25.9, -20, true],
    [-20, -26.1, false],
    [-26.1, -20, false],
    // Near the floor levels do not matter.
    [-127, -64, true],
    [-127, -60, false],
  ] as const) {
    const level = new ClaimedLevel();
    level.compare(claim, measured, PTIME_MS, 0);
    t.equal(level.isConfirmed(0), agrees, `${claim} for ${measured}`);
  }
});

test('energies are averaged over about 100 ms, so neighbouring frames make up for a single deviation', async (t) => {
  for (const [afterMs, agrees] of [
    [20, true],
    [60, true],
    [500, false],
  ] as const) {
    const level = new ClaimedLevel();
    level.compare(-20, -20, PTIME_MS, 0);
    level.compare(-20, -26.5, PTIME_MS, afterMs);
    level.compare(-20, -20, PTIME_MS, afterMs + PTIME_MS);
    t.ok(level.isConfirmed(afterMs + PTIME_MS));
    const alone = new ClaimedLevel();
    alone.compare(-20, -20, PTIME_MS, 0);
    alone.compare(-20, -26.5, PTIME_MS, afterMs);
    // Confirmed at 0, and again at `afterMs` only if the two together agree.
    t.equal(alone.isConfirmed(afterMs + 1990), agrees, `${afterMs} ms apart`);
  }
});

test('a longer packet weighs more, in energies and in the corrected error', async (t) => {
  const error = (durations: readonly number[]) => {
    const level = new ClaimedLevel();
    let nowMs = 0;
    for (const durationMs of durations) {
      nowMs += durationMs;
      level.compare(-25, -30, durationMs, nowMs);
    }
    return -30 - level.corrected(-30);
  };
  t.ok(Math.abs(error(Array(6).fill(20)) - error([120])) < 0.1, 'the same time, the same correction');
  t.ok(error([120]) > 5 * 0.11 && error([120]) < 5 * 0.13, `${error([120])} dB after 120 ms`);
  // 63 % after a second.
  t.ok(Math.abs(error(Array(50).fill(20)) / 5 - (1 - Math.exp(-1))) < 0.02);
});

test('a confirmation holds for two seconds, and a distrusted sender needs none', async (t) => {
  const level = new ClaimedLevel();
  level.compare(-20, -20, PTIME_MS, 1000);
  t.ok(level.isConfirmed(2999));
  t.notOk(level.isConfirmed(3000));
  for (let n = 0; level.believed; n++) level.compare(0, -127, PTIME_MS, 4000 + n * PTIME_MS);
  t.ok(level.isConfirmed(1e9));
});

test('packets that grew by half are due for a check 250 ms after the last one', async (t) => {
  const level = new ClaimedLevel();
  level.checked(20, 0);
  t.notOk(level.isCheckDue('silence', 30, 249));
  t.ok(level.isCheckDue('silence', 30, 250));
  t.notOk(level.isCheckDue('silence', 29.9, 250));
  t.notOk(level.isCheckDue('silence', 29.9, 1999));
  t.ok(level.isCheckDue('silence', 12, 2000));
  t.notOk(level.isCheckDue('silence', 11.9, 1e9), 'no speech has so few bytes');
});

test('a doubt is gone once claim and sound agree again', async (t) => {
  const level = new ClaimedLevel();
  level.compare(-70, -20, PTIME_MS, 0);
  level.checked(60, 5000);
  t.ok(level.isCheckDue('silence', 60, 5020));
  level.compare(-70, -70, PTIME_MS, 5020);
  t.notOk(level.isCheckDue('silence', 60, 5040));
  // Nor do the packets of one doubt count towards the next.
  for (let n = 0; n < 2; n++) level.compare(-127, 0, 120, 10_000 + n * 120);
  t.ok(level.believed);
  level.compare(-127, 0, 120, 10_240);
  t.notOk(level.believed);
});
