import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { isFineAt, SCREENSHOTS } from '../helpers/looks.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const MICROPHONE = { kind: 'tone', frequencyHz: 440, gain: 0.2 } as const;
/** Including everything that a busy machine adds to three seconds. */
const NOTICED_MS = 10_000;

function text({ page }: VoicePage, testId: string): Promise<string> {
  return page.evaluate(`document.querySelector('[data-testid="${testId}"]')?.textContent ?? ''`) as Promise<string>;
}

test('a room with hundreds of people, and a server that hangs', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const noLimits = ['connections-per-address', 'joins-per-minute'].flatMap((name) => [`--max-${name}`, '0']);
  const flags = ['--media-host', PRIVATE_ADDRESS, ...noLimits];
  let server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.kill());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const clients: SignalingClient[] = [];
  t.teardown(() => clients.map(({ socket }) => socket.terminate()));
  const enter = async (room: string, name: string) => {
    const client = await SignalingClient.open(`${server.url.replace('http', 'ws')}ws`);
    clients.push(client);
    client.send({ type: 'join', room, name, hasMicrophone: false });
    await client.next('joined');
    return client;
  };

  const open = async (name: string, frequencyHz: number) => {
    const page = await chromium.open(`${server.url}room/my-room`, { microphone: { ...MICROPHONE, frequencyHz } });
    await page.join({ name });
    await page.waitFor('mute');
    return page;
  };
  const ada = await open('Ada', 440);
  const ben = await open('Ben', 700);

  await t.test('in a full room, whoever talks is in sight, and anyone can be found', async (t) => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => enter('my-room', `Guest ${i}`)));
    await Promise.all(['Ada', 'Ada', '(T', '🇰🇷 Jisoo', 'عائشة', 'x'.repeat(64)].map((name) => enter('my-room', name)));
    await ada.waitFor('pin', '[data-name="Ben"][data-speaking="true"]');
    await isFineAt(t, ada, 'forty');
    for (let i = 0; i < 10; i++)
      await Promise.all(Array.from({ length: 45 }, (_, j) => enter('my-room', `Listener ${i * 45 + j}`)));
    await ada.page.waitForSelector('.people[data-count="498"]', { timeout: 60_000 });
    // Only those who speak are listed now, and the others are asked for.
    await ada.waitFor('show-everyone');
    t.match(await text(ada, 'everyone'), /\d+ more people are here/);
    t.ok((await ada.participants()).length < 100);
    await isFineAt(t, ada, 'large-room');
    await ada.click('show-everyone');
    const drawn = () => ada.page.evaluate(`document.querySelectorAll('[data-testid="participant"]').length`);
    t.ok(Number(await drawn()) < 120, `${await drawn()} of 498 are drawn`);
    await eventually(async () => {
      await ada.page.evaluate(`document.querySelector('main').scrollTo(0, 1e6)`);
      return ada.page.evaluate(`!!document.querySelector('.person-name[title^="Listener 4"]')`) as Promise<boolean>;
    });
    const pin = await ada.page.evaluate(`{
      const { top, bottom } = document.querySelector('[data-testid="pin"]').getBoundingClientRect();
      top >= document.querySelector('main').getBoundingClientRect().top && bottom < innerHeight;
    }`);
    t.equal(pin, true, 'whoever talks stays in sight');
    await ada.page.evaluate(`document.querySelector('main').focus()`);
    t.equal(await ada.page.evaluate('document.activeElement.tagName'), 'MAIN', 'the keyboard can scroll');
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
