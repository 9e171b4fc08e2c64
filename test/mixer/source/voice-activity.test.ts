import fc from 'fast-check';
import { test } from 'tap';
import { VoiceActivity } from '../../../src/mixer/source/voice-activity.ts';
import { cases } from '../../helpers/cases.ts';

const SEED = Number(process.env['SEED'] ?? 1215);

const FRAMES_PER_SECOND = 50;

function feed(voice: VoiceActivity, levelDbov: number, frames: number): void {
  for (let n = 0; n < frames; n++) voice.update(levelDbov);
}

test('speech is noticed in its first frame', async (t) => {
  const voice = new VoiceActivity();
  t.notOk(voice.active, 'silent at first');
  feed(voice, -65, 200);
  t.notOk(voice.active, 'a quiet room is not speech');
  t.ok(voice.update(-35), 'the first loud frame is');
});

test('activity holds for 300 ms, at any packet length', async (t) => {
  for (const packetMs of [10, 20, 60]) {
    const voice = new VoiceActivity();
    voice.update(-25, packetMs);
    let heldMs = 0;
    while (voice.update(-70, packetMs)) heldMs += packetMs;
    t.ok(Math.abs(heldMs + packetMs - 300) < packetMs, `held for ${heldMs} ms with packets of ${packetMs} ms`);
  }
});

test('loudness follows a voice within a fifth of a second, and ignores the pauses between its syllables', async (t) => {
  for (const packetMs of [10, 20, 60]) {
    const voice = new VoiceActivity();
    for (let ms = 0; ms < 240; ms += packetMs) voice.update(-25, packetMs);
    t.ok(voice.loudnessDbov > -30 && voice.loudnessDbov <= -25, `${packetMs}: ${voice.loudnessDbov}`);
    for (let ms = 0; ms < 120; ms += packetMs) voice.update(-80, packetMs);
    t.ok(voice.loudnessDbov > -35, `${packetMs}: ${voice.loudnessDbov} after a gap of 120 ms`);
    for (let ms = 0; ms < 6000; ms += packetMs) voice.update(-127, packetMs);
    t.ok(voice.loudnessDbov >= -60 && voice.loudnessDbov < -59, `${packetMs}: ${voice.loudnessDbov} in silence`);
  }
});

test('pauses between words are bridged, and a second of silence is not', async (t) => {
  const voice = new VoiceActivity();
  for (let word = 0; word < 10; word++) {
    feed(voice, -25, 10);
    feed(voice, -68, 12);
    t.ok(voice.active, 'still active at the end of a pause of 240 ms');
  }
  feed(voice, -68, 50);
  t.notOk(voice.active);
});

test('constant noise at -55 dBov becomes background within ten seconds, even after digital or near silence', async (t) => {
  for (const before of [undefined, -127, -110, -80]) {
    const voice = new VoiceActivity();
    if (before !== undefined) feed(voice, before, 10 * FRAMES_PER_SECOND);
    feed(voice, -55, 10 * FRAMES_PER_SECOND);
    t.notOk(voice.active, `after ${before ?? 'nothing'}`);
    t.ok(voice.update(-35), 'and speech above it is noticed');
  }
});

test('a steady tone at -20 dBov stays active for ten minutes', async (t) => {
  const voice = new VoiceActivity();
  let active = 0;
  for (let n = 0; n < 600 * FRAMES_PER_SECOND; n++) active += voice.update(-20) ? 1 : 0;
  t.equal(active, 600 * FRAMES_PER_SECOND);
});

test('slightly fluctuating noise is background too', async (t) => {
  const voice = new VoiceActivity();
  for (let n = 0; n < 15 * FRAMES_PER_SECOND; n++) voice.update(-57 + (n % 7));
  t.notOk(voice.active);
});

test('digital silence is never active and says nothing about the background', async (t) => {
  const voice = new VoiceActivity();
  feed(voice, -58, 20 * FRAMES_PER_SECOND);
  const threshold = voice.thresholdDbov;
  feed(voice, -127, 60 * FRAMES_PER_SECOND);
  t.notOk(voice.active);
  t.equal(voice.thresholdDbov, threshold);
  t.equal(Math.round(voice.levelDbov), -127);
});

