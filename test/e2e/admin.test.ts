import { mkdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
const SCREENSHOTS = '.tap/screenshots';
const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = 'a secret that is long enough to sign with';

test('the admin page in Chromium', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--token-secret', SECRET];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.kill());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  mkdirSync(SCREENSHOTS, { recursive: true });

  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const join = async (room: string, name: string, token?: string) => {
    const client = await SignalingClient.open(`${server.url.replace('http', 'ws')}ws`);
    t.teardown(() => client.socket.terminate());
    client.send({ type: 'join', room, name, ...(token !== undefined && { token }) });
    await client.next('joined');
    return client;
  };
  const page = await chromium.open(`${server.url}admin`, { microphone: MICROPHONE });
  const has = (what: string) => page.page.waitForSelector(what, { timeout: 60_000 });
  const isGone = (what: string) => page.page.waitForSelector(what, { hidden: true, timeout: 60_000 });
  const click = async (what: string) => {
    await has(what);
    await page.page.evaluate(`document.querySelector(${JSON.stringify(what)}).click()`);
  };
  const confirm = () => click('dialog[open] [data-testid="confirm"]');
  const of = (name: string) => `[data-testid="person"][data-name="${name}"]`;
  const inRoom = (room: string, what: string) => `[data-testid="room"][data-room="${room}"] ${what}`;
  const said = (kind: string) => page.page.$eval(`[data-testid="said-${kind}"] span`, (element) => element.textContent);

  await t.test('a wrong token is reported, and the right one is kept in this tab only', async (t) => {
    t.same(await accessibilityProblems(page), []);
    t.equal(await page.page.evaluate('document.activeElement.dataset.testid'), 'admin-token');
    for (const wrong of ['not-the-token', 'nicht für Köpfe']) {
      await page.type('admin-token', wrong);
      await page.click('sign-in');
      await page.waitFor('said-error');
      t.match(await said('error'), /Wrong admin token/);
    }
    await page.type('admin-token', TOKEN);
    await page.click('sign-in');
    await page.waitFor('status', '[data-status="ok"]');
    await page.waitFor('worker', '[data-running="true"]');
    t.match(
      await page.page.$eval('[data-testid="candidates"]', (element) => element.textContent),
      new RegExp(`^Browsers find media at udp ${PRIVATE_ADDRESS}:\\d+, tcp ${PRIVATE_ADDRESS}:\\d+`),
    );
    t.equal(await page.page.evaluate('document.activeElement.tagName'), 'H1', 'the focus is not lost with the form');
    t.equal(await page.page.evaluate('localStorage.length + document.cookie.length'), 0);
    await page.page.reload();
    await page.waitFor('status', '[data-status="ok"]');
  });

  await t.test('it opens, locks and closes rooms', async (t) => {
    await page.type('new-room', 'raid');
    await page.click('create-room');
    await click(inRoom('raid', '[data-testid="lock"]'));
    await page.waitFor('room', '[data-room="raid"][data-locked="true"]');
    t.match((await api.get('/rooms/raid')).body, { locked: true, permanent: true });
    await page.clickOn(inRoom('raid', '[data-testid="room-settings"]'));
    t.same(await accessibilityProblems(page), []);
    await page.type('room-password', 'open sesame');
    await page.type('max-participants', '7');
    await click('dialog[open] [data-testid="whispers"]');
    await page.type('teams', 'red, blue');
    await confirm();
    await page.waitFor('said-notice');
    t.match((await api.get('/rooms/raid')).body, { hasPassword: true, maxParticipants: 7, whispers: false });
    t.same((await api.get('/rooms/raid')).body.teams, ['red', 'blue']);
    await isGone('dialog[open]');
    t.equal(await page.page.evaluate('document.activeElement.dataset.testid'), 'room-settings');
    await click(inRoom('raid', '[data-testid="room-settings"]'));
    // Somebody else changes something else, and this page does not know it yet.
    await api.patch('/rooms/raid', { maxTalkers: 3 });
    await click('dialog[open] [data-testid="no-password"]');
    await confirm();
    await eventually(async () => (await api.get('/rooms/raid')).body.hasPassword === false);
    const kept = { maxParticipants: 7, maxTalkers: 3, whispers: false, teams: ['red', 'blue'] };
    t.match((await api.get('/rooms/raid')).body, kept);
    await page.type('new-room', 'raid');
    await page.click('create-room');
    await page.waitFor('said-error');
    t.match(await said('error'), /room with this name/);
    await click(inRoom('raid', '[data-testid="close-room"]'));
    await click('dialog[open] [data-testid="cancel"]');
    t.equal((await api.get('/rooms/raid')).status, 200, 'only after a confirmation');
    await click(inRoom('raid', '[data-testid="close-room"]'));
    await confirm();
    await page.waitFor('said-notice');
    await isGone(inRoom('raid', ''));
    t.equal((await api.get('/rooms/raid')).status, 404);
  });

  await t.test('it makes links, and shows, mutes, moves, kicks and bans the people who used them', async (t) => {
    await page.type('token-identity', 'user-7');
    await page.click('make-token');
    await page.waitFor('token-link');
    const link = String(await page.page.evaluate(`document.querySelector('[data-testid="token-link"]').value`));
    const token = new URL(link).hash.replace(/^#token=/, '');
    t.equal(new URL(link).pathname, '/room/lobby');
    await join('lobby', 'Ada');
    const ben = await join('lobby', 'Ben', token);
    const talker = await chromium.open(`${server.url}room/lobby`, { microphone: MICROPHONE });
    await talker.join({ name: 'Cleo' });
    await talker.waitForSound();

    await click(inRoom('lobby', '[data-testid="unfold"]'));
    await has(`${of('Cleo')}[data-speaking="true"]`);
    t.equal(
      await page.page.$eval(`${of('Cleo')} [data-testid="address"]`, (element) => element.textContent),
      (await api.get('/rooms/lobby/participants')).body.participants.at(-1).address,
      'with their address',
    );
    await has(`${of('Ben')} [data-testid="ban"]`);
    t.equal(await page.page.$(`${of('Ada')} [data-testid="ban"]`), null, 'without an identity nobody can be banned');

    await t.test("it shows how well each participant's media gets through, in both directions", async (t) => {
      const network = `${of('Cleo')} [data-testid="network"]`;
      for (const direction of ['incoming', 'outgoing']) await has(`${network} [data-direction="${direction}"]`);
      t.match(
        await page.page.$eval(network, (element) => element.textContent),
        /^from them 0\.\d % lost, jitter \d+ msto them 0\.\d % lost, jitter \d+ ms/,
      );
      t.match((await api.get('/rooms/lobby/participants')).body.participants.at(-1), {
        name: 'Cleo',
        network: { incoming: { lossRatio: 0 }, outgoing: { lossRatio: 0 } },
      });
      t.match(await page.page.$eval(`${of('Ada')} [data-testid="network"]`, (element) => element.textContent), '');
    });

    await t.test('it is accessible and fits, on a phone and a desktop, in light and dark mode', async (t) => {
      const looks = [
        { width: 320, height: 640, scheme: 'light' },
        { width: 1000, height: 1000, scheme: 'dark' },
        { width: 1000, height: 1000, scheme: 'light' },
      ];
      for (const { width, height, scheme } of looks) {
        await page.page.setViewport({ width, height });
        await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        t.same(await accessibilityProblems(page), [], `${width} px, ${scheme}`);
        t.equal(await page.page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, `${width} px`);
        await page.screenshot(`${SCREENSHOTS}/admin-${width}-${scheme}.png`);
      }
    });

    await click(`${of('Cleo')} [data-testid="mute"]`);
    await has(`${of('Cleo')}[data-held-muted="true"][data-speaking="false"]`);
    await click(`${of('Cleo')} [data-testid="mute"]`);
    await has(`${of('Cleo')}[data-held-muted="false"]`);

    await click(`${of('Ada')} [data-testid="move"]`);
    await page.type('move-to', 'tower');
    await confirm();
    await click(inRoom('tower', '[data-testid="unfold"]'));
    await has(inRoom('tower', of('Ada')));

    await click(`${of('Ada')} [data-testid="kick"]`);
    await confirm();
    await isGone(inRoom('tower', ''));
    t.equal((await api.get('/rooms/tower')).status, 404);

    await click(`${of('Ben')} [data-testid="ban"]`);
    await confirm();
    t.match(await ben.skipTo('error'), { code: 'kicked' });
    await isGone(of('Ben'));
    await t.rejects(join('lobby', 'Ben', token), 'he does not get in again');

    await has('[data-testid="ban-entry"][data-identity="user-7"]');
    t.same(await accessibilityProblems(page), [], 'with somebody banned');
    await page.page.focus('[data-testid="lift-ban"]');
    await page.page.keyboard.press('Enter');
    await isGone('[data-testid="ban-entry"]');
    t.match(await said('notice'), /Ben may join again/);
    await join('lobby', 'Ben', token);
    await talker.close();

    await page.page.type('[data-testid="ban-target"]', '192.0.2.9/24');
    await page.page.type('[data-testid="ban-reason"]', 'floods');
    await click('[data-testid="create-ban"]');
    await has('[data-testid="any-ban"][data-target="192.0.2.0/24"]');
    t.match((await api.get('/bans')).body, { bans: [{ address: '192.0.2.0/24', reason: 'floods', until: null }] });
    await page.page.type('[data-testid="ban-target"]', 'user-8');
    await page.page.type('[data-testid="ban-room"]', 'lobby');
    await page.page.type('[data-testid="ban-hours"]', '2');
    await click('[data-testid="create-ban"]');
    await has('[data-testid="any-ban"][data-target="user-8"]');
    t.match((await api.get('/bans')).body.bans[1], { identity: 'user-8', room: 'lobby', until: /^20/ });
    t.same(await accessibilityProblems(page), [], 'with bans of those who are not here');
    for (const target of ['192.0.2.0/24', 'user-8']) {
      await click(`[data-testid="any-ban"][data-target="${target}"] [data-testid="end-ban"]`);
      await isGone(`[data-testid="any-ban"][data-target="${target}"]`);
    }
  });

  await t.test('it sends no requests while it is hidden', async (t) => {
    let asked = 0;
    page.page.on('request', () => {
      asked += 1;
    });
    const show = (state: string) =>
      page.page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await show('hidden');
    await sleep(300);
    asked = 0;
    await sleep(1700);
    t.equal(asked, 0);
    await show('visible');
    await eventually(() => asked > 0 || 'it asks nothing when it is shown again');
  });

  await t.test('it drains the server, and says when the server is gone', async (t) => {
    await join('lobby', 'Dora');
    await page.click('drain');
    await page.type('drain-minutes', '5');
    await confirm();
    await page.waitFor('draining');
    await page.waitFor('status', '[data-status="draining"]');
    t.ok((await api.get('/server')).body.draining.deadline);
    await page.click('undrain');
    await page.waitFor('status', '[data-status="ok"]');
    await server.kill();
    await page.waitFor('unreachable');
    await page.click('sign-out');
    await page.waitFor('admin-token');
    t.equal(await page.page.evaluate('sessionStorage.length'), 0);
  });
});

test('the admin page of a server without an admin token', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', '127.0.0.1']);
  t.teardown(() => server.kill());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const page = await chromium.open(`${server.url}admin`, { microphone: MICROPHONE });
  await page.type('admin-token', TOKEN);
  await page.click('sign-in');
  await page.waitFor('said-error');
  t.match(
    await page.page.$eval('[data-testid="said-error"]', (element) => element.textContent),
    /API of this server is off/,
  );
});

