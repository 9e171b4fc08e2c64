import { test } from 'tap';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { blockUdp, unblock } from '../helpers/firewall.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const TONES_HZ = { chromium: 430, firefox: 710 };
const NAMES = ['chromium', 'firefox'] as const;

test('where UDP is blocked, Chromium and Firefox hear each other over TCP, and over UDP again once it is not', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  const browsers = await Promise.all([launchChromium(), launchFirefox()]);
  t.teardown(() => Promise.all(browsers.map((browser) => browser.close())));
  const open = async (browser: VoiceBrowser) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[browser.name], gain: TONE_GAIN } as const;
    const page = await browser.open(`${server.url}room/tcp`, { microphone });
    const startMs = performance.now();
    await page.join({ name: browser.name });
    await page.waitForSound();
    t.comment(`${browser.name} has sound after ${(performance.now() - startMs).toFixed(0)} ms`);
    return page;
  };
  const overTcp = async () => (await server.metrics()).sum('partyline_media_connections_over_tcp');

  blockUdp();
  const pages = await Promise.all(browsers.map(open));
  for (const page of pages) {
    await hearsOnly(
      t,
      page,
      TONES_HZ,
      NAMES.filter((name) => name !== page.name),
    );
    const { localCandidate, remoteCandidate, inbound } = await page.report();
    t.match(localCandidate, { protocol: 'tcp' }, page.name);
    t.match(remoteCandidate, { protocol: 'tcp', address: PRIVATE_ADDRESS }, page.name);
    t.equal(Number(inbound['packetsLost']), 0, `${page.name} has lost nothing`);
    t.same(page.errors, []);
  }
  t.equal(await overTcp(), 2);
  t.equal((await server.metrics()).sum('partyline_media_tcp_packets_dropped_total'), 0);
  for (const page of pages) await page.close();
  await eventually(async () => (await overTcp()) === 0 || 'a connection remains');

  unblock();
  const preferring = await Promise.all(browsers.map(open));
  // A browser may begin over TCP.
  await eventually(
    async () => {
      const reports = await Promise.all(preferring.map((page) => page.report()));
      return reports.every(({ localCandidate }) => localCandidate['protocol'] === 'udp') || 'TCP is used';
    },
    60_000,
    200,
  );
  await eventually(async () => (await overTcp()) === 0 || 'the server sends over TCP');
});
