import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElementHandle } from 'puppeteer-core';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { isFineAt } from '../helpers/looks.ts';
import { stereoTone } from '../helpers/music.ts';
import { pngWithNote } from '../helpers/png.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';
import { formatWav } from '../helpers/wav.ts';

const TOKEN = 'an-admin-token-that-is-long-enough-1';

test('what people open in a room fits on every screen and is accessible', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const directory = t.testdir();
  const server = await startServerProcess(BUILT_SERVER, [
    ...[
      '--media-host',
      PRIVATE_ADDRESS,
      '--admin-token',
      TOKEN,
      '--token-secret',
      'a secret that is long enough to sign',
    ],
    ...['--chat-file-bytes', '1000000', '--recording-dir', join(directory, 'recordings'), '--recording-min-free', '0'],
    ...['--recording-consent', 'required', '--teams', 'Red,Blue'],
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const enter = async (path: string, name: string, frequencyHz: number): Promise<VoicePage> => {
    const page = await chromium.open(new URL(path, server.url).href, {
      microphone: { kind: 'tone', frequencyHz, gain: 0.2 },
    });
    // Headless browsers have no share sheet.
    await page.page.evaluate('navigator.share = async (data) => { globalThis.sharedData = data; }');
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const rights = { mayModerate: true, mayRecord: true };
  const { path } = (await api.post('/tokens', { room: 'lobby', identity: 'ada', ...rights })).body;
  const ada = await enter(path, 'Ada', 440);
  await ada.waitFor('invite');
  await isFineAt(t, ada, 'invitation');
  await ada.click('invite-share');
  t.same(await ada.page.evaluate('globalThis.sharedData'), {
    title: 'lobby · Partyline',
    url: new URL('room/lobby', server.url).href,
  });
  const { path: pathOfBen } = (await api.post('/tokens', { room: 'lobby', identity: 'ben' })).body;
  const ben = await enter(pathOfBen, 'Ben', 700);
  await ada.waitFor('participant', '[data-self="false"]');

  await t.test('the chat, with a mention, a link, a picture, and a file of somebody else', async (t) => {
    for (const page of [ada, ben]) await page.click('chat-open');
    await ben.waitFor('chat-input');
    await ben.type('chat-input', 'Look at https://example.org/a/rather/long/address?with=parameters @Ada');
    await ben.page.keyboard.press('Enter');
    await ben.page.keyboard.press('Enter');
    const picture = join(directory, 'holiday.png');
    writeFileSync(picture, pngWithNote(640, 480, 'note'));
    const document = join(directory, 'the minutes of our last meeting.txt');
    writeFileSync(document, 'Everybody was there.');
    const input = (await ben.page.waitForSelector('[data-testid="chat-file-input"]')) as ElementHandle<never>;
    await input.uploadFile(picture);
    await ada.page.waitForSelector('[data-testid="chat-file"] img');
    await input.uploadFile(document);
    await ada.page.waitForFunction(`document.querySelectorAll('[data-testid="chat-file"]').length === 2`);
    await isFineAt(t, ada, 'chat');
    for (const page of [ada, ben]) await page.click('chat-close');
  });

  await t.test('the volume of a person, and what a moderator can do', async (t) => {
    await ada.click('volume');
    await ada.waitFor('volume-close');
    await isFineAt(t, ada, 'volume');
    await ada.click('volume-close');
    await ada.click('moderate');
    await ada.waitFor('moderate-cancel');
    await isFineAt(t, ada, 'moderation');
    await ada.click('moderate-cancel');
  });

  await t.test('a recording, before and after somebody has agreed', async (t) => {
    await ada.click('record');
    await ben.waitFor('agree-to-recording');
    await isFineAt(t, ben, 'recording-asks');
    await ben.click('agree-to-recording');
    await ben.page.waitForSelector('[data-testid="agree-to-recording"]', { hidden: true });
    await isFineAt(t, ada, 'recording');
    await ada.click('record');
    await ben.page.waitForSelector('[data-testid="recording"]', { hidden: true });
  });

  await t.test('the question what to share, and a shared sound', async (t) => {
    const file = join(directory, 'music.wav');
    const samples = stereoTone({ leftHz: 900, rightHz: 1300 }, 1500);
    writeFileSync(file, formatWav({ sampleRate: 48_000, channels: 2, samples }));
    await ben.click('share');
    await ben.waitFor('share-file');
    await isFineAt(t, ben, 'share');
    const input = (await ben.page.$('[data-testid="share-file-input"]')) as ElementHandle<never>;
    await input.uploadFile(file);
    await ada.waitFor('shared-sound', '[data-speaking="true"]');
    await isFineAt(t, ada, 'shared-sound');
    await ben.click('share');
    await ada.page.waitForSelector('[data-testid="shared-sound"]', { hidden: true });
  });

  await t.test('the statistics', async (t) => {
    await ada.openSettings();
    await ada.click('stats-open');
    await ada.waitFor('stats-rows');
    await isFineAt(t, ada, 'statistics');
    await ada.click('stats-close');
    await ada.click('close-settings');
  });

  await t.test('the end of a call for whoever is banned', async (t) => {
    await ada.click('moderate');
    await ada.click('moderate-ban');
    await ben.waitFor('join');
    await isFineAt(t, ben, 'banned');
  });
});
