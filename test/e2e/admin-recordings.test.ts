import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';

const TOKEN = 'an-admin-token-of-32-characters.';

test('recordings, forwards and listeners on the admin page', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'partyline-recording-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const flags = ['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--live', 'on', '--whip', 'on'];
  const recording = ['--recording-dir', directory, '--recording-min-free', '0', '--forward-targets', '127.0.0.1'];
  const server = await startServerProcess(BUILT_SERVER, [...flags, ...recording]);
  t.teardown(() => server.kill());
  const api = new ApiClient(server.url.slice(0, -1), TOKEN);
  const source = await LightTalker.join({
    server: 'broadcast',
    url: `${server.url}whip/`,
    room: 'lobby',
    name: 'Radio',
    frequencyHz: 430,
  });
  t.teardown(() => source.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.open(`${server.url}admin`, { microphone: { kind: 'tone', frequencyHz: 440, gain: 0.2 } });
  const has = (what: string) => page.page.waitForSelector(what, { timeout: 60_000 });
  const isGone = (what: string) => page.page.waitForSelector(what, { hidden: true, timeout: 60_000 });
  const click = async (what: string) => {
    await has(what);
    await page.page.evaluate(`document.querySelector(${JSON.stringify(what)}).click()`);
  };
  const textOf = (what: string) => page.page.$eval(what, (element) => element.textContent);
  await page.type('admin-token', TOKEN);
  await page.click('sign-in');
  await has('[data-testid="recording-space"]');
  t.match(await textOf('[data-testid="recording-space"]'), /^0 B recorded, [\d.]+ [GT]B free on the disk$/);

  await t.test('a recording is played, stopped, downloaded and deleted', async (t) => {
    const { id } = (await api.post('/rooms/lobby/recordings', { tracks: 'mix', title: 'Weekly' })).body;
    const row = `[data-testid="recording"][data-recording="${id}"]`;
    await has(`${row}[data-state="recording"] [data-testid="play-recording"]`);
    t.match(await textOf(row), /lobby: Weekly.*started by the API, running/);
    await sleep(2000);
    await click(`${row} [data-testid="stop-recording"]`);
    await has(`${row}[data-state="finished"]`);
    t.match(await textOf(row), /stopped/);
    t.same(await accessibilityProblems(page), []);
    await click(`${row} [data-testid="play-recording"]`);
    await has('[data-testid="recording-player"]');
    await eventually(async () => {
      const at = await page.page.evaluate(`document.querySelector('audio').currentTime`);
      return Number(at) > 0.5 || `it plays at ${at} s`;
    });
    const asked: string[] = [];
    page.page.on('request', (request) => asked.push(request.url()));
    await click(`${row} [data-testid="download-recording"]`);
    await eventually(() => asked.some((url) => /archive\?expires=\d+&signature=/.test(url)));
    const archive = await fetch(asked.find((url) => url.includes('/archive?')) ?? '');
    t.equal(archive.headers.get('content-type'), 'application/zip', 'without the admin token');
    await click(`${row} [data-testid="delete-recording"]`);
    await click('dialog[open] [data-testid="confirm"]');
    await isGone(row);
    t.equal((await api.get(`/recordings/${id}`)).status, 404);
  });

  await t.test('a listener and a forward are shown, and ended', async (t) => {
    await click('[data-testid="room"][data-room="lobby"] [data-testid="unfold"]');
    const listening = await fetch(`${server.url}live/lobby.opus`);
    await has('[data-testid="listener"][data-via="http"]');
    const forward = { kind: 'icecast', url: 'http://127.0.0.1:9/lobby.opus', password: 'x' };
    await api.post('/rooms/lobby/forwards', forward);
    await has('[data-testid="forward"][data-state="failed"]');
    t.match(await textOf('[data-testid="forward"]'), /cannot be reached.*Next attempt/);
    t.equal(await textOf('[data-testid="listener-count"]'), '1 listener');
    t.same(await accessibilityProblems(page), []);
    await click('[data-testid="forward"] [data-testid="end"]');
    await isGone('[data-testid="forward"]');
    await click('[data-testid="listener"] [data-testid="end"]');
    await isGone('[data-testid="listener"]');
    await listening.arrayBuffer();
    t.pass('the stream has ended');
  });
});
