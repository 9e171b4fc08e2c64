import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { concatInt16, findDelay, rmsDbfs, toInt16 } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';
import { compareSpeech } from '../helpers/speech-comparison.ts';
import { untilGood } from '../helpers/until-good.ts';
import { formatWav } from '../helpers/wav.ts';

const SAMPLE_RATE = 48_000;
const SECONDS = 4;
const PAUSE = new Int16Array(SAMPLE_RATE / 2);
/** In a pass of the file the speech is followed by the pause. */
const PASS_S = SECONDS + PAUSE.length / SAMPLE_RATE;
const PASS = PASS_S * SAMPLE_RATE;
/** Musicians turn these off, and so must a test that compares samples. */
const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

test('speech into the microphone of one page comes out of the other page, as packets that the server passes on', {
  skip: skipIfMissing(missingForBrowsers ?? missingPackages(['espeak-ng'])),
}, async (t) => {
  const directory = t.testdir();
  const spoken = toInt16((await speech('en-us', SECONDS)).subarray(0, SECONDS * SAMPLE_RATE));
  const file = join(directory, 'speech.wav');
  await writeFile(file, formatWav({ sampleRate: SAMPLE_RATE, channels: 1, samples: concatInt16([spoken, PAUSE]) }));
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  // The browser plays the file in a loop as its microphone.
  const chromium = await launchChromium([`--use-file-for-fake-audio-capture=${file}`]);
  t.teardown(() => chromium.close());
  // The microphone, both pages and what is recorded are one chain: whatever is late in it is lost.
  chromium.runFirst();

  const open = async (name: string, mode: 'open' | 'listen') => {
    const page = await chromium.open(`${server.url}room/speech`, { microphone: { kind: 'browser' } });
    await page.page.evaluate(`localStorage.setItem('partyline', '${JSON.stringify({ processing: UNPROCESSED })}')`);
    await page.page.reload();
    await page.join({ name, mode });
    await page.waitForSound();
    return page;
  };
  const [listener, speaker] = await Promise.all([open('Ben', 'listen'), open('Ada', 'open')]);
  const frames = async () => {
    const metrics = await server.recentMetrics();
    return {
      passed: metrics.sum('partyline_frames_passed_total'),
      encoded: metrics.sum('partyline_frames_encoded_total'),
    };
  };
  const compare = async () => {
    const before = await frames();
    const [heard, ownVoice] = await Promise.all([listener.record(PASS_S), speaker.record(PASS_S)]);
    const after = await frames();
    const passed = after.passed - before.passed;
    const passedShare = passed / (passed + after.encoded - before.encoded);
    // One pass is recorded. Wherever it starts, played twice it contains the pass from its beginning.
    const twice = new Float32Array(2 * PASS);
    for (const at of [0, PASS]) twice.set(heard.subarray(0, PASS), at);
    const begin = findDelay(spoken.subarray(0, SAMPLE_RATE), twice, 0, PASS).samples;
    const levelDb = rmsDbfs(twice.subarray(begin, begin + spoken.length)) - rmsDbfs(spoken);
    return { ...compareSpeech(spoken, twice, begin), levelDb, passedShare, ownVoiceDbfs: rmsDbfs(ownVoice) };
  };
  type Comparison = Awaited<ReturnType<typeof compare>>;
  const isClear = ({ parts, clearParts, snrDb }: Comparison) => clearParts >= 0.6 * parts && snrDb > 5;
  const isSteady = ({ delaySpreadMs, levelDb }: Comparison) => delaySpreadMs <= 150 && Math.abs(levelDb) < 3;

  const isPassedOn = ({ passedShare }: Comparison) => passedShare > 0.7;
  const isGood = (comparison: Comparison) => isClear(comparison) && isSteady(comparison) && isPassedOn(comparison);

  const heard = await untilGood(compare, isGood, 8);
  const { parts, clearParts, snrDb, delaySpreadMs, levelDb, passedShare, ownVoiceDbfs } = heard;
  t.ok(parts >= 8, `${parts} parts contain speech`);
  t.ok(isClear(heard), `${clearParts} of them are heard intact, with a segmental SNR of ${snrDb.toFixed(1)} dB`);
  t.ok(isSteady(heard), `the delay moved by ${delaySpreadMs.toFixed(0)} ms, the level by ${levelDb.toFixed(1)} dB`);
  t.ok(isPassedOn(heard), `${(100 * passedShare).toFixed(0)} % of the frames were not decoded and encoded`);
  t.ok(ownVoiceDbfs < -60, 'the speaker does not hear their own voice');
});
