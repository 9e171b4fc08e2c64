import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { TONE_GAIN } from '../helpers/page-hearing.ts';
import { readPcap } from '../helpers/pcap-reader.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const ADMIN_TOKEN = 'an-admin-token-that-is-long-enough-1';
const NOTICE = '[data-testid="captured"]';
const BANNER = '[data-testid="recording"]';

test("while a participant is being captured, their page and the others' pages say so, and the file has their packets", {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const directory = t.testdir();
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--workers', '1', '--allow-capture', 'on', '--admin-token', ADMIN_TOKEN],
    ...['--recording-dir', join(directory, 'recordings'), '--recording-min-free', '0'],
    ...['--recording-consent', 'required', '--token-secret', 'a secret that is long enough to sign with'],
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

  await t.test('while the room is recorded, pages say so, and who has agreed is in the recording', async (t) => {
    const api = new ApiClient(server.url.replace(/\/$/, ''), ADMIN_TOKEN);
    const { path } = (await api.post('/tokens', { room: 'lobby', identity: 'cleo', mayRecord: true })).body;
    const cleo = await chromium.open(new URL(path, server.url).href, {
      microphone: { kind: 'tone', frequencyHz: 990, gain: TONE_GAIN },
    });
    await cleo.join({ name: 'Cleo' });
    const click = (page: typeof cleo, id: string) => page.clickOn(`[data-testid="${id}"]`);
    await click(cleo, 'record');
    const [ada, ben] = pages;
    for (const page of [cleo, ada!, ben!]) {
      await page.waitFor('recording');
      const said = await page.page.$eval(BANNER, (banner) => banner.textContent);
      t.equal(said, 'The room is being recorded.');
      await page.waitFor('agree-to-recording');
    }
    t.equal(await ada!.page.$('[data-testid="record"]'), null, 'only for those with the right');
    await click(ada!, 'agree-to-recording');
    await ada!.page.waitForSelector('[data-testid="agree-to-recording"]', { hidden: true });
    const tracks = async () => (await api.get('/recordings')).body.recordings[0].tracks;
    await eventually(async () => (await tracks()).some(({ name }: { name: string }) => name === 'Ada'));
    await click(cleo, 'record');
    for (const { page } of [cleo, ...pages]) await page.waitForSelector(BANNER, { hidden: true });
    t.same(
      (await tracks()).flatMap(({ name }: { name: string | null }) => name ?? []),
      ['Ada'],
    );
    t.same(cleo.errors, []);
  });
  for (const page of pages) t.same(page.errors, []);
});