test('nothing below -60 dBov is speech, and everything 10 dB above the loudest background is', async (t) => {
  const quiet = new VoiceActivity();
  feed(quiet, -90, 60 * FRAMES_PER_SECOND);
  t.notOk(quiet.update(-61));
  const loud = new VoiceActivity();
  feed(loud, -30, 600 * FRAMES_PER_SECOND);
  t.ok(loud.update(-40), 'however long the loudness lasts');
});

test('the displayed level is smooth', async (t) => {
  const voice = new VoiceActivity();
  feed(voice, -30, 50);
  t.ok(Math.abs(voice.levelDbov + 30) < 0.1);
  voice.update(-50);
  t.ok(voice.levelDbov > -40 && voice.levelDbov < -35, `${voice.levelDbov} after one frame`);
});

test('speech is more than 9 dB above the background, which rises by 1 dB a second and falls at once', async (t) => {
  const voice = new VoiceActivity();
  t.equal(voice.thresholdDbov, -60);
  feed(voice, -40, 10 * FRAMES_PER_SECOND);
  // From -69, the lowest background that the threshold reflects.
  t.ok(Math.abs(voice.thresholdDbov - -50) < 0.01, `${voice.thresholdDbov} after ten seconds`);
  t.notOk(new VoiceActivity().update(-60));
  t.ok(new VoiceActivity().update(-59.9));
  feed(voice, -40, 30 * FRAMES_PER_SECOND);
  t.equal(voice.thresholdDbov, -41, 'and never above -50');
  voice.update(-58);
  t.equal(voice.thresholdDbov, -49);
  voice.update(-100);
  t.equal(voice.thresholdDbov, -60);
});

test('for any levels, packet length does not affect the background or how long activity holds', async (t) => {
  t.comment(`SEED=${SEED}`);
  const levels = fc.array(fc.integer({ min: -90, max: -5 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(levels, fc.integer({ min: 2, max: 6 }), (list, frames) => {
      const [single, joined] = [new VoiceActivity(), new VoiceActivity()];
      return list.every((level) => {
        joined.update(level, frames * 20);
        for (let i = 0; i < frames; i++) single.update(level);
        const isSame = Math.abs(single.thresholdDbov - joined.thresholdDbov) < 1e-6 && single.active === joined.active;
        const { loudnessDbov, levelDbov, thresholdDbov } = joined;
        const isWithin = loudnessDbov >= -60 && loudnessDbov <= 0 && levelDbov >= -127 && levelDbov <= 0;
        return isSame && isWithin && thresholdDbov >= -60 && thresholdDbov <= -41;
      });
    }),
    { seed: SEED, numRuns: cases(200) },
  );
});

test('loudness rises two thirds of the way in 100 ms, and falls that far in a second', async (t) => {
  const voice = new VoiceActivity();
  feed(voice, -20, 5);
  const up = (voice.loudnessDbov + 60) / 40;
  t.ok(Math.abs(up - (1 - Math.exp(-1))) < 0.01, `${up}`);
  feed(voice, -20, 500);
  feed(voice, -127, 50);
  const down = (-20 - voice.loudnessDbov) / 40;
  t.ok(Math.abs(down - (1 - Math.exp(-1))) < 0.01, `${down}`);
});

test('loudness rises within 100 ms and falls within seconds, however small the change is', (t) => {
  for (const changeDb of [0.5, 6]) {
    const activity = new VoiceActivity();
    for (let n = 0; n < 500; n++) activity.update(-30);
    const before = activity.loudnessDbov;
    for (let n = 0; n < 5; n++) activity.update(-30 + changeDb);
    const risen = (activity.loudnessDbov - before) / changeDb;
    t.ok(risen > 0.6 && risen < 0.7, `${risen} of ${changeDb} dB in 100 ms`);
    for (let n = 0; n < 500; n++) activity.update(-30 + changeDb);
    for (let n = 0; n < 50; n++) activity.update(-30);
    const left = (activity.loudnessDbov + 30) / changeDb;
    t.ok(left > 0.33 && left < 0.4, `${left} of ${changeDb} dB after a second`);
  }
  t.end();
});
