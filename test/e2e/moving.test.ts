import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { isFineAt } from '../helpers/looks.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SAMPLE_RATE, toneLevelDbfs } from '../helpers/signal.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';
import { untilGood } from '../helpers/until-good.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONES_HZ = { Ada: 430, Ben: 760, Cy: 1100 } as const;
type Name = keyof typeof TONES_HZ;
const LIST = [
  '--room-list',
  'all',
  '--kept-rooms',
  'Games/Chess=Slow and quiet,vault',
  '--room-passwords',
  'vault=sesame',
];
const WINDOW = 960;
/** Longer than a move takes. */
const RECORDING_S = 2;
const HEARD_DBFS = -40;
/** A gap that nobody would notice. */
const NO_GAP_MS = 400;

/** The longest time in which none of these voices is heard. */
function longestGapMs(samples: Float32Array, names: readonly Name[]): number {
  let longest = 0;
  let current = 0;
  // A probe that has just been connected gives a little silence first.
  for (let start = SAMPLE_RATE / 10; start + WINDOW <= samples.length; start += WINDOW) {
    const window = samples.subarray(start, start + WINDOW);
    const isHeard = names.some((name) => toneLevelDbfs(window, TONES_HZ[name], SAMPLE_RATE) > HEARD_DBFS);
    current = isHeard ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return (longest * WINDOW * 1000) / SAMPLE_RATE;
}

test('a page in Chromium that the API moves is in the other room with its sound, and stays there', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = [
    '--media-host',
    PRIVATE_ADDRESS,
    '--admin-token',
    TOKEN,
    '--levelling',
    'off',
    '--workers',
    '1',
    ...LIST,
  ];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const proxy = await TcpProxy.open(Number(new URL(server.url).port));
  t.teardown(() => proxy.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const join = async (room: string, name: Name, url: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
    const page = await chromium.open(`${url}room/${room}`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const [ada, ben, cy] = await Promise.all([
    join('red', 'Ada', server.url),
    join('blue', 'Ben', server.url),
    join('red', 'Cy', `http://127.0.0.1:${proxy.port}/`),
  ]);
  const idOfCy = async () => (await cy.participants()).find(({ isSelf }) => isSelf)?.id;
  const showsBlue = () =>
    eventually(async () => {
      const shown = (await cy.participants()).map(({ name }) => name.replace(/\W.*/s, '')).sort();
      const where = 'location.pathname + " " + document.querySelector("[data-testid=room-name]").textContent';
      const seen = `${await cy.page.evaluate(where)}: ${shown}`;
      return seen === '/room/blue blue: Ben,Cy' || seen;
    });
  await hearsOnly(t, cy, TONES_HZ, ['Ada']);

  await t.test('who has not joined yet sees the rooms and chooses one', async (t) => {
    const microphone = { kind: 'tone', frequencyHz: 1500, gain: TONE_GAIN } as const;
    const guest = await chromium.open(server.url, { microphone });
    await guest.clickOn('[data-testid="open-rooms"] summary');
    const blue = '[data-testid="rooms-room"][data-room="blue"][data-participants="1"]';
    await guest.page.waitForSelector(blue);
    await isFineAt(t, guest, 'open-rooms');
    await guest.clickOn(blue);
    await guest.page.waitForFunction('document.querySelector("[data-testid=room]").value === "blue"');
    await guest.page.waitForSelector('[data-testid="open-rooms"]:not([open])');
    await guest.close();
  });

  await t.test('with the same connection and without a gap', async (t) => {
    const id = await idOfCy();
    const gapOfMoveMs = async (from: string, to: string) => {
      const recording = cy.record(RECORDING_S);
      await sleep(RECORDING_S * 300);
      t.equal((await api.post(`/rooms/${from}/participants/${id}/move`, { room: to })).status, 200);
      return longestGapMs(await recording, ['Ada', 'Ben']);
    };
    const gapMs = await untilGood(
      async () => {
        const toBlueMs = await gapOfMoveMs('red', 'blue');
        if (toBlueMs >= NO_GAP_MS) await api.post(`/rooms/blue/participants/${id}/move`, { room: 'red' });
        return toBlueMs;
      },
      (ms) => ms < NO_GAP_MS,
    );
    t.ok(gapMs < NO_GAP_MS, `${gapMs} ms without sound`);
    await showsBlue();
    await hearsOnly(t, cy, TONES_HZ, ['Ben']);
    await hearsOnly(t, ben, TONES_HZ, ['Cy']);
    await hearsOnly(t, ada, TONES_HZ, []);
    t.equal(await idOfCy(), id);
    t.match(await cy.report(), { connections: 1 });
  });

  await t.test('and when its WebSocket breaks, it comes back there', async (t) => {
    const id = await idOfCy();
    proxy.cut();
    await cy.waitFor('connection-state', '[data-state="reconnecting"]');
    proxy.mend();
    await cy.waitForSound();
    await showsBlue();
    await hearsOnly(t, cy, TONES_HZ, ['Ben']);
    t.equal(await idOfCy(), id);
    t.match(await cy.report(), { connections: 1 });
  });

  await t.test('and when it is reloaded', async (t) => {
    await cy.page.reload({ waitUntil: 'load' });
    await cy.waitForSound();
    await showsBlue();
    await hearsOnly(t, cy, TONES_HZ, ['Ben']);
  });

  await t.test('and it goes to other rooms of the list by itself, with the same connection', async (t) => {
    const id = await idOfCy();
    const room = (name: string, more = '') => `[data-testid="rooms-room"][data-room="${name}"]${more}`;
    await cy.page.setViewport({ width: 1280, height: 800 });
    if ((await cy.attribute('rooms', 'class')) === null) await cy.click('rooms-open');
    await cy.page.waitForSelector(room('blue', '[aria-current="true"][data-participants="2"]'));
    await cy.waitFor('rooms-person', '[data-speaking="true"]');
    await isFineAt(t, cy, 'rooms');
    await cy.page.setViewport({ width: 1280, height: 800 });
    await cy.clickOn(room('red'));
    await cy.page.waitForSelector(room('red', '[aria-current="true"][data-participants="2"]'));
    await hearsOnly(t, cy, TONES_HZ, ['Ada']);
    await hearsOnly(t, ben, TONES_HZ, []);
    t.equal(await cy.page.evaluate('location.pathname'), '/room/red');
    t.equal(await idOfCy(), id);
    t.match(await cy.report(), { connections: 1 });

    await cy.clickOn(room('vault'));
    await cy.type('password', 'barley');
    await cy.click('rooms-enter');
    await cy.waitFor('password', '[aria-invalid="true"]');
    await isFineAt(t, cy, 'rooms-password');
    await cy.type('password', 'sesame');
    await cy.page.keyboard.press('Enter');
    await cy.page.waitForSelector(room('vault', '[aria-current="true"]'));
    await cy.page.waitForSelector('[data-testid="rooms-password"]', { hidden: true });
    await hearsOnly(t, cy, TONES_HZ, []);

    await cy.page.setViewport({ width: 390, height: 844 });
    const chess = room('Games/Chess');
    if ((await cy.attribute('rooms', 'class')) === null) await cy.click('rooms-open');
    await cy.page.waitForSelector(chess);
    await cy.page.focus(chess);
    await cy.page.keyboard.press('Enter');
    await cy.page.waitForSelector('[data-testid="rooms"]', { hidden: true });
    t.equal(await cy.page.evaluate('location.pathname'), '/room/Games/Chess');
    await cy.page.reload({ waitUntil: 'load' });
    await cy.waitForSound();
    t.match(await cy.participants(), [{ name: 'Cy' }]);
    t.equal(await cy.page.evaluate('location.pathname'), '/room/Games/Chess');
  });
});
