import { mkdirSync } from 'node:fs';
import { type Test, test } from 'tap';
import { createJoinToken, tokenKey } from '../../src/rooms/join-token.ts';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
const SECRET = 'a secret that is long enough to sign with';
const SCREENSHOTS = '.tap/screenshots';
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
  { width: 844, height: 390 },
];
/** Including everything that a busy machine adds to three seconds. */
const NOTICED_MS = 10_000;

function text({ page }: VoicePage, testId: string): Promise<string> {
  return page.evaluate(`document.querySelector('[data-testid="${testId}"]')?.textContent ?? ''`) as Promise<string>;
}

const focused = ({ page }: VoicePage) =>
  page.evaluate(`document.activeElement?.dataset.testid ?? document.activeElement?.tagName`);

/** Counts how often the page asks for a microphone. */
async function countQuestions({ page }: VoicePage): Promise<() => Promise<number>> {
  await page.evaluate(`{
    const ask = navigator.mediaDevices.getUserMedia;
    globalThis.questions = 0;
    navigator.mediaDevices.getUserMedia = (wanted) => { questions += 1; return ask(wanted); };
  }`);
  return () => page.evaluate('questions') as Promise<number>;
}

async function isFineAt(t: Test, page: VoicePage, view: string): Promise<void> {
  t.same(await accessibilityProblems(page), [], view);
  for (const { width, height } of SIZES) {
    await page.page.setViewport({ width, height });
    const isWide = await page.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    t.equal(isWide, false, `${view}, ${width} px`);
    await page.screenshot(`${SCREENSHOTS}/${view}-${width}.png`);
  }
  await page.page.setViewport({ width: 1000, height: 760 });
}

