import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium, launchFirefox, type VoiceBrowser } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { blockUdp, unblock } from '../helpers/firewall.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const HEARD_DBFS = -26;
const NOT_HEARD_DBFS = -50;
const TONES_HZ = { chromium: 430, firefox: 710 };

test('where UDP is blocked, Chromium and Firefox hear each other over TCP, and over UDP again once it is not', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  const open = async (browser: VoiceBrowser) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[browser.name], gain: 0.15 } as const;
    const page = await browser.open(`${server.url}room/tcp`, { microphone });
    const startMs = performance.now();
    await page.join({ name: browser.name });
    await page.waitForSound();
    t.comment(`${browser.name} has sound after ${(performance.now() - startMs).toFixed(0)} ms`);
    return page;
  };
  const checkHearing = async (listener: VoicePage, talker: keyof typeof TONES_HZ, self: keyof typeof TONES_HZ) => {
    const heard = await listener.hear(Object.values(TONES_HZ));
    const [other, own] = [heard.get(TONES_HZ[talker])!, heard.get(TONES_HZ[self])!];
    t.ok(other.usuallyDbfs > HEARD_DBFS, `${self} hears ${talker}: ${other.usuallyDbfs.toFixed(1)} dBFS`);
    t.ok(own.atMostDbfs < NOT_HEARD_DBFS, `${self} does not hear itself: ${own.atMostDbfs.toFixed(1)} dBFS`);
  };
  const metric = async (name: string) => {
    const text = await (await fetch(`${server.url}metrics`)).text();
    return Number(new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1]);
  };

  blockUdp();
  const pages = { chromium: await open(chromium), firefox: await open(firefox) };
  await sleep(1000);
  await checkHearing(pages.chromium, 'firefox', 'chromium');
  await checkHearing(pages.firefox, 'chromium', 'firefox');
  for (const [name, page] of Object.entries(pages)) {
    const { localCandidate, remoteCandidate, inbound } = await page.report();
    t.match(localCandidate, { protocol: 'tcp' }, name);
    t.match(remoteCandidate, { protocol: 'tcp', address: PRIVATE_ADDRESS }, name);
    t.equal(Number(inbound['packetsLost']), 0, `${name} has lost nothing`);
    t.same(page.errors, []);
  }
  t.equal(await metric('partyline_media_connections_over_tcp'), 2);
  t.equal(await metric('partyline_media_tcp_packets_dropped_total'), 0);
  for (const page of Object.values(pages)) await page.close();

  unblock();
  for (const browser of [chromium, firefox]) {
    const page = await open(browser);
    await sleep(4000);
    t.match((await page.report()).localCandidate, { protocol: 'udp' }, `${browser.name} prefers UDP`);
    t.equal(await metric('partyline_media_connections_over_tcp'), 0);
    await page.close();
  }
});
