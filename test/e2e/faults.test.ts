import { type Test, test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { CpuWait, withDescendants } from '../helpers/cpu-time.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { startFaultyServer } from '../helpers/faulty-server.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers } from '../helpers/private-network.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const TONES_HZ = { Ada: 430, Ben: 620 };
/** Not counting the time for which a thread of the server or the browser waits for a CPU. */
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
  await eventually(async () => {
    const seen = (await states(page)).filter((state) => state.atMs >= sinceMs);
    const lost = seen.findIndex(({ text }) => text !== CONNECTED);
    atMs = lost < 0 ? undefined : seen.slice(lost).find(({ text }) => text === CONNECTED)?.atMs;
    return atMs !== undefined || `it did not come back: ${JSON.stringify(seen)}`;
  });
  return atMs!;
}

test('two pages in Chromium whose server runs into trouble', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  let server = await startFaultyServer(BUILT_SERVER, ['--workers', '1']);
  t.teardown(() => server.signal('SIGKILL'));
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const pages = await Promise.all(
    (['Ada', 'Ben'] as const).map(async (name) => {
      const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
      const page = await chromium.open(`${server.url}room/faults`, { microphone });
      await page.join({ name });
      await page.waitForSound();
      await page.page.evaluate(RECORD_STATES);
      return page;
    }),
  );
  const hearEachOther = (t: Test) =>
    Promise.all(pages.map((page) => hearsOnly(t, page, TONES_HZ, [page.name === 'Ada' ? 'Ben' : 'Ada'])));
  /** Causes trouble and checks how soon both pages are connected again. */
  const areBack = async (t: Test, withinMs: number, cause: () => Promise<unknown>) => {
    const cpuWait = new CpuWait(withDescendants(process.pid));
    const startMs = Date.now();
    await cause();
    for (const atMs of await Promise.all(pages.map((page) => backAtMs(page, startMs)))) {
      const limitMs = withinMs + cpuWait.longestMs;
      t.ok(atMs - startMs < limitMs, `back after ${atMs - startMs} ms of at most ${limitMs.toFixed(0)}`);
    }
    await hearEachOther(t);
  };
  await hearEachOther(t);

  for (const fault of ['throw', 'hang'] as const) {
    await t.test(
      `they hear each other again within five seconds after the fault "${fault}" in their worker`,
      async (t) => {
        await areBack(t, BACK_AFTER_WORKER_MS, async () => server.plant(0, fault));
        t.same((await pages[0]!.participants()).length, 2, 'nobody has left the room');
      },
    );
  }

  await t.test('they are back within ten seconds after the server is killed and restarted', (t) =>
    areBack(t, BACK_AFTER_RESTART_MS, async () => {
      server.signal('SIGKILL');
      await server.exitCode;
      server = await startFaultyServer(BUILT_SERVER, ['--workers', '1'], server.port);
    }),
  );

  await t.test('they are back within ten seconds after the server is told to stop and restarted', async (t) => {
    await areBack(t, BACK_AFTER_RESTART_MS, async () => {
      const startMs = Date.now();
      server.signal('SIGTERM');
      t.equal(await server.exitCode, 0);
      t.comment(`ended after ${Date.now() - startMs} ms`);
      server = await startFaultyServer(BUILT_SERVER, ['--workers', '1'], server.port);
    });
    await eventually(() => server.log.some(({ msg }) => msg === 'media connected'));
  });
});
