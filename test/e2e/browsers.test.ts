import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import type { VoicePage } from '../helpers/voice-page.ts';

/** Far apart, and far from each other's harmonics. */
const TONES_HZ = [430, 710, 1130, 1690];
const NAMES = ['Ada', 'Berta', 'Clara', 'Dora on Firefox'];
const GAIN = 0.15;
/** A tone of this gain is mixed with others and limited slightly at most. Its level alone is -17 dBFS. */
const HEARD_DBFS = -26;
const NOT_HEARD_DBFS = -50;
const SETTLE_MS = 1000;
const SCREENSHOTS = '.tap/screenshots';

/** Checks for each page that it hears the tones of these people (by index) and no others. */
async function checkHearing(t: Test, pages: readonly VoicePage[], expected: readonly (readonly number[])[]) {
  const heard = await Promise.all(pages.map((page) => page.hear(TONES_HZ, 1)));
  for (const [listener, levels] of heard.entries()) {
    for (const [talker, hz] of TONES_HZ.entries()) {
      const { usuallyDbfs, atMostDbfs } = levels.get(hz) ?? { usuallyDbfs: Number.NaN, atMostDbfs: Number.NaN };
      const title = `${NAMES[talker]} at ${NAMES[listener]}: ${usuallyDbfs.toFixed(1)} to ${atMostDbfs.toFixed(1)} dBFS`;
      if (expected[listener]?.includes(talker)) t.ok(usuallyDbfs > HEARD_DBFS, title);
      else t.ok(atMostDbfs < NOT_HEARD_DBFS, title);
    }
  }
}

async function concealedPercent(page: VoicePage, seconds: number): Promise<number> {
  const read = async () => {
    const { inbound } = await page.report();
    const made = Number(inbound['concealedSamples']) - Number(inbound['silentConcealedSamples'] ?? 0);
    return { made, all: Number(inbound['totalSamplesReceived']) };
  };
  const before = await read();
  await sleep(seconds * 1000);
  const after = await read();
  return ((after.made - before.made) / (after.all - before.all)) * 100;
}

async function skippedTicks(url: string): Promise<number> {
  const text = await (await fetch(`${url}metrics`)).text();
  return [...text.matchAll(/^partyline_ticks_skipped_total\S* (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

test('three Chromium pages and one Firefox page in one room', {
  skip: skipIfMissing(missingForBrowsers),
}, async (t) => {
  const server = await startServerProcess(BUILT_SERVER, ['--media-host', PRIVATE_ADDRESS, '--levelling', 'off']);
  t.teardown(() => server.stop());
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const firefox = await launchFirefox();
  t.teardown(() => firefox.close());
  mkdirSync(SCREENSHOTS, { recursive: true });

  const pages: VoicePage[] = [];
  for (const [index, frequencyHz] of TONES_HZ.entries()) {
    const browser = index === 3 ? firefox : chromium;
    const page = await browser.open(`${server.url}room/tones`, {
      microphone: { kind: 'tone', frequencyHz, gain: GAIN },
    });
    await page.join({ name: NAMES[index] ?? '' });
    await page.waitForSound();
    pages.push(page);
  }
  const [ada, berta, clara, dora] = pages as [VoicePage, VoicePage, VoicePage, VoicePage];
  await sleep(SETTLE_MS);

  await t.test('everybody hears the other three and not themselves', async (t) => {
    await checkHearing(t, pages, [
      [1, 2, 3],
      [0, 2, 3],
      [0, 1, 3],
      [0, 1, 2],
    ]);
  });

  await t.test('each page plays one remote track with one audio element', async (t) => {
    for (const page of pages) t.match(await page.report(), { remoteTracks: 1, audioElements: 1, isAudible: true });
  });

  await t.test('less than two percent of what is heard was concealed', async (t) => {
    const skippedBefore = await skippedTicks(server.url);
    const percents = await Promise.all(pages.map((page) => concealedPercent(page, 4)));
    // Part of the message, because an overloaded machine shows up here, which is not a fault of the mix.
    const skipped = (await skippedTicks(server.url)) - skippedBefore;
    for (const [index, percent] of percents.entries()) {
      t.ok(percent < 2, `${NAMES[index]}: ${percent.toFixed(2)} %, ${skipped} ticks skipped by the server`);
    }
  });

  await t.test('everybody sees the same four people, all speaking', async (t) => {
    for (const [index, page] of pages.entries()) {
      const people = await page.participants();
      t.same(people.map(({ name }) => name).sort(), [...NAMES].sort());
      t.equal(people.find(({ isSelf }) => isSelf)?.name, NAMES[index]);
      t.same(
        people.filter(({ isSpeaking }) => !isSpeaking),
        [],
      );
    }
    await ada.screenshot(`${SCREENSHOTS}/chromium.png`);
    await dora.screenshot(`${SCREENSHOTS}/firefox.png`);
  });

  await t.test('somebody who clicks Mute is not heard, and is heard again after the next click', async (t) => {
    await ada.click('mute');
    await berta.waitFor('participant', '[data-muted="true"]');
    await sleep(SETTLE_MS);
    await checkHearing(t, pages, [
      [1, 2, 3],
      [2, 3],
      [1, 3],
      [1, 2],
    ]);
    await ada.click('mute');
    await sleep(SETTLE_MS);
    await checkHearing(t, [dora], [[0, 1, 2]]);
  });

  await t.test('somebody who clicks Deafen hears nothing, and is still heard', async (t) => {
    await dora.click('deafen');
    await ada.waitFor('participant', '[data-deafened="true"]');
    await sleep(SETTLE_MS);
    await checkHearing(t, [ada, berta, clara, dora], [[1, 2, 3], [0, 2, 3], [0, 1, 3], []]);
    t.equal((await dora.report()).isAudible, false);
    await dora.click('deafen');
  });

  await t.test('somebody who clicks Leave disappears from the list and from the sound', async (t) => {
    await clara.click('leave');
    await clara.waitFor('join');
    await sleep(SETTLE_MS);
    await checkHearing(
      t,
      [ada, berta],
      [
        [1, 3],
        [0, 3],
      ],
    );
    for (const page of [ada, berta, dora]) {
      t.notOk((await page.participants()).some(({ name }) => name === 'Clara'));
    }
    t.equal((await clara.report()).remoteTracks, 0);
  });

  await t.test('no page has thrown or logged an error', async (t) => {
    for (const page of pages) t.same(page.errors, []);
  });
});
