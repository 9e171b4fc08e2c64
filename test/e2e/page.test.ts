import { mkdirSync } from 'node:fs';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
const SCREENSHOTS = '.tap/screenshots';

async function packetsSent(page: VoicePage): Promise<number> {
  return Number((await page.report()).outbound['packetsSent'] ?? 0);
}

async function isWiderThanItsWindow(page: VoicePage): Promise<unknown> {
  return page.page.evaluate('document.documentElement.scrollWidth > innerWidth');
}

async function languageOf(page: VoicePage): Promise<unknown> {
  return page.page.evaluate('({ lang: document.documentElement.lang, dir: document.documentElement.dir })');
}

test('the page in Chromium', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const media = ['--media-host', PRIVATE_ADDRESS, '--room-preview', 'on', '--room-passwords', 'vault=sesame'];
  let server = await startServerProcess(BUILT_SERVER, media);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  mkdirSync(SCREENSHOTS, { recursive: true });

  await t.test('for each way a microphone can fail, the page says what to do and continues without one', async (t) => {
    const page = await chromium.open(server.url, { microphone: { kind: 'failure', name: 'NotAllowedError' } });
    await page.join({ name: 'Ada' });
    await page.waitFor('microphone-failure', '[data-failure="denied"]');
    for (const [name, failure] of Object.entries({ NotFoundError: 'none', NotReadableError: 'in_use' })) {
      await page.setMicrophone({ kind: 'failure', name });
      await page.click('retry-microphone');
      await page.waitFor('microphone-failure', `[data-failure="${failure}"]`);
    }
    await page.click('listen-only');
    await page.waitForSound();
    t.equal(await page.attribute('mute', 'class'), null, 'there is nothing to mute');
    t.equal(await packetsSent(page), 0);

    await page.setMicrophone(MICROPHONE);
    await page.click('add-microphone');
    await page.waitFor('mute');
    await eventually(async () => (await packetsSent(page)) > 20 || 'a microphone added later is not sent');
    await page.close();
  });

  await t.test('it can be used with the keyboard alone', async (t) => {
    const page = await chromium.open(`${server.url}room/caf%C3%A9`, { microphone: MICROPHONE });
    const { keyboard } = page.page;
    await page.waitFor('name');
    await keyboard.type('Ada');
    await keyboard.press('Enter');
    await page.waitForSound();
    await page.waitFor('mute');
    t.equal(await page.page.title(), 'café · Partyline');
    t.equal(decodeURI(new URL(page.page.url()).pathname), '/room/café');
    await keyboard.press('m');
    await page.waitFor('mute', '[aria-pressed="true"]');
    await page.waitFor('participant', '[data-muted="true"]');
    await page.waitFor('muted-but-talking', '[data-shown="true"]');
    await keyboard.press('m');
    await page.waitFor('mute', '[aria-pressed="false"]');
    await keyboard.press('d');
    await page.waitFor('deafen', '[aria-pressed="true"]');
    await page.waitFor('mute', '[aria-pressed="true"]');
    await page.close();
  });

  await t.test('it joins muted, and remembers name and choices', async (t) => {
    const page = await chromium.open(server.url, { microphone: MICROPHONE });
    await page.join({ name: 'Grace', mode: 'muted' });
    await page.waitForSound();
    t.match(await page.participants(), [{ name: 'Grace', isSelf: true, isMuted: true }]);
    const outside = await chromium.open(server.url, { microphone: MICROPHONE });
    await outside.waitFor('preview', '[data-participants="1"]');
    t.equal(await outside.page.$eval('[data-testid="preview"]', (hint) => hint.textContent), 'In this room: Grace');
    await outside.type('room', 'vault');
    await outside.page.waitForSelector('[data-testid="preview"]', { hidden: true });
    t.same(outside.errors, []);
    await outside.close();
    await page.openSettings();
    await page.click('echoCancellation');
    await page.click('close-settings');
    await page.click('leave');
    await page.waitFor('name');
    await page.page.reload();
    await page.waitFor('name');
    t.equal(await page.page.evaluate(`document.querySelector('[data-testid="name"]').value`), 'Grace');
    t.equal(await page.page.evaluate(`document.querySelector('[data-testid="mode-muted"]').checked`), true);
    await page.click('join');
    await page.openSettings();
    t.equal(await page.page.evaluate(`document.querySelector('[data-testid="echoCancellation"]').checked`), false);
    await page.close();
  });

  await t.test(
    'it continues with another microphone when one is unplugged, and without one when there is none',
    async (t) => {
      const page = await chromium.open(server.url, { microphone: MICROPHONE });
      await page.join({ name: 'Ada' });
      await page.waitForSound();
      await page.unplugMicrophone();
      await page.waitFor('notice', ':not([hidden])');
      const sent = await packetsSent(page);
      await eventually(async () => (await packetsSent(page)) > sent + 20 || 'the next one is not sent');
      await page.setMicrophone({ kind: 'failure', name: 'NotFoundError' });
      await page.unplugMicrophone();
      await page.waitFor('add-microphone');
      t.match(await page.participants(), [{ name: 'Ada', isSelf: true }]);
      await page.close();
    },
  );

  await t.test('it asks for a click when the browser holds the sound back', async (t) => {
    const page = await chromium.open(server.url, { microphone: MICROPHONE });
    await page.setSoundAllowed(false);
    await page.join({ name: 'Ada', mode: 'listen' });
    await page.waitFor('unlock-sound');
    await page.setSoundAllowed(true);
    await page.click('unlock-sound');
    await page.page.waitForSelector('[data-testid="unlock-sound"]', { hidden: true });
    t.equal((await page.report()).isAudible, true);
    await page.close();
  });

  await t.test('it reconnects by itself after the server was restarted', async (t) => {
    const page = await chromium.open(server.url, { microphone: MICROPHONE });
    await page.join({ name: 'Ada' });
    await page.waitForSound();
    await page.click('mute');
    const { port } = new URL(server.url);
    t.equal(await server.stop(), 0);
    await page.waitFor('reconnecting');
    server = await startServerProcess(BUILT_SERVER, [...media, '--port', port]);
    await page.waitForSound();
    t.match(await page.participants(), [{ name: 'Ada', isSelf: true, isMuted: true }]);
    t.match(await page.report(), { remoteTracks: 1 });
    await page.close();
  });

  await t.test('it is accessible and fits, on a phone and a desktop, in light and dark mode', async (t) => {
    const looks = [
      { width: 320, height: 640, scheme: 'light', language: 'en' },
      { width: 1200, height: 800, scheme: 'dark', language: 'en' },
      { width: 390, height: 844, scheme: 'light', language: 'ar' },
    ];
    for (const { width, height, scheme, language } of looks) {
      const page = await chromium.open(`${server.url}?lang=${language}`, { microphone: MICROPHONE, width, height });
      await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      const check = async (view: string) => {
        t.same(await accessibilityProblems(page), [], `${view}, ${scheme}, ${language}`);
        t.equal(await isWiderThanItsWindow(page), false, `${view}, ${width} px`);
        await page.screenshot(`${SCREENSHOTS}/${view}-${width}-${scheme}-${language}.png`);
      };
      await page.waitFor('name');
      t.same(await languageOf(page), { lang: language, dir: language === 'ar' ? 'rtl' : 'ltr' });
      await page.waitFor('preview');
      await check('join');
      await page.join({ name: 'Ada' });
      await page.waitForSound();
      await page.click('mute');
      await check('room');
      await page.openSettings();
      await check('settings');
      t.same(page.errors, []);
      await page.close();
    }
  });

  await t.test('it has the language of the browser, or the one that somebody chooses, also in a call', async (t) => {
    const page = await chromium.open(server.url, { microphone: MICROPHONE });
    const userAgent = await page.page.browser().userAgent();
    const devtools = await page.page.createCDPSession();
    await devtools.send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: 'ko-KR,en-US' });
    await page.page.reload();
    await page.waitFor('name');
    t.same(await languageOf(page), { lang: 'ko', dir: 'ltr' });
    t.match(
      await page.page.evaluate(`document.querySelector('[data-testid="join"]').textContent`),
      /\p{Script=Hangul}/u,
    );

    await page.join({ name: '지민' });
    await page.waitForSound();
    await page.openSettings();
    await Promise.all([page.page.waitForNavigation(), page.page.select('[data-testid="language"]', 'de')]);
    await page.waitForSound();
    t.same(await languageOf(page), { lang: 'de', dir: 'ltr' });
    t.match(await page.participants(), [{ name: '지민', isSelf: true }]);
    await page.openSettings();
    await page.waitFor('language');
    t.equal(await page.page.evaluate(`document.querySelector('[data-testid="language"]').value`), 'de');
    t.same(page.errors, []);
    await page.close();
  });
});
