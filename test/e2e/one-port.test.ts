import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { letInOnly, unblock } from '../helpers/firewall.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const PORT = 443;
/**
 * Reserved for documentation (RFC 5737): Chromium accepts port 443 for media only at addresses that are not private.
 */
const ADDRESS = '203.0.113.1';
const URL = `https://${ADDRESS}/`;
const TONES_HZ = { Ada: 430, Ben: 710 };

test('where only port 443 is open, the page loads over HTTPS and people hear each other', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  execFileSync('ip', ['addr', 'add', `${ADDRESS}/24`, 'dev', 'eth0']);
  const directory = t.testdir();
  const tls = ['--tls', 'self-signed', '--data-dir', directory, '--host', '0.0.0.0'];
  const ports = ['--port', String(PORT), '--media-port', String(PORT), '--workers', '1'];
  const server = await startServerProcess(BUILT_SERVER, [
    ...tls,
    ...ports,
    ...['--media-host', ADDRESS, '--levelling', 'off'],
  ]);
  t.teardown(() => server.stop());
  const chromium = await launchChromium(['--ignore-certificate-errors']);
  t.teardown(() => chromium.close());

  const open = async (name: keyof typeof TONES_HZ) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
    const page = await chromium.open(`${URL}room/one`, { microphone });
    const startMs = performance.now();
    await page.join({ name });
    await page.waitForSound();
    t.comment(`${name} has sound after ${(performance.now() - startMs).toFixed(0)} ms`);
    return page;
  };
  const metric = async (name: string) => {
    const request = get(`${URL}metrics`, { rejectUnauthorized: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    return Number(new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1]);
  };

  for (const protocols of [['tcp', 'udp'], ['tcp']] as const) {
    const isOverTcp = protocols.length === 1;
    await t.test(`${protocols.join(' and ').toUpperCase()} ${PORT}`, async (t) => {
      letInOnly(PORT, protocols);
      t.teardown(unblock);
      const pages = await Promise.all([open('Ada'), open('Ben')]);
      for (const page of pages) {
        await hearsOnly(t, page, TONES_HZ, [page.name === 'Ada' ? 'Ben' : 'Ada']);
        const protocol = isOverTcp ? 'tcp' : 'udp';
        // A browser may begin over TCP.
        await eventually(async () => (await page.report()).remoteCandidate['protocol'] === protocol || page.name);
        const { remoteCandidate, inbound } = await page.report();
        t.match(remoteCandidate, { protocol, address: ADDRESS, port: PORT }, page.name);
        t.equal(Number(inbound['packetsLost']), 0, `${page.name} has lost nothing`);
        t.same(page.errors, []);
      }
      const overTcp = () => metric('partyline_media_connections_over_tcp');
      await eventually(async () => (await overTcp()) === (isOverTcp ? 2 : 0) || `${await overTcp()} over TCP`);
      t.equal(await metric('partyline_media_tcp_packets_dropped_total'), 0);
      for (const page of pages) await page.close();
    });
  }
});
