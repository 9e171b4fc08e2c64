import { test } from 'tap';
import { PlayoutBuffer } from '../../../web/sdk/websocket-media/playout-buffer.ts';
import { maxSecondDifference, tone } from '../../helpers/signal.ts';

const QUANTUM = 128;
const FRAME = 960;
const RATE = 48_000;

/** Plays in simulated time: frames come when `arrivalMs` says, and quanta go out evenly. */
function play(seconds: number, arrivalMs: (frame: number) => number, options: { readonly silent?: boolean } = {}) {
  const buffer = new PlayoutBuffer();
  const sound = tone({ frequencyHz: 400, samples: (seconds + 2) * RATE, amplitude: 0.3 });
  const output = new Float32Array(Math.floor((seconds * RATE) / QUANTUM) * QUANTUM);
  const held: number[] = [];
  let frame = 0;
  for (let at = 0; at < output.length; at += QUANTUM) {
    while (arrivalMs(frame) <= (at / RATE) * 1000) {
      const samples = options.silent ? new Float32Array(FRAME) : sound.slice(frame * FRAME, (frame + 1) * FRAME);
      buffer.push(samples, options.silent === true);
      frame++;
    }
    buffer.pull(output.subarray(at, at + QUANTUM));
    held.push(buffer.figures.heldMs);
  }
  return { buffer, output, held, sound, figures: buffer.figures };
}

const even = (frame: number) => frame * 20;
/** The same sequence in each run. */
const jitter = (frame: number, most: number) => (((frame * 7919) % 101) / 101) * most;

test('an even stream is played as it is, with a margin of 10 ms', (t) => {
  const { output, figures, sound, held } = play(5, even);
  t.equal(figures.underruns, 0);
  t.equal(figures.cutMs, 0);
  t.equal(figures.marginMs, 10);
  const delay = 480;
  t.same(output.slice(2 * delay, RATE), sound.slice(delay, RATE - delay));
  t.ok(Math.max(...held.slice(10)) <= 31, `${Math.max(...held)} ms are held at most`);
  t.end();
});

test('it grows with the jitter, and shrinks when that is over', (t) => {
  const { figures, held } = play(60, (frame) => even(frame) + (frame < 1000 ? jitter(frame, 60) : 0));
  t.ok(figures.underruns >= 2 && figures.underruns <= 8, `${figures.underruns} underruns`);
  const perSecond = RATE / QUANTUM;
  const mean = (from: number, to: number) => {
    const part = held.slice(from * perSecond, to * perSecond);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  };
  const [jittery, calm] = [mean(10, 20), mean(50, 60)];
  t.ok(jittery > 40 && jittery < 130, `${jittery} ms are held`);
  t.ok(calm < jittery - 20, `${calm} ms are held`);
  t.ok(figures.cutMs > 20, `${figures.cutMs} ms were cut`);
  t.end();
});

test('in the last quarter of a jittery stream nothing is missing', (t) => {
  const arrival = (frame: number) => even(frame) + jitter(frame, 80);
  t.equal(play(40, arrival).figures.underruns, play(30, arrival).figures.underruns);
  t.end();
});

test('what a network has held back is left out: never more than 300 ms late', (t) => {
  const arrival = (frame: number) => (frame >= 100 && frame < 200 ? 4000 : even(frame));
  const { held, figures } = play(8, arrival);
  t.ok(Math.max(...held) <= 320, `${Math.max(...held)} ms are held`);
  t.ok(held.at(-1)! < 100, `${held.at(-1)} ms are held in the end`);
  t.ok(figures.missingMs > 1500 && figures.missingMs < 2100, `${figures.missingMs} ms are missing`);
  t.end();
});

test('a sender that is too fast does not make it late', (t) => {
  const { held, figures } = play(60, (frame) => frame * 19.99);
  t.ok(Math.max(...held) < 60, `${Math.max(...held)} ms`);
  t.equal(figures.underruns, 0);
  t.end();
});

test('pauses are no underruns', (t) => {
  // While nobody speaks, a packet comes every 400 ms.
  const { figures, output } = play(10, (frame) => frame * 400, { silent: true });
  t.equal(figures.underruns, 0);
  t.equal(figures.missingMs, 0);
  t.equal(figures.marginMs, 10);
  t.ok(output.every((sample) => sample === 0));
  t.end();
});

test('there are no clicks where sound is missing, begins, or was cut', (t) => {
  const { output, sound } = play(20, (frame) => even(frame) + jitter(frame, 60));
  const natural = maxSecondDifference(sound.slice(0, 4800));
  // A fade of 2.5 ms, and an end that goes back the way that it came.
  t.ok(maxSecondDifference(output) < 45 * natural, `${maxSecondDifference(output) / natural}`);
  t.end();
});

test('figures tell what was waited', (t) => {
  const { figures } = play(5, even);
  const mean = figures.waitedMs / (figures.playedMs * 48);
  t.ok(mean > 15 && mean < 30, `${mean} ms`);
  new PlayoutBuffer().push(new Float32Array(0), false);
  t.end();
});
