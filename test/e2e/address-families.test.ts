import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Test, test } from 'tap';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { HEARD_DBFS, hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';

const IPV6_ADDRESS = 'fd99::1';
const DISABLE_IPV6 = '/proc/sys/net/ipv6/conf/all/disable_ipv6';
const TONES_HZ = { chromium: 430, firefox: 710, light: 1130 };

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'inherit' });
}

/** Starts the server on every address that the machine currently has, with a page that this machine can open. */
async function startOnAllAddresses(t: Test) {
  const server = await startServerProcess(BUILT_SERVER, ['--host', '0.0.0.0', '--workers', '1', '--levelling', 'off']);
  t.teardown(() => server.stop());
  const started = server
    .output()
    .split('\n')
    .find((line) => line.includes('media plane started'));
  const { candidates } = JSON.parse(started ?? '{}') as { candidates: string[] };
  return { url: server.url, candidates };
}

test('on a machine without IPv6, the server announces its IPv4 address', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  writeFileSync(DISABLE_IPV6, '1');
  t.teardown(() => writeFileSync(DISABLE_IPV6, '0'));
  const { candidates } = await startOnAllAddresses(t);
  t.match(candidates, [/^udp 10\.99\.0\.1:\d+$/, /^tcp 10\.99\.0\.1:\d+$/]);
  t.equal(candidates.length, 2);
});

test('on a machine with one address of each family, the server announces both, without loopback', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  ip('addr', 'add', `${IPV6_ADDRESS}/64`, 'dev', 'eth0', 'nodad');
  t.teardown(() => ip('addr', 'del', `${IPV6_ADDRESS}/64`, 'dev', 'eth0'));
  const { candidates } = await startOnAllAddresses(t);
  const addresses = candidates.map((text) => text.replace(/:\d+$/, ''));
  t.same(addresses, [
    `udp ${PRIVATE_ADDRESS}`,
    `udp [${IPV6_ADDRESS}]`,
    `tcp ${PRIVATE_ADDRESS}`,
    `tcp [${IPV6_ADDRESS}]`,
  ]);
});

test('browsers and a light client hear each other on an IPv6-only server, on a network with IPv6 only and on one with both', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  // Only loopback remains of IPv4. It controls the browsers.
  ip('addr', 'del', `${PRIVATE_ADDRESS}/24`, 'dev', 'eth0');
  ip('addr', 'add', `${IPV6_ADDRESS}/64`, 'dev', 'eth0', 'nodad');
  ip('-6', 'route', 'add', 'default', 'via', 'fd99::fe', 'dev', 'eth0');
  const { url, candidates } = await startOnAllAddresses(t);
  t.match(candidates, [/^udp \[fd99::1\]:\d+$/, /^tcp \[fd99::1\]:\d+$/]);
  t.equal(candidates.length, 2);

  const browsers = await Promise.all([launchChromium(), launchFirefox()]);
  t.teardown(() => Promise.all(browsers.map((browser) => browser.close())));
  const webSocketUrl = `${url.replace('http', 'ws').replace('localhost', '127.0.0.1')}ws`;
  const light = await LightTalker.join({ url: webSocketUrl, room: 'ipv6', name: 'light', frequencyHz: TONES_HZ.light });
  t.teardown(() => light.close());
  const inRoom: (keyof typeof TONES_HZ)[] = ['light'];
  for (const browser of browsers) {
    if (browser.name === 'firefox') {
      // Without an IPv4 address Firefox gathers no candidates here. The server follows its addresses, so it may use this one as well.
      ip('addr', 'add', `${PRIVATE_ADDRESS}/24`, 'dev', 'eth0');
      ip('route', 'add', 'default', 'via', '10.99.0.254');
    }
    const frequencyHz = TONES_HZ[browser.name];
    const page = await browser.open(`${url}room/ipv6`, { microphone: { kind: 'tone', frequencyHz, gain: TONE_GAIN } });
    await page.join({ name: browser.name });
    await page.waitForSound();
    await hearsOnly(t, page, TONES_HZ, inRoom);
    const back = await untilGood(
      () => light.hearDbfs(frequencyHz),
      (dbfs) => dbfs > HEARD_DBFS,
    );
    t.ok(back > HEARD_DBFS, `light hears ${browser.name} at ${back.toFixed(1)} dBFS`);
    const { remoteCandidate } = await page.report();
    t.match(remoteCandidate, { protocol: 'udp', ...(browser.name === 'chromium' && { address: /fd99::1/ }) });
    inRoom.push(browser.name);
  }
});