test('a room, as people use it', { skip: skipIfMissing(missingForBrowsers) }, async (t) => {
  const noLimits = ['connections-per-address', 'joins-per-minute'].flatMap((name) => [`--max-${name}`, '0']);
  const flags = ['--media-host', PRIVATE_ADDRESS, '--room-passwords', 'vault=open sesame', ...noLimits];
  let server = await startServerProcess(BUILT_SERVER, [...flags, '--max-participants', '600']);
  t.teardown(() => server.kill());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  mkdirSync(SCREENSHOTS, { recursive: true });
  const clients: SignalingClient[] = [];
  t.teardown(() => clients.map(({ socket }) => socket.terminate()));
  const enter = async (room: string, name: string) => {
    const client = await SignalingClient.open(`${server.url.replace('http', 'ws')}ws`);
    clients.push(client);
    client.send({ type: 'join', room, name, hasMicrophone: true });
    await client.next('joined');
    return client;
  };

  const ada = await chromium.open(`${server.url}Room/My%20Room/`, { microphone: MICROPHONE });
  const questions = await countQuestions(ada);

  await t.test('a room is found however it is written, and a bad name gets a suggestion', async (t) => {
    await ada.waitFor('room');
    t.equal(await ada.page.evaluate(`document.querySelector('[data-testid="room"]').value`), 'My Room');
    await ada.type('name', 'Ada');
    await ada.type('room', 'Ada’s room!');
    await ada.click('join');
    await ada.waitFor('suggestion');
    await isFineAt(t, ada, 'suggestion');
    await ada.click('suggestion');
    t.equal(await ada.page.evaluate(`document.querySelector('[data-testid="room"]').value`), 'Adas-room');
    t.equal(await focused(ada), 'room');
  });

  await t.test('sound can be tried before joining, and the microphone that was tried is used', async (t) => {
    const page = await chromium.open(`${server.url}room/check`, { microphone: MICROPHONE });
    await page.click('check-sound');
    await page.click('test-microphone');
    await page.waitFor('hear-myself');
    await page.page.waitForFunction(
      `Number(document.querySelector('[data-testid="level-meter"]').getAttribute('aria-valuenow')) > 50`,
    );
    await isFineAt(t, page, 'check');
    await page.click('test-sound');
    await page.waitFor('test-sound', '[data-doing="playing"]');
    await page.waitFor('test-sound', '[data-doing="nothing"]');
    await page.click('hear-myself');
    await page.waitFor('test-sound', '[data-doing="recording"]');
    await page.waitFor('test-sound', '[data-doing="playing"]');
    await page.waitFor('test-sound', '[data-doing="nothing"]');
    const asked = await countQuestions(page);
    await page.join({ name: 'Cy' });
    await page.waitFor('mute');
    t.equal(await asked(), 0);
    t.same(page.errors, []);
    await page.close();
  });

  await t.test('nobody is asked for a microphone before they are admitted', async (t) => {
    await ada.type('room', 'VAULT');
    await ada.click('join');
    await ada.waitFor('password');
    t.equal(await questions(), 0);
    await ada.page.keyboard.type('open sesame');
    await ada.page.keyboard.press('Enter');
    await ada.waitFor('mute');
    t.equal(await questions(), 1);
    await ada.click('leave');
    await ada.waitFor('join');
    await ada.type('room', 'My Room');
    await ada.setMicrophone({ kind: 'failure', name: 'NotAllowedError' });
    await ada.click('join');
    await ada.waitFor('microphone-failure', '[data-failure="denied"]');
    await ada.waitForSound();
    await isFineAt(t, ada, 'no-microphone');
  });

  const ben = await chromium.open(`${server.url}room/my-room`, { microphone: { ...MICROPHONE, frequencyHz: 700 } });
  await ben.join({ name: 'Ben' });
  await ben.waitForSound();
  const seenAs = (name: string, attributes: string) =>
    ben.page.waitForSelector(`[data-testid="participant"]${attributes} .person-name[title="${name}"]`, {
      timeout: 60_000,
    });

  await t.test('the others see who has no microphone, and who has one', async (t) => {
    t.equal(await text(ben, 'room-name'), 'My Room', 'the spelling of whoever came first');
    await seenAs('Ada', '[data-microphone="none"]');
    await ada.setMicrophone(MICROPHONE);
    await ada.click('retry-microphone');
    await seenAs('Ada', '[data-microphone="open"]');
    t.equal(await text(ada, 'microphone-failure'), '');
    await ada.click('mute');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.click('mute');
  });

  await t.test('deafening mutes, stays visible, and is undone completely', async (t) => {
    await ada.click('deafen');
    await ada.waitFor('deafened');
    await seenAs('Ada', '[data-microphone="muted"][data-deafened="true"]');
    await isFineAt(t, ada, 'deafened');
    await ada.click('undeafen');
    await seenAs('Ada', '[data-microphone="open"][data-deafened="false"]');
    t.equal(await text(ada, 'deafened'), '');
  });

  await t.test('the keyboard reaches everything, and the focus stays where it was', async (t) => {
    const { keyboard } = ada.page;
    await ada.page.focus('[data-testid="mute"]');
    await keyboard.press('ArrowLeft');
    t.equal(await focused(ada), 'leave', 'around the end');
    await keyboard.press('ArrowLeft');
    t.equal(await focused(ada), 'settings');
    t.equal(await ada.page.evaluate(`document.querySelectorAll('.dock-buttons [tabindex="0"]').length`), 1);
    await keyboard.press('Enter');
    await ada.waitFor('settings-dialog');
    await isFineAt(t, ada, 'settings-keys');
    await ada.click('key-mute');
    await keyboard.press('q');
    t.equal(await text(ada, 'key-mute'), 'Q');
    await keyboard.press('Escape');
    await ada.page.waitForSelector('[data-testid="settings-dialog"]', { hidden: true });
    await eventually(async () => (await focused(ada)) === 'settings');
    await keyboard.press('m');
    await keyboard.press('q');
    await ada.waitFor('mute', '[aria-pressed="true"]');
    await ada.click('settings');
    await ada.click('shortcuts');
    await ada.click('close-settings');
    await keyboard.press('q');
    await keyboard.press('d');
    t.equal(await ada.attribute('deafen', 'aria-pressed'), 'false');
    t.equal(await ada.attribute('mute', 'aria-pressed'), 'true', 'no key does anything');
    await ada.click('volume');
    await ada.click('volume-close');
    await eventually(async () => (await focused(ada)) === 'volume');
  });

  await t.test('with push to talk, a key or a thumb is held, and the others see it', async (t) => {
    await ada.click('mute');
    await ada.click('settings');
    await ada.page.select('[data-testid="talk-mode"]', 'push');
    await ada.click('talk-binding');
    await ada.page.keyboard.press('t');
    t.equal(await text(ada, 'talk-binding'), 'T');
    await ada.click('close-settings');
    await seenAs('Ada', '[data-microphone="muted"]');
    t.equal(await ada.attribute('mute', 'aria-pressed'), 'false', 'that is not the same as being muted');
    await isFineAt(t, ada, 'push-to-talk');
    await ada.page.keyboard.down('t');
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.page.keyboard.up('t');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.page.hover('[data-testid="talk"]');
    await ada.page.mouse.down();
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.page.mouse.up();
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.click('settings');
    await ada.page.select('[data-testid="talk-mode"]', 'open');
    await ada.click('close-settings');
    await seenAs('Ada', '[data-microphone="open"]');
    await ada.click('mute');
  });

  await t.test('a link that cannot be copied is shown', async (t) => {
    await ada.page.evaluate(`navigator.clipboard.writeText = () => Promise.reject(new Error('made by the test'))`);
    await ada.click('copy-link');
    await ada.waitFor('link-to-copy');
    t.equal(
      await ada.page.evaluate(`document.querySelector('[data-testid="link-to-copy"] input').value`),
      `${server.url}room/My-Room`,
    );
    t.same(await accessibilityProblems(ada), []);
    await ada.clickOn('[data-testid="link-to-copy"] button');
  });

  await t.test('Back asks, and a reload leads back into the room', async (t) => {
    await ada.page.evaluate('history.back()');
    await ada.waitFor('leave-dialog');
    await isFineAt(t, ada, 'leave');
    await ada.click('stay');
    await ada.waitFor('connection-state', '[data-state="connected"]');
    await ada.page.reload();
    await ada.waitForSound();
    await ada.waitFor('mute', '[aria-pressed="true"]');
    await seenAs('Ada', '[data-microphone="muted"]');
    await ada.page.evaluate('history.back()');
    await ada.waitFor('leave-dialog');
    await ada.click('leave-now');
    await ada.waitFor('join');
    await ada.page.reload();
    await ada.waitFor('join');
    t.equal(await ada.attribute('connection-state', 'data-state'), null, 'whoever has left stays away');
    await ada.click('join');
    await ada.waitFor('mute');
  });

  await t.test('in a full room, whoever talks is in sight, and anyone can be found', async (t) => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => enter('my-room', `Guest ${i}`)));
    await Promise.all(['Ada', 'Ada', '(T', '🇰🇷 Jisoo', 'عائشة', 'x'.repeat(64)].map((name) => enter('my-room', name)));
    await ada.waitFor('pin', '[data-name="Ben"][data-speaking="true"]');
    await isFineAt(t, ada, 'forty');
    for (let i = 0; i < 10; i++)
      await Promise.all(Array.from({ length: 45 }, (_, j) => enter('my-room', `Listener ${i * 45 + j}`)));
    await ada.page.waitForSelector('.people[data-count="498"]', { timeout: 60_000 });
    const drawn = () => ada.page.evaluate(`document.querySelectorAll('[data-testid="participant"]').length`);
    t.ok(Number(await drawn()) < 120, `${await drawn()} of 498 are drawn`);
    await ada.page.evaluate(`document.querySelector('main').scrollTo(0, 1e6)`);
    await ada.page.waitForSelector('[data-testid="participant"] .person-name[title^="Listener 4"]', {
      timeout: 60_000,
    });
    const pin = await ada.page.evaluate(`{
      const { top, bottom } = document.querySelector('[data-testid="pin"]').getBoundingClientRect();
      top >= document.querySelector('main').getBoundingClientRect().top && bottom < innerHeight;
    }`);
    t.equal(pin, true, 'whoever talks stays in sight');
    await ada.page.evaluate(`document.querySelector('main').focus()`);
    t.equal(await focused(ada), 'MAIN', 'the keyboard can scroll');
    await ada.type('search', 'jisoo');
    await eventually(async () => (await ada.participants()).map(({ name }) => name).join() === '🇰🇷 Jisoo');
    await ada.type('search', 'guest');
    await isFineAt(t, ada, 'five-hundred');
  });

  await t.test('a server that hangs is noticed within seconds, and one that ends says so', async (t) => {
    await ada.waitFor('connection-state', '[data-answering="true"]');
    process.kill(server.pid, 'SIGSTOP');
    const beganMs = performance.now();
    await ada.waitFor('connection-state', '[data-answering="false"]');
    const noticedMs = performance.now() - beganMs;
    t.match(await text(ada, 'connection-state'), /does not answer/);
    await ada.screenshot(`${SCREENSHOTS}/hangs.png`);
    process.kill(server.pid, 'SIGCONT');
    t.ok(noticedMs < NOTICED_MS, `after ${noticedMs.toFixed(0)} ms`);
    await ada.waitFor('connection-state', '[data-answering="true"]');
    for (const { socket } of clients) socket.terminate();
    const { port } = new URL(server.url);
    server.signal('SIGTERM');
    await ada.waitFor('reconnecting');
    t.match(await text(ada, 'reconnecting'), /server is restarting/);
    t.notMatch(await text(ada, 'reconnecting'), /audio still works/);
    await ada.screenshot(`${SCREENSHOTS}/restarting.png`);
    await server.stop();
    server = await startServerProcess(BUILT_SERVER, [...flags, '--port', port]);
    await ada.waitForSound();
  });

  for (const page of [ada, ben]) {
    const own = page.errors.filter((error) => !/WebSocket|ERR_CONNECTION/.test(error));
    t.same(own, []);
  }
});

