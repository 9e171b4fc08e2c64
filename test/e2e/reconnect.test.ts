import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { LossyRelay } from '../helpers/lossy-relay.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { createPrng } from '../helpers/prng.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SAMPLE_RATE, toneLevelDbfs } from '../helpers/signal.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const SEED = Number(process.env['SEED'] ?? 731);
/** Every address of this kind belongs to this machine. */
const RELAY_ADDRESS = '127.0.0.2';
const ADA_HZ = 430;
const BEN_HZ = 760;
const WINDOW = 960;
const HEARD_DBFS = -40;
/** A gap that nobody would notice, on a machine that is busy with other things too. */
const NO_GAP_MS = 400;
/** A client that is not told of the change finds out by pings, later than this, and then still has to reconnect. */
const UNTOLD_MS = 4000;
/** Only a limit for what does not happen at all. */
const PATIENCE_MS = 60_000;

/** The longest time without the tone in what a page plays during the next seconds. */
async function longestGapMs(page: VoicePage, frequencyHz: number, seconds: number): Promise<number> {
  const samples = await page.record(seconds);
  let longest = 0;
  let current = 0;
  // A probe that has just been connected gives a little silence first.
  for (let start = SAMPLE_RATE / 10; start + WINDOW <= samples.length; start += WINDOW) {
    const isHeard = toneLevelDbfs(samples.subarray(start, start + WINDOW), frequencyHz, SAMPLE_RATE) > HEARD_DBFS;
    current = isHeard ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return (longest * WINDOW * 1000) / SAMPLE_RATE;
}

async function within(ms: number, condition: () => Promise<boolean>): Promise<number> {
  const beganMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - beganMs > ms) throw new Error(`not within ${ms} ms`);
    await sleep(50);
  }
  return performance.now() - beganMs;
}

test('a page in Chromium keeps its conversation through the loss of every connection', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  t.comment(`SEED=${SEED}`);
  const relay = await LossyRelay.open({
    address: RELAY_ADDRESS,
    serverAddress: PRIVATE_ADDRESS,
    prng: createPrng(SEED),
  });
  t.teardown(() => relay.close());
  const flags = [
    ...['--media-host', PRIVATE_ADDRESS, '--media-port', String(relay.port), '--announce', RELAY_ADDRESS],
    ...['--media-tcp', 'off', '--levelling', 'off', '--workers', '1'],
  ];
  let server = await startServerProcess(BUILT_SERVER, flags);
  t.teardown(() => server.stop());
  const { port } = new URL(server.url);
  const proxy = await TcpProxy.open(Number(port));
  t.teardown(() => proxy.close());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const join = async (name: string, frequencyHz: number, atPort: string | number) => {
    const microphone = { kind: 'tone', frequencyHz, gain: 0.15 } as const;
    const page = await chromium.open(`http://127.0.0.1:${atPort}/room/reconnect`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const ada = await join('Ada', ADA_HZ, proxy.port);
  const ben = await join('Ben', BEN_HZ, port);
  await sleep(1000);
  const state = (page: VoicePage) => page.attribute('connection-state', 'data-state');
  const hasSound = async (page: VoicePage) =>
    (await state(page)) === 'connected' && (await page.attribute('connection-state', 'data-media')) === 'connected';
  const idOf = async (page: VoicePage) => (await page.participants()).find(({ isSelf }) => isSelf)?.id;
  const answers = async () => (await ada.report()).answers;
  /** The longest gap of Ada and of Ben in the next seconds. */
  const gaps = (seconds: number) =>
    Promise.all([longestGapMs(ada, BEN_HZ, seconds), longestGapMs(ben, ADA_HZ, seconds)]);

  // This comes first, because after many failures Chromium itself delays WebSockets by seconds.
  await t.test('a network change that stalls both connections is over before pings could reveal it', async (t) => {
    const id = await idOf(ada);
    const before = await answers();
    const heard = gaps(4);
    await sleep(500);
    proxy.stallExisting();
    relay.rebind(0);
    await ada.page.evaluate('dispatchEvent(new Event("online"))');
    const backMs = await within(PATIENCE_MS, async () => (await answers()) > before && (await hasSound(ada)));
    const [adaMs, benMs] = await heard;
    t.comment(`gaps ${adaMs} and ${benMs} ms, back after ${backMs.toFixed(0)} ms`);
    t.ok(backMs < UNTOLD_MS, `back after ${backMs.toFixed(0)} ms`);
    t.ok(benMs < NO_GAP_MS, `Ben hears Ada except for ${benMs} ms`);
    t.ok(adaMs < backMs + NO_GAP_MS, `Ada hears Ben except for ${adaMs} ms`);
    t.equal(await idOf(ada), id);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('a WebSocket that is cut for seconds is noticed on the page but not in the sound', async (t) => {
    const id = await idOf(ada);
    proxy.cut();
    const heard = gaps(5);
    await ada.waitFor('reconnecting');
    t.equal(await state(ada), 'reconnecting');
    t.match(await ada.page.evaluate('document.querySelector("[role=status]").textContent'), 'Reconnecting');
    const [adaMs, benMs] = await heard;
    t.equal(await state(ada), 'reconnecting');
    proxy.mend();
    await ada.click('retry-now');
    const backMs = await within(PATIENCE_MS, () => hasSound(ada));
    t.comment(`gaps ${adaMs} and ${benMs} ms, back after ${backMs.toFixed(0)} ms`);
    t.ok(adaMs < NO_GAP_MS, `Ada hears Ben except for ${adaMs} ms`);
    t.ok(benMs < NO_GAP_MS, `Ben hears Ada except for ${benMs} ms`);
    t.equal(await idOf(ada), id);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('hardly anybody hears that a NAT gives Ada another port', async (t) => {
    const heard = gaps(4);
    await sleep(500);
    relay.rebind(0);
    const [adaMs, benMs] = await heard;
    t.comment(`gaps ${adaMs} and ${benMs} ms`);
    t.ok(benMs < NO_GAP_MS, `Ben hears Ada except for ${benMs} ms`);
    t.ok(adaMs < 1000, `Ada hears Ben except for ${adaMs} ms`);
    t.equal(await hasSound(ada), true);
  });

  await t.test('a network change causes an ICE restart that nobody hears', async (t) => {
    const before = await answers();
    const heard = gaps(2);
    await ada.page.evaluate('dispatchEvent(new Event("online"))');
    const [adaMs, benMs] = await heard;
    t.comment(`gaps ${adaMs} and ${benMs} ms`);
    t.equal(await answers(), before + 1);
    t.ok(adaMs < NO_GAP_MS && benMs < NO_GAP_MS, `except for ${adaMs} and ${benMs} ms`);
    await sleep(1000);
    t.equal(await hasSound(ada), true);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('after the server is killed and restarted, both come back by themselves', async (t) => {
    await ada.click('mute');
    await server.kill();
    await ada.waitFor('reconnecting');
    server = await startServerProcess(BUILT_SERVER, [...flags, '--port', port]);
    const backMs = await within(PATIENCE_MS, async () => (await hasSound(ada)) && (await hasSound(ben)));
    t.comment(`back after ${backMs.toFixed(0)} ms`);
    t.match(
      [...(await ben.participants())].sort((a, b) => a.name.localeCompare(b.name)),
      [
        { name: 'Ada', isMuted: true },
        { name: 'Ben', isMuted: false },
      ],
    );
    const adaMs = await longestGapMs(ada, BEN_HZ, 1.5);
    t.ok(adaMs < NO_GAP_MS, `Ada hears Ben again except for ${adaMs} ms`);
  });
});
