import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { LossyRelay } from '../helpers/lossy-relay.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { createPrng } from '../helpers/prng.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SAMPLE_RATE, toneLevelDbfs } from '../helpers/signal.ts';
import { TcpProxy } from '../helpers/tcp-proxy.ts';
import { untilGood } from '../helpers/until-good.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const SEED = Number(process.env['SEED'] ?? 731);
/** Every address of this kind belongs to this machine. */
const RELAY_ADDRESS = '127.0.0.2';
const ADA_HZ = 430;
const BEN_HZ = 760;
const TONES_HZ = { Ada: ADA_HZ, Ben: BEN_HZ };
const WINDOW = 960;
const HEARD_DBFS = -40;
/** A gap that nobody would notice. */
const NO_GAP_MS = 400;
/** The recordings have begun by then. */
const BEFORE_MS = 500;
/** A client that is not told of the change finds out by pings, later than this, and then still has to reconnect. */
const UNTOLD_MS = 4000;
/** Each failure makes Chromium itself wait longer before it opens another WebSocket. */
const ATTEMPTS = 4;

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

interface Harm {
  /** The longest time for which Ada does not hear Ben. */
  readonly adaMs: number;
  readonly benMs: number;
  /** Until Ada is connected again; 0 if she is all the time. */
  readonly backMs: number;
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
    const microphone = { kind: 'tone', frequencyHz, gain: TONE_GAIN } as const;
    const page = await chromium.open(`http://127.0.0.1:${atPort}/room/reconnect`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const [ada, ben] = await Promise.all([join('Ada', ADA_HZ, proxy.port), join('Ben', BEN_HZ, port)]);
  const state = (page: VoicePage) => page.attribute('connection-state', 'data-state');
  const hasSound = async (page: VoicePage) =>
    (await state(page)) === 'connected' && (await page.attribute('connection-state', 'data-media')) === 'connected';
  const idOf = async (page: VoicePage) => (await page.participants()).find(({ isSelf }) => isSelf)?.id;
  const answers = async () => (await ada.report()).answers;
  const isSound = (page: VoicePage) => eventually(() => hasSound(page));
  /** Lets something happen to Ada while both are recorded. Resolves when it is over. */
  const harm = async (seconds: number, happens: () => Promise<number>): Promise<Harm> => {
    const heard = Promise.all([longestGapMs(ada, BEN_HZ, seconds), longestGapMs(ben, ADA_HZ, seconds)]);
    await sleep(BEFORE_MS);
    const backMs = await happens();
    const [adaMs, benMs] = await heard;
    return { adaMs, benMs, backMs };
  };
  /** Checks that this harms nobody, on one of a few attempts. */
  const isHarmless = async (t: Test, isFine: (harm: Harm) => boolean, measure: () => Promise<Harm>) => {
    const measured = await untilGood(measure, isFine, ATTEMPTS);
    const { adaMs, benMs, backMs } = measured;
    t.ok(isFine(measured), `gaps ${adaMs} and ${benMs} ms, back after ${backMs.toFixed(0)} ms`);
  };
  const nobodyNotices = ({ adaMs, benMs }: Harm) => Math.max(adaMs, benMs) < NO_GAP_MS;
  await hearsOnly(t, ada, TONES_HZ, ['Ben']);
  await hearsOnly(t, ben, TONES_HZ, ['Ada']);

  // This comes first, because after many failures Chromium itself delays WebSockets by seconds.
  await t.test('a network change that stalls both connections is over before pings could reveal it', async (t) => {
    const id = await idOf(ada);
    const stall = async () => {
      const before = await answers();
      const beganMs = performance.now();
      proxy.stallExisting();
      relay.rebind(0);
      await ada.page.evaluate('dispatchEvent(new Event("online"))');
      await eventually(async () => (await answers()) > before && (await hasSound(ada)));
      return performance.now() - beganMs;
    };
    await isHarmless(
      t,
      ({ adaMs, benMs, backMs }) => backMs < UNTOLD_MS && benMs < NO_GAP_MS && adaMs < backMs + NO_GAP_MS,
      () => harm(2.5, stall),
    );
    t.equal(await idOf(ada), id);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('a WebSocket that is cut for seconds is noticed on the page but not in the sound', async (t) => {
    const id = await idOf(ada);
    const cut = async () => {
      proxy.cut();
      await ada.waitFor('reconnecting');
      t.equal(await state(ada), 'reconnecting');
      t.match(await ada.page.evaluate('document.querySelector("[role=status]").textContent'), 'Reconnecting');
      return 0;
    };
    await isHarmless(t, nobodyNotices, async () => {
      const harmed = await harm(3, cut);
      t.equal(await state(ada), 'reconnecting');
      proxy.mend();
      await ada.click('retry-now');
      await isSound(ada);
      return harmed;
    });
    t.equal(await idOf(ada), id);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('hardly anybody hears that a NAT gives Ada another port', async (t) => {
    const rebind = async () => {
      relay.rebind(0);
      return 0;
    };
    await isHarmless(
      t,
      ({ adaMs, benMs }) => benMs < NO_GAP_MS && adaMs < 1000,
      () => harm(3, rebind),
    );
    t.equal(await hasSound(ada), true);
  });

  await t.test('a network change causes an ICE restart that nobody hears', async (t) => {
    const restart = async () => {
      const before = await answers();
      await ada.page.evaluate('dispatchEvent(new Event("online"))');
      await eventually(async () => (await answers()) > before);
      t.equal(await answers(), before + 1);
      return 0;
    };
    await isHarmless(t, nobodyNotices, () => harm(2, restart));
    await isSound(ada);
    t.match(await ada.report(), { connections: 1 });
  });

  await t.test('after the server is killed and restarted, both come back by themselves', async (t) => {
    await ada.click('mute');
    await server.kill();
    await ada.waitFor('reconnecting');
    const beganMs = performance.now();
    server = await startServerProcess(BUILT_SERVER, [...flags, '--port', port]);
    await Promise.all([isSound(ada), isSound(ben)]);
    t.comment(`back after ${(performance.now() - beganMs).toFixed(0)} ms`);
    t.match(
      [...(await ben.participants())].sort((a, b) => a.name.localeCompare(b.name)),
      [
        { name: 'Ada', isMuted: true },
        { name: 'Ben', isMuted: false },
      ],
    );
    await hearsOnly(t, ada, TONES_HZ, ['Ben']);
    await hearsOnly(t, ben, TONES_HZ, []);
  });
});
