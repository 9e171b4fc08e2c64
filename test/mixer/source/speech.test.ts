import { test } from 'tap';
import { PTIME_MS } from '../../../src/mixer/format.ts';
import { Speech } from '../../../src/mixer/source/speech.ts';

const LONG_MS = 5 * PTIME_MS;

test('a claim counts at once, and is proven by the first packet that sounds like it', async (t) => {
  const speech = new Speech();
  speech.claim(-20, PTIME_MS);
  t.ok(speech.voice.active && !speech.isMeasured);
  t.notOk(speech.isProven(0));
  speech.measure(-20, -21, PTIME_MS, 0);
  t.ok(speech.isProven(0));
  t.notOk(speech.isProven(2000), 'for two seconds');
});

test('what false claims have brought about is forgotten in the moment in which they are found out', async (t) => {
  const speech = new Speech();
  for (let nowMs = 0; !speech.isMeasured; nowMs += PTIME_MS) {
    t.ok(nowMs < 300);
    speech.claim(0, PTIME_MS);
    speech.measure(0, -127, PTIME_MS, nowMs);
    if (!speech.isMeasured) t.ok(speech.voice.active);
  }
  t.notOk(speech.voice.active);
  t.equal(Math.round(speech.voice.loudnessDbov), -60);
  speech.claim(0, PTIME_MS);
  t.notOk(speech.voice.active, 'a claim says nothing any more');
  t.ok(speech.isMeasured);
  speech.measure(0, -20, PTIME_MS, 400);
  t.ok(speech.isProven(400), 'sound does');
});

test('what was not decoded in between passes as time', async (t) => {
  for (const skipped of [0, 3, 9]) {
    const speech = new Speech();
    speech.claim(null, PTIME_MS);
    speech.measure(null, -20, PTIME_MS, 0);
    let ms = 0;
    while (speech.voice.active) {
      for (let n = 0; n < skipped; n++) {
        speech.claim(null, PTIME_MS);
        speech.skip(PTIME_MS);
      }
      speech.claim(null, PTIME_MS);
      speech.measure(null, -127, PTIME_MS, ms);
      ms += (skipped + 1) * PTIME_MS;
    }
    t.ok(ms >= 300 && ms < 300 + (skipped + 1) * PTIME_MS, `${skipped} left out: ${ms} ms`);
  }
});

test('certain silence is never measured, and a sender without levels always is', async (t) => {
  const speech = new Speech();
  speech.claim(null, LONG_MS);
  t.ok(speech.isMeasured && speech.isCheckDue(60, 0));
  speech.checked(60, 0);
  t.notOk(speech.isCheckDue(60, 180));
  speech.silence(LONG_MS);
  t.notOk(speech.isMeasured || speech.voice.active);
});
