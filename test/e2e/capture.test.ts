import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
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
  const pages = [];
  for (const name of ['Ada', 'Ben']) {
    const microphone = { kind: 'tone', frequencyHz: name === 'Ada' ? 430 : 710, gain: 0.15 } as const;
    const page = await chromium.open(`${server.url}room/lobby`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    t.equal(await page.page.$(NOTICE), null, 'nobody is being captured');
    pages.push(page);
  }
  const [ada, ben] = pages as [(typeof pages)[number], (typeof pages)[number]];
  const output = join(directory, 'ada.pcap');
  const command = promisify(execFile)(process.execPath, [
    ...[join(BUILT_SERVER, 'main.js'), 'capture', '--url', server.url, '--admin-token', ADMIN_TOKEN],
    ...['--room', 'lobby', '--participant', 'Ada', '--seconds', '3', '--output', output],
  ]);
  for (const page of [ada, ben]) {
    await page.waitFor('captured');
    const said = await page.page.$eval(NOTICE, (notice) => notice.textContent);
    t.match(said, /recording what Ada says and hears/);
  }
  const { stdout, stderr } = await command;
  t.match(stdout, /ada\.pcap: \d+\.\d kB/);
  t.match(stderr, /Everyone in the room is notified/);
  for (const { page } of pages) await page.waitForSelector(NOTICE, { hidden: true });
  const packets = readPcap(readFileSync(output));
  t.ok(packets.length > 250, `${packets.length} packets`);
  for (const page of pages) t.same(page.errors, []);
});
