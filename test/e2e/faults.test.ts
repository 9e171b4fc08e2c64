import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startFaultyServer } from '../helpers/faulty-server.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const TONES_HZ = [430, 620] as const;
const HEARD_DBFS = -30;
const BACK_AFTER_WORKER_MS = 5000;
const BACK_AFTER_RESTART_MS = 10_000;

/** Records in the page what it says about its connection, and when, in the time of `Date.now()`. */
const RECORD_STATES = `
  globalThis.recordedStates = [];
  const write = () => {
    const { state, media } = document.querySelector('[data-testid="connection-state"]')?.dataset ?? {};
    const text = state + ' ' + media;
    if (recordedStates.at(-1)?.text !== text) recordedStates.push({ atMs: Date.now(), text });
  };
  new MutationObserver(write).observe(document.body, { subtree: true, childList: true, attributes: true });
  write();
`;
const CONNECTED = 'connected connected';

interface RecordedState {
  readonly atMs: number;
  readonly text: string;
}

async function states(page: VoicePage): Promise<readonly RecordedState[]> {
  return (await page.page.evaluate('recordedStates')) as RecordedState[];
}

/** Resolves with the time when the page was connected again after losing its connection. */
async function backAtMs(page: VoicePage, sinceMs: number): Promise<number> {
  let atMs: number | undefined;
  let seen: readonly RecordedState[] = [];
  const look = async (): Promise<void> => {
    seen = (await states(page)).filter((state) => state.atMs >= sinceMs);
    const lost = seen.findIndex(({ text }) => text !== CONNECTED);
    atMs = lost < 0 ? undefined : seen.slice(lost).find(({ text }) => text === CONNECTED)?.atMs;
  };
  const endMs = Date.now() + 15_000;
  while (atMs === undefined && Date.now() < endMs) {
    await sleep(50);
    await look();
  }
  if (atMs === undefined) throw new Error(`it did not come back: ${JSON.stringify(seen)}`);
  return atMs;
}

async function hearEachOther(t: Test, pages: readonly VoicePage[]): Promise<void> {
  const heard = await Promise.all(pages.map((page, index) => page.hear([TONES_HZ[1 - index]!])));
  heard.forEach((tones, index) => {
    const level = tones.get(TONES_HZ[1 - index]!)!.usuallyDbfs;
    t.ok(level > HEARD_DBFS, `page ${index} hears the other at ${level.toFixed(1)} dBFS`);
  });
}

test('two pages in Chromium whose server runs into trouble', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  let server = await startFaultyServer(BUILT_SERVER, ['--workers', '1']);
  t.teardown(() => server.signal('SIGKILL'));
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const pages = await Promise.all(
    TONES_HZ.map(async (frequencyHz) => {
      const microphone = { kind: 'tone', frequencyHz, gain: 0.15 } as const;
      const page = await chromium.open(`${server.url}room/faults`, { microphone });
      await page.join({ name: `Person ${frequencyHz}` });
      await page.waitForSound();
      await page.page.evaluate(RECORD_STATES);
      return page;
    }),
  );
  await hearEachOther(t, pages);

  for (const fault of ['throw', 'hang'] as const) {
    await t.test(
      `they hear each other again within five seconds after the fault "${fault}" in their worker`,
      async (t) => {
        const startMs = Date.now();
        server.plant(0, fault);
        const back = await Promise.all(pages.map((page) => backAtMs(page, startMs)));
        for (const atMs of back) t.ok(atMs - startMs < BACK_AFTER_WORKER_MS, `back after ${atMs - startMs} ms`);
        await hearEachOther(t, pages);
        const people = await pages[0]!.participants();
        t.same(people.length, 2, 'nobody has left the room');
      },
    );
  }

  await t.test('they are back within ten seconds after the server is killed and restarted', async (t) => {
    const startMs = Date.now();
    server.signal('SIGKILL');
    await server.exitCode;
    server = await startFaultyServer(BUILT_SERVER, ['--workers', '1'], server.port);
    const back = await Promise.all(pages.map((page) => backAtMs(page, startMs)));
    for (const atMs of back) t.ok(atMs - startMs < BACK_AFTER_RESTART_MS, `back after ${atMs - startMs} ms`);
    await hearEachOther(t, pages);
  });

  await t.test('they are back within ten seconds after the server is told to stop and restarted', async (t) => {
    const startMs = Date.now();
    server.signal('SIGTERM');
    t.equal(await server.exitCode, 0);
    const endedMs = Date.now() - startMs;
    server = await startFaultyServer(BUILT_SERVER, ['--workers', '1'], server.port);
    const back = await Promise.all(pages.map((page) => backAtMs(page, startMs)));
    t.comment(`ended after ${endedMs} ms`);
    for (const atMs of back) t.ok(atMs - startMs < BACK_AFTER_RESTART_MS, `back after ${atMs - startMs} ms`);
    await hearEachOther(t, pages);
    await eventually(() => server.log.some(({ msg }) => msg === 'media connected'));
  });
});
