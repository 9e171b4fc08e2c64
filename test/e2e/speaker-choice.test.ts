import { test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
const SECRET = 'a secret that is long enough to sign with';

test('Firefox asks for a loudspeaker that it does not list, and nobody is invited by a link that does not work', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--access', 'token', '--token-secret', SECRET];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.kill());
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  const damaged = await firefox.open(`${server.url}#token=abc`, { microphone: MICROPHONE });
  await damaged.waitFor('join-error');
  t.match(await damaged.page.$eval('[data-testid="join-error"]', (element) => element.textContent), /damaged/);
  await damaged.close();
  const grant = { room: 'lobby', identity: 'dora', maySpeak: true, mayModerate: false };
  const token = await createJoinToken(tokenKey(SECRET), grant, { wallNowMs: Date.now(), lifetimeMs: 600_000 });
  const page = await firefox.open(`${server.url}#token=${token}`, { microphone: MICROPHONE });
  await page.join({ name: 'Dora' });
  await page.waitForSound();
  t.equal(await page.attribute('copy-link', 'class'), null);
  t.match(await page.page.evaluate(`document.querySelector('.people').textContent`), /link of their own/);
  t.equal(await page.page.evaluate(`typeof navigator.mediaDevices.selectAudioOutput`), 'function');
  await page.page.evaluate(`{
    const { mediaDevices } = navigator;
    globalThis.asked = 0;
    mediaDevices.selectAudioOutput = async () => { asked += 1; return { deviceId: '', label: 'Hall' }; };
  }`);
  await page.openSettings();
  await page.click('ask-output');
  t.equal(await page.page.evaluate('asked'), 1);
  t.same(page.errors, []);
});
