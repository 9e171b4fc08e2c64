import { test } from 'tap';
import { encodeProgramme } from '../../bench/client/programme.ts';
import { compareWithDirect } from '../../bench/lib/quality/compare.ts';
import { Ear, randomLoss } from '../../bench/lib/quality/ear.ts';
import { estoi } from '../../bench/lib/quality/estoi.ts';
import { Fft } from '../../bench/lib/quality/fft.ts';
import { resampleTo10k } from '../../bench/lib/quality/resample.ts';
import { writeRed } from '../../src/rtc/rtp/red.ts';
import { createRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import { createPrng, gaussian } from '../helpers/prng.ts';
import { decibels, rms, SAMPLE_RATE, toInt16, tone } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';

const SEED = 5;

async function voice(name: 'en-us' | 'en-us+f5', seconds: number): Promise<Float32Array> {
  return (await speech(name, seconds)).slice(0, seconds * SAMPLE_RATE);
}

function withNoise(clean: Float32Array, snrDb: number): Float32Array {
  const prng = createPrng(SEED);
  const deviation = rms(clean) * 10 ** (-snrDb / 20);
  return clean.map((sample) => sample + gaussian(prng, 0, deviation));
}

test('the Fourier transform matches its definition', async (t) => {
  const prng = createPrng(SEED);
  const block = Float64Array.from({ length: 13 }, () => prng() - 0.5);
  const powers = new Float64Array(9);
  new Fft(16).powers(block, powers);
  for (let k = 0; k <= 8; k++) {
    let re = 0;
    let im = 0;
    block.forEach((sample, n) => {
      re += sample * Math.cos((2 * Math.PI * k * n) / 16);
      im -= sample * Math.sin((2 * Math.PI * k * n) / 16);
    });
    t.ok(Math.abs(powers[k]! - re * re - im * im) < 1e-12, `bin ${k}`);
  }
  t.throws(() => new Fft(12), /power of two/);
});

test('resampling to 10 kHz keeps frequencies below 4.5 kHz and removes those above 5.2 kHz', async (t) => {
  for (const [frequencyHz, low, high] of [
    [300, -0.1, 0.1],
    [4400, -1, 0.1],
    [5300, -200, -40],
    [9700, -200, -60],
  ] as const) {
    const resampled = resampleTo10k(tone({ frequencyHz, samples: SAMPLE_RATE, amplitude: 1 })).subarray(500, 9500);
    const gain = decibels(rms(Float32Array.from(resampled)) * Math.SQRT2);
    t.ok(gain >= low && gain <= high, `${frequencyHz} Hz at ${gain.toFixed(1)} dB`);
  }
});

test('ESTOI is 1 for the same speech at any level', async (t) => {
  const clean = await voice('en-us', 2);
  for (const gain of [1, 0.1, -2]) {
    const figure = estoi(
      clean,
      clean.map((sample) => gain * sample),
    );
    t.ok(Math.abs(figure - 1) < 1e-3, `${figure}`);
  }
});

test('ESTOI falls with every step of noise, to almost nothing', async (t) => {
  const clean = await voice('en-us', 3);
  let before = 1;
  for (const snrDb of [40, 10, 0, -30]) {
    const figure = estoi(clean, withNoise(clean, snrDb));
    t.ok(figure < before, `${figure.toFixed(3)} at ${snrDb} dB`);
    before = figure;
  }
  t.ok(before < 0.1);
  t.ok(estoi(clean, await voice('en-us+f5', 3)) < 0.4, 'different words by a different voice score low');
});

test('pauses do not count towards ESTOI', async (t) => {
  const clean = await voice('en-us', 2);
  const pause = new Float32Array(2 * SAMPLE_RATE);
  const join = (first: Float32Array, rest: Float32Array) => Float32Array.from([...first, ...rest]);
  const noisy = withNoise(clean, 10);
  const hiss = withNoise(clean, 30).map((sample, index) => sample - clean[index]!);
  const plain = estoi(clean, noisy);
  const paused = estoi(join(pause, clean), join(hiss.subarray(0, pause.length), noisy));
  t.ok(Math.abs(plain - paused) < 0.02, `${plain.toFixed(3)}, ${paused.toFixed(3)}`);
});

test('voices that arrive late and quieter are found and score as undamaged', async (t) => {
  const voices = [await voice('en-us', 5), await voice('en-us+f5', 5)];
  const heard = new Float32Array(6 * SAMPLE_RATE);
  // Sent at 1000 and 1007 ms, heard from 900 ms on with delays of 30 and 70 ms.
  const places = [(100 + 30) * 48, (107 + 70) * 48];
  voices.forEach((pcm, index) => {
    pcm.forEach((sample, at) => {
      heard[places[index]! + at]! += sample * (index === 0 ? 0.5 : 0.3);
    });
  });
  const spoken = voices.map((pcm, index) => ({ pcm, startMs: index === 0 ? 1000 : 1007 }));
  const figures = compareWithDirect(spoken, { pcm: toInt16(heard), startMs: 900, arrivals: [] });
  t.ok(figures.segmentalSnrDb > 30, `${figures.segmentalSnrDb.toFixed(1)} dB`);
  t.ok(figures.estoi > 0.99, `${figures.estoi.toFixed(3)}`);
  const lookAhead = 6.5;
  t.ok(Math.abs(figures.delayP95Ms - (70 - lookAhead)) < 0.1, `${figures.delayP95Ms.toFixed(2)} ms`);
  t.ok(figures.delayP50Ms > 29 - lookAhead && figures.delayP50Ms < 71 - lookAhead);
  // The same samples at the same places, but every packet after the first arrived 25 ms later than its timestamp says.
  const arrivals = Array.from({ length: 300 }, (_, index) => ({
    place: 960 * index,
    startMs: index === 0 ? 900 : 925,
  }));
  const later = compareWithDirect(spoken, { pcm: toInt16(heard), startMs: 900, arrivals });
  t.ok(Math.abs(later.delayP95Ms - (95 - lookAhead)) < 0.1, `${later.delayP95Ms.toFixed(2)} ms`);
});

test('an ear places packets by timestamp, conceals losses, and knows the earliest playout time', async (t) => {
  const programme = encodeProgramme(tone({ frequencyHz: 400, samples: SAMPLE_RATE }));
  const hear = (isLost: () => boolean) => {
    const ear = new Ear();
    programme.forEach((frame, index) => {
      if (frame === undefined) return;
      const header = {
        ...createRtpHeader(),
        sequenceNumber: (65_530 + index) & 0xffff,
        timestamp: (0xffff_f000 + 960 * index) >>> 0,
      };
      ear.add({ payload: frame.payload, header, atMs: 5000 + 20 * index + (index === 3 ? 0 : 4) });
    });
    return ear.listen(isLost);
  };
  const lead = SAMPLE_RATE;
  const whole = hear(() => false);
  t.equal(whole.pcm.length, lead + programme.length * 960);
  t.equal(whole.startMs, 4000);
  t.ok(rms(whole.pcm.subarray(lead + 9600)) > 0.15);
  let index = 0;
  const holed = hear(() => index++ === 20);
  t.equal(holed.pcm.length, whole.pcm.length);
  t.ok(rms(holed.pcm.subarray(lead + 20 * 960, lead + 21 * 960)) > 0.05, 'concealed');
  const prng = createPrng(SEED);
  t.equal(hear(randomLoss(100, prng)).pcm.length, 0);
});

test('an ear recovers a lost frame from the packet that repeats it', async (t) => {
  const programme = encodeProgramme(tone({ frequencyHz: 400, samples: SAMPLE_RATE / 2 }));
  const payloads = programme.flatMap((frame) => frame?.payload ?? []);
  const hear = (red: boolean, lost: number) => {
    const ear = new Ear();
    payloads.forEach((payload, n) => {
      const previous = red ? payloads[n - 1] : undefined;
      const repeating = previous && writeRed(previous, 960, payload, 111);
      const header = { ...createRtpHeader(), payloadType: repeating ? 63 : 111, sequenceNumber: n, timestamp: 960 * n };
      ear.add({ payload: repeating ?? payload, header, atMs: 20 * n });
    });
    let n = 0;
    return ear.listen(() => n++ === lost).pcm;
  };
  const whole = hear(false, -1);
  // A deep comparison of this many samples takes minutes.
  const sameAsWhole = (pcm: Int16Array | Float32Array) => Buffer.from(pcm.buffer).equals(Buffer.from(whole.buffer));
  t.ok(whole.length > 0 && sameAsWhole(hear(true, -1)));
  t.ok(sameAsWhole(hear(true, 10)), 'the frame is there');
  t.notOk(sameAsWhole(hear(false, 10)), 'without redundancy it is missing');
});
