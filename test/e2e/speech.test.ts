import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { concatInt16, findDelay, rmsDbfs, toInt16 } from '../helpers/signal.ts';
import { speech } from '../helpers/speech.ts';
import { compareSpeech } from '../helpers/speech-comparison.ts';
import { formatWav } from '../helpers/wav.ts';

const SAMPLE_RATE = 48_000;
const SECONDS = 6;
const PAUSE = new Int16Array(SAMPLE_RATE);
/** Musicians turn these off, and so must a test that compares samples. */
const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

test('speech into the microphone of one page comes out of the other page', {
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

  const open = async (name: string, mode: 'open' | 'listen') => {
    const page = await chromium.open(`${server.url}room/speech`, { microphone: { kind: 'browser' } });
    await page.page.evaluate(`localStorage.setItem('partyline', '${JSON.stringify({ processing: UNPROCESSED })}')`);
    await page.page.reload();
    await page.join({ name, mode });
    await page.waitForSound();
    return page;
  };
  const listener = await open('Ben', 'listen');
  const speaker = await open('Ada', 'open');
  await sleep(1500);
  const heard = await listener.record(2 * (SECONDS + 1));

  // Wherever the recording starts, it contains one whole pass of the file. This finds the first second of that pass.
  const begin = findDelay(spoken.subarray(0, SAMPLE_RATE), heard, 0, (SECONDS + 1) * SAMPLE_RATE).samples;
  const { parts, clearParts, snrDb, delaySpreadMs } = compareSpeech(spoken, heard, begin);
  t.ok(parts >= 12, `${parts} parts contain speech`);
  t.ok(clearParts >= 0.6 * parts, `${clearParts} of them are heard intact`);
  t.ok(snrDb > 5, `segmental SNR of these ${snrDb.toFixed(1)} dB`);
  t.ok(delaySpreadMs <= 150, `the delay moved by ${delaySpreadMs.toFixed(0)} ms`);
  const change = rmsDbfs(heard.subarray(begin, begin + spoken.length)) - rmsDbfs(spoken);
  t.ok(Math.abs(change) < 3, `level changed by ${change.toFixed(1)} dB`);
  t.ok(rmsDbfs(await speaker.record(2)) < -60, 'the speaker does not hear their own voice');
});