test('Firefox asks for a loudspeaker that it does not list, and nobody is invited by a link that does not work', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--access', 'token', '--token-secret', SECRET];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.kill());
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  const damaged = await firefox.open(`${server.url}#token=abc`, { microphone: MICROPHONE });
  await damaged.waitFor('join-error');
  t.match(await text(damaged, 'join-error'), /damaged/);
  await damaged.close();
  const grant = { room: 'lobby', identity: 'dora', maySpeak: true, mayModerate: false };
  const token = await createJoinToken(tokenKey(SECRET), grant, { wallNowMs: Date.now(), lifetimeMs: 600_000 });
  const page = await firefox.open(`${server.url}#token=${token}`, { microphone: MICROPHONE });
  await page.join({ name: 'Dora' });
  await page.waitForSound();
  t.equal(await page.attribute('copy-link', 'class'), null);
  t.match(await page.page.evaluate(`document.querySelector('.people').textContent`), /link of their own/);
  t.equal(await page.page.evaluate(`typeof navigator.mediaDevices.selectAudioOutput`), 'function');
  await page.page.evaluate(`{
    const { mediaDevices } = navigator;
    globalThis.asked = 0;
    mediaDevices.selectAudioOutput = async () => { asked += 1; return { deviceId: '', label: 'Hall' }; };
  }`);
  await page.click('settings');
  await page.click('ask-output');
  t.equal(await page.page.evaluate('asked'), 1);
  t.same(page.errors, []);
});
