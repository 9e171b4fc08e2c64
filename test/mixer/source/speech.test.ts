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

test('everything that false claims achieved is forgotten the moment they are found out', async (t) => {
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
  t.ok(speech.isProven(400), 'the sound does');
});

test('skipped packets count as elapsed time', async (t) => {
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
    t.ok(ms >= 300 && ms < 300 + (skipped + 1) * PTIME_MS, `${skipped} skipped: ${ms} ms`);
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

test('each decoded packet counts for its own duration, and skipped time before it counts only once', async (t) => {
  for (const packetMs of [10, 20, 60]) {
    const speech = new Speech();
    speech.claim(null, packetMs);
    speech.skip(packetMs);
    speech.claim(null, packetMs);
    speech.measure(null, -20, packetMs, 0);
    let packets = 0;
    for (; speech.voice.active; packets++) {
      speech.claim(null, packetMs);
      speech.measure(null, -127, packetMs, packets * packetMs);
    }
    t.equal(packets * packetMs, 300);
  }
});

test('time with a claimed level needs no measuring', async (t) => {
  const speech = new Speech();
  speech.claim(-20, PTIME_MS);
  for (let n = 0; n < 14; n++) {
    speech.claim(-70, PTIME_MS);
    speech.skip(PTIME_MS);
    // It agrees, and is not counted a second time.
    speech.measure(-70, -70, PTIME_MS, n * PTIME_MS);
    t.ok(speech.voice.active);
  }
  speech.claim(-70, PTIME_MS);
  t.notOk(speech.voice.active);
});

test('a claim to speak is checked until confirmed, silence where it has the bytes of speech, and the rest every 200 ms', async (t) => {
  const speaking = new Speech();
  speaking.claim(-20, PTIME_MS);
  t.ok(speaking.isCheckDue(5, 0), 'however small the packet is');
  speaking.checked(5, 0);
  t.ok(speaking.isCheckDue(5, 20));
  speaking.measure(-20, -20, PTIME_MS, 20);
  t.notOk(speaking.isCheckDue(60, 40));

  const silent = new Speech();
  for (let n = 0; n < 3; n++) silent.claim(-70, PTIME_MS);
  t.notOk(silent.isCheckDue(11, 0));
  t.ok(silent.isCheckDue(12, 0));
  silent.checked(12, 0);
  t.notOk(silent.isCheckDue(12, 1980));

  const unknown = new Speech();
  unknown.claim(null, PTIME_MS);
  t.ok(unknown.isCheckDue(5, 0));
  unknown.checked(5, 0);
  t.notOk(unknown.isCheckDue(5, 199));
  t.ok(unknown.isCheckDue(5, 200));
});

test('single packets of background noise, as DTX leaves them, are not checked', async (t) => {
  const speech = new Speech();
  for (let n = 0; n < 10; n++) {
    speech.claim(-70, PTIME_MS);
    t.notOk(speech.isCheckDue(60, 400 * n));
    speech.silence();
  }
  speech.claim(-127, 3 * PTIME_MS);
  t.ok(speech.isCheckDue(60, 5000), 'but as many in a row as a word needs are');
});

test('silence counts for its duration, which is a frame by default', async (t) => {
  for (const durationMs of [undefined, 10, 60]) {
    const speech = new Speech();
    speech.claim(-20, PTIME_MS);
    let silentMs = 0;
    do silentMs += durationMs ?? PTIME_MS;
    while (speech.silence(durationMs));
    t.equal(silentMs, 300);
    t.notOk(speech.voice.active || speech.isProven(0));
  }
});

test('speech that is worth a check lasts 60 ms, counted anew after each silence', async (t) => {
  const speech = new Speech();
  for (const before of ['the beginning', 'silence'] as const) {
    speech.claim(-70, 57.5);
    speech.claim(-70, 2);
    t.notOk(speech.isCheckDue(60, 0), before);
    speech.claim(-70, 0.5);
    t.ok(speech.isCheckDue(60, 0), before);
    speech.silence();
  }
});

test('claims are confirmed for two seconds after a packet that agrees with them, and never once they are distrusted', async (t) => {
  const speech = new Speech();
  t.notOk(speech.isConfirmed(0));
  t.ok(speech.check(-20, -21, PTIME_MS, 0));
  t.ok(speech.isConfirmed(1999));
  t.notOk(speech.isConfirmed(2000));
  t.ok(speech.check(-20, -20, PTIME_MS, 3000));
  for (let nowMs = 3200; nowMs < 4000; nowMs += 5 * PTIME_MS) t.notOk(speech.check(-20, -60, 5 * PTIME_MS, nowMs));
  t.notOk(speech.isConfirmed(4000), 'not even within the two seconds');
});

test('time that was skipped while claims were trusted does not count when levels are measured', async (t) => {
  const speech = new Speech();
  for (let n = 0; n < 50; n++) {
    speech.claim(-20, PTIME_MS);
    speech.skip(PTIME_MS);
  }
  speech.claim(null, PTIME_MS);
  speech.measure(null, -127, PTIME_MS, 1000);
  t.ok(speech.voice.active, '20 ms of silence do not end speech');
});
