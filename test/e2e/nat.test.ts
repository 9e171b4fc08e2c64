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
import { HEARD_DBFS, hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';

const TONES_HZ = { Ada: 710, Ben: 430 };

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

  const url = `ws://${ROUTER_ADDRESS}:${PAGE_PORT}/ws`;
  const other = await LightTalker.join({ url, room: 'nat', name: 'Ada', frequencyHz: TONES_HZ.Ada });
  t.teardown(() => other.close());
  // Browsers give a microphone only to pages over HTTPS or from this machine.
  const chromium = await launchChromium([`--unsafely-treat-insecure-origin-as-secure=${origin}`]);
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: TONES_HZ.Ben, gain: TONE_GAIN } as const;
  const page = await chromium.open(`${origin}/room/nat`, { microphone });
  await page.join({ name: 'Ben' });
  await page.waitForSound();
  await hearsOnly(t, page, TONES_HZ, ['Ada']);
  const back = await untilGood(
    () => other.hearDbfs(TONES_HZ.Ben),
    (dbfs) => dbfs > HEARD_DBFS,
  );
  t.ok(back > HEARD_DBFS, `Ada hears Ben at ${back.toFixed(1)} dBFS`);
  t.match((await page.report()).remoteCandidate, {
    protocol: 'udp',
    address: ROUTER_ADDRESS,
    port: FORWARDED_MEDIA_PORT,
  });
  t.same(page.errors, []);
});
