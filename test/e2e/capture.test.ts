import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { TONE_GAIN } from '../helpers/page-hearing.ts';
import { readPcap } from '../helpers/pcap-reader.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const ADMIN_TOKEN = 'an-admin-token-that-is-long-enough-1';
const NOTICE = '[data-testid="captured"]';

test("while a participant is being captured, their page and the others' pages say so, and the file has their packets", {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const directory = t.testdir();
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--workers', '1', '--allow-capture', 'on', '--admin-token', ADMIN_TOKEN],
  ]);
  t.teardown(() => server.stop());
  t.match(server.output(), /captures are allowed/, 'the log warns at the start');
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const open = async (name: string, frequencyHz: number) => {
    const page = await chromium.open(`${server.url}room/lobby`, {
      microphone: { kind: 'tone', frequencyHz, gain: TONE_GAIN },
    });
    await page.join({ name });
    await page.waitForSound();
    t.equal(await page.page.$(NOTICE), null, 'nobody is being captured');
    return page;
  };
  const pages = await Promise.all([open('Ada', 430), open('Ben', 710)]);
  const output = join(directory, 'ada.pcap');
  const command = promisify(execFile)(process.execPath, [
    ...[join(BUILT_SERVER, 'main.js'), 'capture', '--url', server.url, '--admin-token', ADMIN_TOKEN],
    ...['--room', 'lobby', '--participant', 'Ada', '--seconds', '3', '--output', output],
  ]);
  for (const page of pages) {
    await page.waitFor('captured');
    const said = await page.page.$eval(NOTICE, (notice) => notice.textContent);
    t.match(said, /recording what Ada says and hears/);
  }
  const { stdout, stderr } = await command;
  t.match(stdout, /ada\.pcap: \d+\.\d kB/);
  t.match(stderr, /Everyone in the room is notified/);
  for (const { page } of pages) await page.waitForSelector(NOTICE, { hidden: true });
  const packets = readPcap(readFileSync(output));
  const ports = [...new Set(packets.map(({ sourcePort }) => sourcePort))];
  t.equal(ports.length, 2, 'Ada and the server');
  for (const port of ports) {
    const count = packets.filter(({ sourcePort }) => sourcePort === port).length;
    t.ok(count > 50, `${count} of about 150 packets`);
  }
  for (const page of pages) t.same(page.errors, []);
});
