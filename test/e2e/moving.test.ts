import { test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SAMPLE_RATE, toneLevelDbfs } from '../helpers/signal.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const TONES_HZ = { Ada: 430, Ben: 760, Cy: 1100 } as const;
type Name = keyof typeof TONES_HZ;
const WINDOW = 960;
const HEARD_DBFS = -40;
/** A gap that nobody would notice, on a machine that is busy with other things too. */
const NO_GAP_MS = 400;
const SETTLED_WITHIN_MS = 10_000;

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

/** Waits until `look` returns `wanted`. */
async function becomes(wanted: string, look: () => Promise<string>): Promise<void> {
  const endMs = performance.now() + SETTLED_WITHIN_MS;
  for (let seen = await look(); seen !== wanted; seen = await look()) {
    if (performance.now() > endMs) throw new Error(`"${seen}" in place of "${wanted}"`);
  }
}

test('a page in Chromium that the API moves is in the other room with its sound, and stays there', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const flags = ['--media-host', PRIVATE_ADDRESS, '--admin-token', TOKEN, '--levelling', 'off', '--workers', '1'];
  const server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  const proxy = await TcpProxy.open(Number(new URL(server.url).port));
  t.teardown(() => proxy.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const join = async (room: string, name: Name, url: string) => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: 0.15 } as const;
    const page = await chromium.open(`${url}room/${room}`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const ada = await join('red', 'Ada', server.url);
  const ben = await join('blue', 'Ben', server.url);
  const cy = await join('red', 'Cy', `http://127.0.0.1:${proxy.port}/`);
  const heardBy = async (page: VoicePage): Promise<Name[]> => {
    const levels = await page.hear(Object.values(TONES_HZ));
    return (Object.keys(TONES_HZ) as Name[]).filter(
      (name) => (levels.get(TONES_HZ[name])?.usuallyDbfs ?? Number.NEGATIVE_INFINITY) > HEARD_DBFS,
    );
  };
  const hears = (page: VoicePage, names: readonly Name[]) =>
    becomes(`hears ${names}`, async () => `hears ${await heardBy(page)}`);
  const idOfCy = async () => (await cy.participants()).find(({ isSelf }) => isSelf)?.id;
  const showsBlue = () =>
    becomes('/room/blue blue: Ben,Cy', async () => {
      const shown = (await cy.participants()).map(({ name }) => name.replace(/\W.*/s, '')).sort();
      const where = 'location.pathname + " " + document.querySelector("[data-testid=room-name]").textContent';
      return `${await cy.page.evaluate(where)}: ${shown}`;
    });
  await hears(cy, ['Ada']);

  await t.test('with the same connection and without a gap', async (t) => {
    const id = await idOfCy();
    const recording = cy.record(3);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    t.equal((await api.post(`/rooms/red/participants/${id}/move`, { room: 'blue' })).status, 200);
    const gapMs = longestGapMs(await recording, ['Ada', 'Ben']);
    t.comment(`${gapMs} ms without sound`);
    t.ok(gapMs < NO_GAP_MS, `${gapMs} ms without sound`);
    await showsBlue();
    await hears(cy, ['Ben']);
    await hears(ben, ['Cy']);
    await hears(ada, []);
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
    await hears(cy, ['Ben']);
    t.equal(await idOfCy(), id);
    t.match(await cy.report(), { connections: 1 });
  });

  await t.test('and when it is reloaded', async () => {
    await cy.page.reload({ waitUntil: 'load' });
    await cy.join({ name: 'Cy' });
    await cy.waitForSound();
    await showsBlue();
    await hears(cy, ['Ben']);
  });
});
