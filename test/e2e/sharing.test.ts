import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElementHandle } from 'puppeteer-core';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchFirefox, launchSharingChromium, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { stereoTone } from '../helpers/music.ts';
import { HEARD_DBFS } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';
import type { VoicePage } from '../helpers/voice-page.ts';
import { formatWav } from '../helpers/wav.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TAB_TITLE = 'A tab that plays';
const TAB = { leftHz: 2370, rightHz: 3120 };
const FILE = { leftHz: 1810, rightHz: 2750 };
const FILE_S = 60;
const LISTEN_S = 0.6;
const NOT_HEARD_DBFS = -50;

/** A page that plays a tone in each ear. Autoplay is allowed in these browsers. */
const PLAYING_PAGE = `<!doctype html><title>${TAB_TITLE}</title><script>
  const context = new AudioContext();
  const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
  for (const [side, frequency] of [${TAB.leftHz}, ${TAB.rightHz}].entries()) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(new GainNode(context, { gain: 0.2 })).connect(merger, 0, side);
    tone.start();
  }
  merger.connect(context.destination);
</script>`;

/** Waits until a page hears one of these tones in its left ear only and the other in its right ear only. */
async function hearsInStereo(t: Test, page: VoicePage, { leftHz, rightHz }: typeof TAB): Promise<void> {
  const fault = async () => {
    const [left, right] = await page.recordStereo(LISTEN_S);
    const level = (ear: Float32Array, hz: number) => heardTone(ear, hz).usuallyDbfs;
    const own = [level(left, leftHz), level(right, rightHz)];
    const other = [level(left, rightHz), level(right, leftHz)];
    const isGood = own.every((dbfs) => dbfs > HEARD_DBFS) && other.every((dbfs) => dbfs < NOT_HEARD_DBFS);
    return isGood ? undefined : `${own.join(' and ')} dBFS, in the other ear ${other.join(' and ')}`;
  };
  t.equal(await untilGood(fault, (text) => text === undefined), undefined, `${page.name} hears it`);
}

const hasShared = (page: VoicePage) => page.waitFor('shared-sound', '[data-own="false"]');
const hasNothing = (page: VoicePage) =>
  page.page.waitForFunction(`document.querySelector('[data-testid="shared-sound"]') === null`);

test('people share a tab and a file with their room', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--admin-token', TOKEN],
  ]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const [chromium, firefox] = await Promise.all([launchSharingChromium(TAB_TITLE), launchFirefox()]);
  t.teardown(() => Promise.all([chromium.close(), firefox.close()]));
  const enter = async (browser: VoiceBrowser, name: string) => {
    const page = await browser.open(`${server.url}room/music`, {
      microphone: { kind: 'tone', frequencyHz: 300, gain: 0 },
    });
    await page.join({ name });
    await page.waitFor('share');
    return page;
  };
  const [ada, berta] = await Promise.all([enter(chromium, 'Ada'), enter(firefox, 'Berta')]);

  await t.test('the sound of another tab is heard in stereo, and its own button ends it', async (t) => {
    const tab = await chromium.blankPage();
    await tab.setContent(PLAYING_PAGE);
    await ada.page.bringToFront();
    await ada.click('share');
    await ada.click('share-tab');
    await hasShared(berta);
    await hearsInStereo(t, berta, TAB);
    await tab.close();
    await hasNothing(berta);
    await ada.waitFor('share', '[aria-pressed="false"]');
  });

  await t.test('a file that Firefox plays is heard in stereo, and a moderator may end it', async (t) => {
    const file = join(t.testdir(), 'music.wav');
    writeFileSync(file, formatWav({ sampleRate: 48_000, channels: 2, samples: stereoTone(FILE, 50 * FILE_S) }));
    await berta.click('share');
    await berta.waitFor('share-file');
    t.equal(await berta.page.$('[data-testid="share-tab"]'), null, 'Firefox cannot share a tab');
    const input = (await berta.page.$('[data-testid="share-file-input"]')) as ElementHandle<never>;
    await input.uploadFile(file);
    await hasShared(ada);
    await hearsInStereo(t, ada, FILE);
    const { body } = await api.get('/rooms/music/participants');
    const music = (body.participants as readonly { id: string; role?: string }[]).find(({ role }) => role === 'music');
    await api.post(`/rooms/music/participants/${music?.id}/kick`, {});
    await hasNothing(ada);
    await berta.page.waitForFunction(
      `document.querySelector('[data-testid="notice"]').textContent.includes('A moderator has stopped the sound')`,
    );
    await berta.waitFor('share', '[aria-pressed="false"]');
  });
});