const PICTURE = process.env['PICTURE'];
if (PICTURE !== undefined) {
  // PICTURE=docs/images/admin.png node scripts/test.mjs test/e2e/admin.test.ts
  test('a picture of the page for the documents', async (t) => {
    const flags = ['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--token-secret', SECRET];
    const server = await startServerProcess(BUILT_SERVER, flags);
    t.teardown(() => server.kill());
    const chromium = await launchChromium();
    t.teardown(() => chromium.close());
    const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
    await api.post('/rooms', { name: 'lobby' });
    await api.post('/rooms', { name: 'raid', locked: true });
    for (const [name, identity, gain, mode] of [
      ['Ada', 'player-3', 0.2, 'open'],
      ['Ben', 'player-8', 0.02, 'open'],
      ['Cleo', 'player-11', 0.2, 'muted'],
    ] as const) {
      const { body } = await api.post('/tokens', { room: 'lobby', identity, mayModerate: name === 'Ada' });
      const person = await chromium.open(new URL(body.path, server.url).href, {
        microphone: { kind: 'tone', frequencyHz: 300, gain },
      });
      await person.join({ name, mode });
      await person.waitForSound();
    }
    const page = await chromium.open(`${server.url}admin`, { microphone: MICROPHONE, height: 1000 });
    await page.type('admin-token', TOKEN);
    await page.click('sign-in');
    await page.click('unfold');
    // By now everything is known about everybody, and the machine is idle again.
    await page.page.waitForFunction(`document.querySelectorAll('[data-testid="network"] > span').length >= 9`, {
      timeout: 60_000,
    });
    const isCalm = async () => {
      const [worker] = (await api.get('/server')).body.workers;
      return worker.overloadLevel === 0 && worker.jitterBufferDelayMs < 60;
    };
    while (!(await isCalm())) await sleep(1000);
    await sleep(1000);
    await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    const height = (await page.page.evaluate(
      'document.querySelector(".admin").getBoundingClientRect().bottom',
    )) as number;
    await page.page.screenshot({ path: PICTURE as `${string}.png`, clip: { x: 0, y: 0, width: 1000, height } });
    t.ok(statSync(PICTURE).size < 200_000);
  });
}
