import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { startTurnServer } from '../helpers/turn-server.ts';

const TONES_HZ = { chromium: 430, firefox: 710 };
const NAMES = ['chromium', 'firefox'] as const;
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
  const [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
  t.teardown(() => Promise.all([chromium.close(), firefox.close()]));
  const start = async (url: string, secret = SECRET) => {
    const server = await startServerProcess(BUILT_SERVER, [
      ...['--web-socket-media', 'off'],
      ...['--media-host', PRIVATE_ADDRESS, '--media-tcp', 'off', '--levelling', 'off', '--workers', '1'],
      ...['--turn-urls', url, '--turn-secret', secret],
    ]);
    t.teardown(() => server.stop());
    return server;
  };
  const join = async (browser: VoiceBrowser, url: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[browser.name], gain: TONE_GAIN } as const;
    const page = await browser.open(`${url}room/turn`, { microphone, relayOnly: true });
    await page.join({ name: browser.name });
    return page;
  };
  // It takes a browser many seconds to give up.
  const withWrongSecret = await start(turn.url('udp'), 'not the secret that the TURN server has');
  const refused = await join(chromium, withWrongSecret.url);

  for (const transport of ['udp', 'tcp'] as const) {
    await t.test(`Chromium and Firefox hear each other through a TURN server over ${transport}`, async (t) => {
      const server = await start(turn.url(transport));
      const pages = await Promise.all([chromium, firefox].map((browser) => join(browser, server.url)));
      await Promise.all(
        pages.map(async (page) => {
          await page.waitForSound();
          await hearsOnly(
            t,
            page,
            TONES_HZ,
            NAMES.filter((name) => name !== page.name),
          );
          t.match((await page.report()).localCandidate, {
            candidateType: 'relay',
            address: PRIVATE_ADDRESS,
            relayProtocol: transport,
          });
          t.same(page.errors, []);
        }),
      );
      for (const page of pages) await page.close();
      await server.stop();
      t.notMatch(server.output(), SECRET, 'the secret is not logged');
    });
  }

  await t.test('with a wrong secret there is no sound, and the page says so', async (t) => {
    await refused.waitFor('media-blocked');
    t.equal(await refused.attribute('connection-state', 'data-state'), 'connected', 'in the room');
    t.equal(await refused.attribute('connection-state', 'data-media'), 'blocked');
  });
});
