import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { accessibilityProblems } from '../helpers/accessibility.ts';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium } from '../helpers/browsers.ts';
import { startNodes } from '../helpers/cluster-nodes.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { startRedis } from '../helpers/redis.ts';
import { SAMPLE_RATE, toneLevelDbfs } from '../helpers/signal.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';
import { untilGood } from '../helpers/until-good.ts';

const ADMIN_TOKEN = 'an-admin-token-of-32-characters.';
const WINDOW = 960;
const HEARD_DBFS = -40;
/** How long somebody may be missing while a server drains. */
const NO_GAP_MS = 300;
/** Longer than a move takes. */
const RECORDING_S = 5;
const BEFORE_MS = 500;
const TONES_HZ = { Ada: 430, Ben: 760, Cy: 1150 };
const ROOM = 'together';

/** The longest time without this tone. */
function longestGapMs(samples: Float32Array, frequencyHz: number): number {
  let longest = 0;
  let current = 0;
  // A probe that has just been connected gives a little silence first.
  for (let start = SAMPLE_RATE / 10; start + WINDOW <= samples.length; start += WINDOW) {
    const window = samples.subarray(start, start + WINDOW);
    current = toneLevelDbfs(window, frequencyHz, SAMPLE_RATE) > HEARD_DBFS ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return (longest * WINDOW * 1000) / SAMPLE_RATE;
}

test('pages of three servers are in one room, and are together again when its server has died', {
  skip: skipIfMissing(missingForBrowsers ?? missingPackages(['redis-server'])),
}, async (t) => {
  const redis = await startRedis();
  t.teardown(() => redis.close());
  const nodes = await startNodes(
    t,
    redis,
    ['n1', 'n2', 'n3'],
    [...['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--workers', '1', '--admin-token', ADMIN_TOKEN]],
  );
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const people = Object.entries(TONES_HZ);
  const pages = await Promise.all(
    nodes.map(async (node, index) => {
      const [name, frequencyHz] = people[index]!;
      const page = await chromium.open(`${node.url}room/${ROOM}`, {
        microphone: { kind: 'tone', frequencyHz, gain: TONE_GAIN },
      });
      await page.join({ name });
      return { node, name: name as keyof typeof TONES_HZ, page };
    }),
  );
  /** Of any room, by the server that has it. */
  const participantsIn = async (room: string, { url, name: node }: (typeof nodes)[number]): Promise<number> => {
    const { body } = await new ApiClient(url.slice(0, -1), ADMIN_TOKEN).get('/rooms');
    // The list has the rooms of all servers.
    const isHere = (one: { readonly name: string; readonly node: string }) => one.name === room && one.node === node;
    return body.rooms.find(isHere)?.participants ?? 0;
  };
  const participantsAt = (node: (typeof nodes)[number]) => participantsIn(ROOM, node);
  /** Keeps a server that drains from ending for some seconds: somebody in another room who is not led away. */
  const hold = async (node: (typeof nodes)[number]): Promise<void> => {
    for (let i = 0; i < 100; i++) {
      const client = await SignalingClient.open(node.webSocket);
      t.teardown(() => client.socket.terminate());
      client.send({ type: 'join', room: `hold-${i}`, name: 'Dee' });
      // If the room is at another server, it is carried there.
      const { type } = await client.nextOf(['joined', 'error']);
      if (type === 'joined' && (await participantsIn(`hold-${i}`, node)) > 0) return;
    }
    throw new Error('that server has none of a hundred rooms');
  };
  const hearEachOther = async (together: typeof pages) => {
    for (const { page, name } of together) {
      const talkers = together.flatMap((one) => (one.name === name ? [] : one.name));
      await hearsOnly(t, page, TONES_HZ, talkers);
    }
  };
  for (const { page } of pages) await page.waitForSound();
  await hearEachOther(pages);
  const homeOfAll = async () => {
    let counts: number[] = [];
    await eventually(async () => {
      counts = await Promise.all(nodes.map(participantsAt));
      return counts.toSorted().join() === '0,0,3';
    });
    return nodes[counts.indexOf(3)]!;
  };

  await t.test('a server that drains gives its people to another one, and nobody notices', async (t) => {
    const drain = async (): Promise<number> => {
      const home = await homeOfAll();
      const api = new ApiClient(home.url.slice(0, -1), ADMIN_TOKEN);
      await hold(home);
      const recordings = pages.map(async ({ page, name }) => {
        const samples = await page.record(RECORDING_S);
        const others = people.flatMap(([other, frequencyHz]) => (other === name ? [] : [frequencyHz]));
        return Math.max(...others.map((frequencyHz) => longestGapMs(samples, frequencyHz)));
      });
      await sleep(BEFORE_MS);
      t.equal((await api.post('/server/drain')).status, 200);
      await eventually(async () => (await participantsAt(home)) === 0);
      t.equal((await api.delete('/server/drain')).status, 204);
      t.not(await homeOfAll(), home);
      return Math.max(...(await Promise.all(recordings)));
    };
    const gapMs = await untilGood(drain, (ms) => ms < NO_GAP_MS);
    t.comment(`${gapMs} ms without one of the others`);
    t.ok(gapMs < NO_GAP_MS, `${gapMs} ms`);
    await hearEachOther(pages);
  });

  const home = await homeOfAll();
  const asked = nodes.find((node) => node !== home)!;
  const admin = await chromium.open(`${asked.url}admin`, { microphone: { kind: 'tone', frequencyHz: 300, gain: 0 } });
  const shows = (what: string) => admin.page.waitForSelector(what, { timeout: 60_000 });
  const click = async (what: string) => {
    await shows(what);
    await admin.page.evaluate(`document.querySelector(${JSON.stringify(what)}).click()`);
  };

  await t.test('the admin page of any server shows all servers and drains any of them', async (t) => {
    await admin.type('admin-token', ADMIN_TOKEN);
    await admin.click('sign-in');
    for (const { name } of nodes) await shows(`[data-testid="node"][data-node="${name}"][data-draining="false"]`);
    await shows(`[data-testid="room"][data-room="${ROOM}"][data-node="${home.name}"]`);
    t.same(await accessibilityProblems(admin), []);
    const other = nodes.find((node) => node !== home && node !== asked)!;
    await hold(other);
    const ofOther = `[data-testid="node"][data-node="${other.name}"]`;
    await click(`${ofOther} [data-testid="drain-node"]`);
    await click('dialog[open] [data-testid="confirm"]');
    await click(`${ofOther}[data-draining="true"] [data-testid="undrain-node"]`);
    await shows(`${ofOther}[data-draining="false"]`);
  });

  await home.kill();
  const beganMs = performance.now();
  const left = pages.filter(({ node }) => node !== home);
  await eventually(async () => {
    const rest = await Promise.all(left.map(({ node }) => participantsAt(node)));
    return rest.includes(2);
  });
  t.comment(`joined again after ${Math.round(performance.now() - beganMs)} ms`);
  await hearEachOther(left);
  await admin.page.waitForSelector(`[data-testid="node"][data-node="${home.name}"]`, { hidden: true, timeout: 60_000 });
  for (const { page } of left)
    t.same(
      page.errors.filter((error) => !/WebSocket|ERR_CONNECTION/.test(error)),
      [],
    );
});
