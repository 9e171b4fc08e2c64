import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { startTurnServer } from '../helpers/turn-server.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const HEARD_DBFS = -26;
const NOT_HEARD_DBFS = -50;
const TONES_HZ = { chromium: 430, firefox: 710 };
const SECRET = randomBytes(24).toString('hex');

/** The TURN server configuration in deploy/, adapted to this network. */
function deployedConfiguration(): string[] {
  return readFileSync(new URL('../../deploy/coturn/turnserver.conf', import.meta.url), 'utf8')
    .replace(/^listening-port=.*\n/m, '')
    .replace(/^(static-auth-secret)=.*$/m, `$1=${SECRET}`)
    .replace(/^(allowed-peer-ip)=.*$/m, `$1=${PRIVATE_ADDRESS}`)
    .trimEnd()
    .split('\n');
}

test('relay only', {
  skip: skipIfMissing(missingForBrowsers ?? missingPackages(['coturn'])),
}, async (t) => {
  const turn = await startTurnServer({
    address: PRIVATE_ADDRESS,
    configuration: deployedConfiguration(),
  });
  t.teardown(() => turn.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  const start = (url: string, secret = SECRET) =>
    startServerProcess(BUILT_SERVER, [
      ...['--media-host', PRIVATE_ADDRESS, '--media-tcp', 'off', '--levelling', 'off', '--workers', '1'],
      ...['--turn-urls', url, '--turn-secret', secret],
    ]);
  const join = async (browser: VoiceBrowser, url: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[browser.name], gain: 0.15 } as const;
    const page = await browser.open(`${url}room/turn`, { microphone, relayOnly: true });
    await page.join({ name: browser.name });
    return page;
  };

  for (const transport of ['udp', 'tcp'] as const) {
    await t.test(`Chromium and Firefox hear each other through a TURN server over ${transport}`, async (t) => {
      const server = await start(turn.url(transport));
      const pages = { chromium: await join(chromium, server.url), firefox: await join(firefox, server.url) };
      for (const page of Object.values(pages)) await page.waitForSound();
      await sleep(1000);
      const check = async (listener: VoicePage, self: 'chromium' | 'firefox', talker: 'chromium' | 'firefox') => {
        const heard = await listener.hear(Object.values(TONES_HZ));
        const [other, own] = [heard.get(TONES_HZ[talker])!, heard.get(TONES_HZ[self])!];
        t.ok(other.usuallyDbfs > HEARD_DBFS, `${self} hears ${talker}: ${other.usuallyDbfs.toFixed(1)} dBFS`);
        t.ok(own.atMostDbfs < NOT_HEARD_DBFS, `${self} does not hear itself: ${own.atMostDbfs.toFixed(1)} dBFS`);
        t.match((await listener.report()).localCandidate, {
          candidateType: 'relay',
          address: PRIVATE_ADDRESS,
          relayProtocol: transport,
        });
        t.same(listener.errors, []);
      };
      await check(pages.chromium, 'chromium', 'firefox');
      await check(pages.firefox, 'firefox', 'chromium');
      for (const page of Object.values(pages)) await page.close();
      await server.stop();
      t.notMatch(server.output(), SECRET, 'the secret is not logged');
    });
  }

  await t.test('with a wrong secret there is no sound, and the page says so', async (t) => {
    const server = await start(turn.url('udp'), 'not the secret that the TURN server has');
    const page = await join(chromium, server.url);
    await page.waitFor('media-blocked');
    t.equal(await page.attribute('connection-state', 'data-state'), 'connected', 'in the room');
    t.equal(await page.attribute('connection-state', 'data-media'), 'blocked');
    await page.close();
    await server.stop();
  });
});
