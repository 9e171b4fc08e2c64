import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import {
  createNatNetwork,
  FORWARDED_MEDIA_PORT,
  MEDIA_PORT,
  missingForNat,
  PAGE_PORT,
  ROUTER_ADDRESS,
  SERVER_ADDRESS,
} from '../helpers/nat-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const HEARD_DBFS = -26;
const CHROMIUM_HZ = 430;
const OTHER_HZ = 710;

test('a server behind NAT with one forwarded UDP port is reached from outside, at the announced address and port', {
  skip: skipIfMissing(missingForNat),
}, async (t) => {
  const network = await createNatNetwork();
  t.teardown(() => network.close());
  const server = await startServerProcess(
    BUILT_SERVER,
    [
      ...['--host', '0.0.0.0', '--port', String(PAGE_PORT), '--workers', '1', '--levelling', 'off'],
      ...['--media-port', String(MEDIA_PORT), '--announce', `${ROUTER_ADDRESS}:${FORWARDED_MEDIA_PORT}`],
    ],
    network.onServer,
  );
  t.teardown(() => server.stop());
  const origin = `http://${ROUTER_ADDRESS}:${PAGE_PORT}`;
  await t.rejects(fetch(`http://${SERVER_ADDRESS}:${PAGE_PORT}/healthz`), 'the server cannot be reached directly');

  const other = await LightTalker.join({
    url: `ws://${ROUTER_ADDRESS}:${PAGE_PORT}/ws`,
    room: 'nat',
    name: 'Ada',
    frequencyHz: OTHER_HZ,
  });
  t.teardown(() => other.close());
  // Browsers give a microphone only to pages over HTTPS or from this machine.
  const chromium = await launchChromium([`--unsafely-treat-insecure-origin-as-secure=${origin}`]);
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: CHROMIUM_HZ, gain: 0.15 } as const;
  const page = await chromium.open(`${origin}/room/nat`, { microphone });
  await page.join({ name: 'Ben' });
  await page.waitForSound();
  await sleep(1000);

  const atChromium = (await page.hear([OTHER_HZ])).get(OTHER_HZ)!.usuallyDbfs;
  t.ok(atChromium > HEARD_DBFS, `Chromium hears the other participant at ${atChromium.toFixed(1)} dBFS`);
  const atOther = await other.hearDbfs(CHROMIUM_HZ);
  t.ok(atOther > HEARD_DBFS, `and is heard at ${atOther.toFixed(1)} dBFS`);
  t.match((await page.report()).remoteCandidate, {
    protocol: 'udp',
    address: ROUTER_ADDRESS,
    port: FORWARDED_MEDIA_PORT,
  });
  t.same(page.errors, []);
});
