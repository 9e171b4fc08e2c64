import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { CpuWait } from '../helpers/cpu-time.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

const TONES_HZ = { Ada: 430, Berta: 710, Clara: 1130, 'Dora on Firefox': 1690 };
type Name = keyof typeof TONES_HZ;
const NAMES = Object.keys(TONES_HZ) as Name[];
const CONCEALED_PERCENT = 2;
/** A hundred packets: a single one that comes late is less than what is allowed. */
const WATCH_MS = 2000;
const SCREENSHOTS = '.tap/screenshots';

interface Concealed {
  readonly percent: number;
  /** Share of the time for which a thread of the server could not run because the machine was busy. */
  readonly serverWaitPercent: number;
}

async function watchConcealment(page: VoicePage, serverPid: number): Promise<Concealed> {
  const read = async () => {
    const { inbound } = await page.report();
    const made = Number(inbound['concealedSamples']) - Number(inbound['silentConcealedSamples'] ?? 0);
    return { made, all: Number(inbound['totalSamplesReceived']) };
  };
  const wait = new CpuWait([serverPid]);
  const before = await read();
  await sleep(WATCH_MS);
  const after = await read();
  return {
    percent: ((after.made - before.made) / (after.all - before.all)) * 100,
    serverWaitPercent: (wait.longestMs / WATCH_MS) * 100,
  };
}

test('three Chromium pages and one Firefox page in one room', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  const [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
  t.teardown(() => Promise.all([chromium.close(), firefox.close()]));
  mkdirSync(SCREENSHOTS, { recursive: true });

  const pages = await Promise.all(
    NAMES.map(async (name) => {
      const browser = name === 'Dora on Firefox' ? firefox : chromium;
      const page = await browser.open(`${server.url}room/tones`, {
        microphone: { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN },
      });
      await page.join({ name });
      await page.waitForSound();
      return page;
    }),
  );
  const [ada, berta, clara, dora] = pages as [VoicePage, VoicePage, VoicePage, VoicePage];
  /** Checks that these pages hear these people, each except themselves, and nobody else. */
  const hear = (t: Test, listeners: readonly VoicePage[], talkers: readonly Name[]) => {
    const others = ({ name }: VoicePage) => talkers.filter((talker) => talker !== name);
    return Promise.all(listeners.map((page) => hearsOnly(t, page, TONES_HZ, others(page))));
  };

  await t.test('everybody hears the other three and not themselves', (t) => hear(t, pages, NAMES));

  await t.test('each page plays one remote track with one audio element', async (t) => {
    for (const page of pages) t.match(await page.report(), { remoteTracks: 1, audioElements: 1, isAudible: true });
  });

  await t.test('less than two percent of what is heard was concealed', async (t) => {
    // What a server that has to wait for a CPU does not send in time is concealed, too.
    const isGood = ({ percent, serverWaitPercent }: Concealed) => percent < CONCEALED_PERCENT + serverWaitPercent;
    await Promise.all(
      pages.map(async (page) => {
        const concealed = await untilGood(() => watchConcealment(page, server.pid), isGood);
        const { percent, serverWaitPercent } = concealed;
        const title = `${page.name}: ${percent.toFixed(2)} %, the server waited for ${serverWaitPercent.toFixed(2)} %`;
        t.ok(isGood(concealed), title);
      }),
    );
  });

  await t.test('everybody sees the same four people, all speaking', async (t) => {
    for (const page of pages) {
      await eventually(async () => (await page.participants()).every(({ isSpeaking }) => isSpeaking));
      const people = await page.participants();
      t.same(people.map(({ name }) => name).sort(), [...NAMES].sort());
      t.equal(people.find(({ isSelf }) => isSelf)?.name, page.name);
    }
    await ada.screenshot(`${SCREENSHOTS}/chromium.png`);
    await dora.screenshot(`${SCREENSHOTS}/firefox.png`);
  });

  await t.test('somebody who clicks Mute is not heard, and is heard again after the next click', async (t) => {
    await ada.click('mute');
    await berta.waitFor('participant', '[data-muted="true"]');
    await hear(t, pages, ['Berta', 'Clara', 'Dora on Firefox']);
    await ada.click('mute');
    await hear(t, [dora], NAMES);
  });

  await t.test('somebody who clicks Deafen hears nothing and is not heard, until the next click', async (t) => {
    await dora.click('deafen');
    await ada.waitFor('participant', '[data-deafened="true"]');
    await Promise.all([hear(t, [ada, berta, clara], ['Ada', 'Berta', 'Clara']), hear(t, [dora], [])]);
    t.equal((await dora.report()).isAudible, false);
    await dora.click('deafen');
    await hear(t, [ada], NAMES);
  });

  await t.test('somebody who clicks Leave disappears from the list and from the sound', async (t) => {
    await clara.click('leave');
    await clara.waitFor('join');
    await hear(t, [ada, berta], ['Ada', 'Berta', 'Dora on Firefox']);
    for (const page of [ada, berta, dora]) {
      t.notOk((await page.participants()).some(({ name }) => name === 'Clara'));
    }
    t.equal((await clara.report()).remoteTracks, 0);
  });

  await t.test('no page has thrown or logged an error', async (t) => {
    for (const page of pages) t.same(page.errors, []);
  });
});
