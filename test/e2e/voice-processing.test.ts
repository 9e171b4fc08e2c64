import type { Target } from 'puppeteer-core';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const ADA_HZ = 440;
const INAUDIBLE_DBFS = -65;

async function choose(page: VoicePage, testId: string, value: string): Promise<void> {
  await page.waitFor(testId);
  await page.page.select(`[data-testid="${testId}"]`, value);
}

/** As a person does it with the keys. */
async function slideTo(page: VoicePage, testId: string, wanted: number): Promise<void> {
  const slider = `[data-testid="${testId}"]`;
  await page.page.focus(slider);
  for (let presses = 0; presses < 80; presses++) {
    const now = Number(await page.page.evaluate(`document.querySelector('${slider}').value`));
    if (Math.abs(now - wanted) < 1e-6) return;
    await page.page.keyboard.press(now < wanted ? 'ArrowRight' : 'ArrowLeft');
  }
  throw new Error(`the slider ${testId} does not reach ${wanted}`);
}

test('people choose what is done to their voice before it is sent', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  const url = `${server.url.replace('http', 'ws')}ws`;
  const ben = await LightTalker.join({ url, room: 'lobby', name: 'Ben', frequencyHz: 820 });
  t.teardown(() => ben.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.open(`${server.url}room/lobby`, {
    microphone: { kind: 'tone', frequencyHz: ADA_HZ, gain: 0.1 },
  });
  await page.join({ name: 'Ada', mode: 'open' });
  await page.waitForSound();
  await eventually(async () => (await ben.hearDbfs(ADA_HZ)) > -30);
  const plainDbfs = await ben.hearDbfs(ADA_HZ);
  const isHeardWith = (gainDb: number) =>
    eventually(async () => {
      const levelDbfs = await ben.hearDbfs(ADA_HZ);
      return Math.abs(levelDbfs - plainDbfs - gainDb) < 1 || `${levelDbfs - plainDbfs} dB`;
    });
  const isInaudible = () =>
    eventually(async () => {
      const levelDbfs = await ben.hearDbfs(ADA_HZ);
      return levelDbfs < INAUDIBLE_DBFS || `${levelDbfs} dBFS`;
    });
  await page.openSettings();

  await t.test('a microphone that opens above a level sends nothing below it', async (t) => {
    await choose(page, 'talk-mode', 'voice');
    await page.click('threshold-automatic');
    await slideTo(page, 'threshold', -10);
    await isInaudible();
    await page.waitFor('level-meter', '[data-muted="true"]');
    t.same(await accessibilityProblems(page), []);
    await slideTo(page, 'threshold', -40);
    await isHeardWith(0);
    await choose(page, 'talk-mode', 'open');
    await isHeardWith(0);
  });

  await t.test('the microphone can be louder and quieter', async () => {
    await slideTo(page, 'input-gain', 6);
    await isHeardWith(6);
    await slideTo(page, 'input-gain', -12);
    await isHeardWith(-12);
    await slideTo(page, 'input-gain', 0);
    await isHeardWith(0);
  });

  await t.test('the strong noise suppression removes what is no voice', async (t) => {
    await choose(page, 'noise-suppression', 'strong');
    await isInaudible();
    t.equal(await page.attribute('voice-bypassed', 'role'), null, 'it runs');
    await choose(page, 'noise-suppression', 'browser');
    await isHeardWith(0);
  });

  await t.test('everything that is played can be quieter', async (t) => {
    await slideTo(page, 'output-volume', 0.25);
    t.equal(await page.page.evaluate(`document.querySelector('audio').volume`), 0.25);
    await page.click('close-settings');
    await page.page.reload();
    await page.waitForSound();
    t.equal(await page.page.evaluate(`document.querySelector('audio').volume`), 0.25, 'also after a reload');
  });

  await t.test('the statistics say how the connection is, and can be copied', async (t) => {
    await page.openSettings();
    await page.click('stats-open');
    await page.waitFor('stats');
    const rows = async () =>
      String(await page.page.evaluate(`document.querySelector('[data-testid="stats-rows"]').innerText`));
    await eventually(async () => {
      const text = await rows();
      return (/Direct, UDP/.test(text) && /opus, 48 kHz/.test(text) && /[1-9]\d* kbit\/s/.test(text)) || text;
    });
    t.match(await rows(), PRIVATE_ADDRESS);
    t.same(await accessibilityProblems(page), []);
    await page.page.evaluate(`navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }`);
    await page.click('stats-copy');
    const report = JSON.parse(String(await page.page.evaluate('globalThis.copied')));
    t.match(report, { connection: { path: { kind: 'direct', transport: 'udp' } }, history: [{}] });
    t.notMatch(JSON.stringify(report), /Ada|Ben|lobby/, 'it names nobody');
    await page.click('stats-close');
    await page.click('close-settings');
  });
  await t.test('a small window on top of the others shows the room and mutes', async (t) => {
    const browser = page.page.browser();
    const opened = new Promise<Target>((resolve) => browser.once('targetcreated', resolve));
    await page.click('mini-open');
    const mini = await (await opened).asPage();
    await mini.waitForSelector('[data-testid="mini-speaker"]');
    t.match(await mini.evaluate(`document.querySelector('h1').textContent`), 'lobby');
    t.match(
      await mini.evaluate(`getComputedStyle(document.querySelector('.mini main')).display`),
      'grid',
      'with its style',
    );
    await mini.click('[data-testid="mini-mute"]');
    await page.waitFor('participant', '[data-self="true"][data-muted="true"]');
    await page.click('leave');
    await eventually(async () => mini.isClosed());
  });
  t.same(page.errors, []);
});
