import type { Page } from 'puppeteer-core';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { isFineAt } from '../helpers/looks.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';

const ADMIN_TOKEN = 'an-admin-token-for-tests';
const LIVE_MS = 1000;

/** Looks at what the page plays. Resolves with the wall time at which it begins, or ends, to be heard. */
const WATCH = `(() => {
  const audio = document.querySelector('audio');
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
  const samples = new Float32Array(512);
  globalThis.whenHeard = (isHeard) => new Promise((resolve) => {
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      if (samples.some((sample) => Math.abs(sample) > 0.01) !== isHeard) return;
      clearInterval(timer);
      resolve(Date.now());
    }, 5);
  });
  return context.resume();
})()`;

async function openPage(t: Test, browser: VoiceBrowser, url: string) {
  const page = await browser.blankPage();
  t.teardown(() => page.close());
  const problems: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(url);
  return { page, problems };
}

/** Waits until the page says this. */
async function says(page: Page, text: string): Promise<void> {
  await eventually(async () => {
    const said = (await page.$eval('#status', (status) => status.textContent)) ?? '';
    return said.startsWith(text) || `it says "${said}" instead of "${text}"`;
  });
}

test('a page plays a room within a second of what is said', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--live', 'on', '--whip', 'on', '--admin-token', ADMIN_TOKEN];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.slice(0, -1), ADMIN_TOKEN);
  const rooms = `${server.url}whip/`;
  for (const launch of [launchChromium, launchFirefox]) {
    const browser = await launch();
    t.teardown(() => browser.close());
    const room = `Show ${browser.name}`;
    const { page, problems } = await openPage(t, browser, `${server.url}listen/${encodeURIComponent(room)}`);
    t.equal(await page.$eval('h1', (heading) => heading.textContent), room);
    await page.click('#toggle');
    await says(page, 'Nobody is in the room');
    // A source that was muted by a moderator is heard again at once.
    const source = await LightTalker.join({
      server: 'broadcast',
      url: rooms,
      room,
      name: 'Radio',
      frequencyHz: 430,
    });
    t.teardown(() => source.close());
    await says(page, 'Live');
    await page.evaluate(WATCH);
    await page.evaluate('whenHeard(true)');
    const path = `/rooms/${encodeURIComponent(room)}/participants`;
    const { id } = (await api.get(path)).body.participants[0];
    const measure = async (): Promise<number> => {
      const delays: number[] = [];
      for (const [action, isHeard] of [
        ['mute', false],
        ['unmute', true],
      ] as const) {
        const happened = page.evaluate(`whenHeard(${isHeard})`) as Promise<number>;
        const sinceMs = Date.now();
        await api.post(`${path}/${id}/${action}`);
        delays.push((await happened) - sinceMs);
      }
      return Math.max(...delays);
    };
    const behindMs = await untilGood(measure, (ms) => ms < LIVE_MS);
    t.ok(behindMs < LIVE_MS, `${browser.name} is ${behindMs} ms behind`);
    t.same(problems, [], `${browser.name} sees nothing that its policy forbids`);
    await page.click('#toggle');
    await eventually(async () => (await server.metrics()).sum('partyline_live_listeners') === 0);
    t.equal(await page.$eval('#status', (status) => status.textContent), '');
  }
});

test('the page says why nothing is to be heard, and takes the token of its link', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--live', 'token', '--admin-token', ADMIN_TOKEN];
  const server = await startServerProcess(BUILT_SERVER, [...flags, '--token-secret', 'x'.repeat(32)]);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.slice(0, -1), ADMIN_TOKEN);
  const browser = await launchChromium();
  t.teardown(() => browser.close());
  const url = `${server.url}listen/Show`;
  const { page } = await openPage(t, browser, url);
  await page.click('#toggle');
  await says(page, 'To listen to this room you need a link');
  await isFineAt(t, { page }, 'listen');
  t.equal(await page.$eval('#toggle', (button) => button.textContent), 'Listen');
  const { token } = (await api.post('/tokens', { room: 'Show', identity: 'tv', expiresInSeconds: 60 })).body;
  const allowed = await openPage(t, browser, `${url}#token=${token}`);
  await allowed.page.click('#toggle');
  await says(allowed.page, 'Nobody is in the room');
  await api.post('/rooms', { name: 'Show', live: 'off' });
  await says(allowed.page, 'Nobody can listen to this room here.');
});
