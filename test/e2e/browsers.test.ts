import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ElementHandle } from 'puppeteer-core';
import { type Test, test } from 'tap';
import { ApiClient } from '../helpers/api-client.ts';
import { launchChromium, launchFirefox } from '../helpers/browsers.ts';
import { CpuWait } from '../helpers/cpu-time.ts';
import { skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { stereoTone } from '../helpers/music.ts';
import { HEARD_DBFS, hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { pngWithNote } from '../helpers/png.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { untilGood } from '../helpers/until-good.ts';
import type { VoicePage } from '../helpers/voice-page.ts';
import { formatWav } from '../helpers/wav.ts';

const TONES_HZ = { Ada: 430, Berta: 710, Clara: 1130, 'Dora on Firefox': 1690 };
type Name = keyof typeof TONES_HZ;
const NAMES = Object.keys(TONES_HZ) as Name[];
const CONCEALED_PERCENT = 2;
/** A hundred packets: a single one that comes late is less than what is allowed. */
const WATCH_MS = 2000;
const SCREENSHOTS = '.tap/screenshots';
const TOKEN = 'an-admin-token-of-32-characters.';
const LISTEN_S = 0.6;
/** At 710 Hz, an ear that is turned away hears so much less of a voice at the side: -8 dB below 1.2 kHz, -18 above. */
const FAR_EAR_DB = 9.1;
/** In mono, the gains of both ears are averaged. */
const MONO_DB = -3.5;
/** A channel at the very side is so much quieter in the far ear. */
const PAN_DB = 12;
const DUCK_DB = 12;
const TOLERANCE_DB = 1;
const NOT_HEARD_DBFS = -50;
const MUSIC = { leftHz: 2370, rightHz: 3120 };
const MUSIC_S = 60;
/** In the picture that is sent, before it is drawn again. */
const NOTE = 'taken at 52.5 N 13.4 E';

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
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--levelling', 'off', '--admin-token', TOKEN],
    ...['--chat-file-bytes', '1000000'],
  ]);
  const api = new ApiClient(server.url.replace(/\/$/, ''), TOKEN);
  t.teardown(() => server.stop());
  const [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
  t.teardown(() => Promise.all([chromium.close(), firefox.close()]));
  mkdirSync(SCREENSHOTS, { recursive: true });

  const pages = await Promise.all(
    NAMES.map(async (name) => {
      const browser = name === 'Dora on Firefox' ? firefox : chromium;
      const page = await browser.open(`${server.url}room/tones`, {
        microphone: { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN },
        mono: name === 'Clara',
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

  /** Measures tones in both ears until all is as it should be. */
  const measures = async (
    t: Test,
    page: VoicePage,
    frequenciesHz: readonly number[],
    wrong: (ears: readonly (readonly [left: number, right: number])[]) => string | undefined,
  ) => {
    const listen = async () => {
      const sides = await page.recordStereo(LISTEN_S);
      return wrong(
        frequenciesHz.map((hz) => {
          const [left, right] = sides.map((side) => heardTone(side, hz).usuallyDbfs);
          return [left!, right!] as const;
        }),
      );
    };
    t.equal(await untilGood(listen, (text) => text === undefined), undefined, `${page.name} hears it`);
  };
  const isNear = (dB: number, wantedDb: number) => Math.abs(dB - wantedDb) <= TOLERANCE_DB;
  const { body: present } = await api.get('/rooms/tones/participants');
  const people = present.participants as readonly { readonly id: string; readonly name: Name }[];
  const idOf = (name: Name) => people.find((person) => person.name === name)!.id;

  await t.test('in space, a voice on the left is louder there by the law, in both browsers and in mono', async (t) => {
    const flat = { left: 0 };
    await measures(t, clara, [TONES_HZ.Berta], ([[left, right] = [0, 0]] = []) => {
      flat.left = left;
      return isNear(left - right, 0) ? undefined : `${left} and ${right} dBFS`;
    });
    const positions = [
      [idOf('Ada'), 0, 0, 0],
      [idOf('Dora on Firefox'), 0, 0, 0.1],
      [idOf('Berta'), -2, 0, 0.05],
    ];
    await api.post('/rooms/tones/space', { rules: {}, positions });
    for (const page of [ada, dora]) {
      await measures(t, page, [TONES_HZ.Berta, TONES_HZ.Clara], ([[left, right] = [0, 0], [other] = [0]] = []) => {
        if (other > NOT_HEARD_DBFS) return `Clara has no place: ${other} dBFS`;
        return isNear(left - right, FAR_EAR_DB) ? undefined : `${left} and ${right} dBFS`;
      });
    }
    await api.post('/rooms/tones/space', { positions: [[idOf('Clara'), 0, 0, 0.05]] });
    await measures(t, clara, [TONES_HZ.Berta], ([[left, right] = [0, 0]] = []) =>
      isNear(left - right, 0) && isNear(left - flat.left, MONO_DB)
        ? undefined
        : `${left} and ${right} dBFS, without space ${flat.left}`,
    );
    await api.post('/rooms/tones/space', { rules: null });
    await hear(t, [ada], NAMES);
  });

  await t.test('a channel sounds like a radio, from the left, and turns others down, in both browsers', async (t) => {
    const hears = ['Ada', 'Dora on Firefox'] as const satisfies Name[];
    const before = new Map<VoicePage, number>();
    const harmonicHz = 3 * TONES_HZ.Berta;
    for (const page of [ada, dora]) {
      await measures(t, page, [TONES_HZ.Clara, harmonicHz], ([[clara] = [0], [harmonic] = [0]] = []) => {
        // Twice the same: what a browser has just stretched is quieter.
        const isSteady = Math.abs(clara - (before.get(page) ?? 0)) < TOLERANCE_DB / 4;
        before.set(page, clara);
        return isSteady && harmonic < NOT_HEARD_DBFS ? undefined : `${clara} dBFS, ${harmonic} of a harmonic`;
      });
    }
    const lists = { speak: [idOf('Berta')], hear: hears.map(idOf) };
    const sound = { effect: 'radio', pan: -1, duckDb: DUCK_DB };
    await api.post('/rooms/tones/channels', { name: 'command', ...lists, ...sound });
    await berta.clickOn('[data-testid="talk-to"][data-team="command"]');
    for (const page of [ada, dora]) {
      const heard = [TONES_HZ.Berta, TONES_HZ.Clara, harmonicHz];
      await measures(t, page, heard, ([[left, right] = [0, 0], [clara] = [0], [harmonic] = [0]] = []) => {
        if (!isNear(left - right, PAN_DB)) return `Berta at ${left} and ${right} dBFS`;
        if (!isNear((before.get(page) ?? 0) - clara, DUCK_DB)) return `Clara from ${before.get(page)} to ${clara} dBFS`;
        return harmonic > left - 40 ? undefined : `a harmonic at ${harmonic} dBFS`;
      });
    }
    await api.delete('/rooms/tones/channels/command');
    await berta.page.waitForFunction(`document.querySelector('[data-testid="talk-to"]') === null`);
    await hear(t, [ada, dora], NAMES);
  });

  await t.test('a sound that somebody shares is heard in both ears, in both browsers, and not by them', async (t) => {
    const file = join(t.testdir(), 'music.wav');
    const samples = stereoTone(MUSIC, 50 * MUSIC_S);
    writeFileSync(file, formatWav({ sampleRate: 48_000, channels: 2, samples }));
    await ada.click('share');
    await ada.waitFor('share-file');
    const [chooser] = await Promise.all([ada.page.waitForFileChooser(), ada.click('share-file')]);
    await chooser.accept([file]);
    const tones = Object.values(MUSIC);
    for (const page of [berta, dora]) {
      await page.waitFor('shared-sound', '[data-own="false"]');
      await measures(t, page, tones, ([low = [0, 0], high = [0, 0]] = []) => {
        const isApart = low[1] < NOT_HEARD_DBFS && high[0] < NOT_HEARD_DBFS;
        const isHeard = low[0] > HEARD_DBFS && high[1] > HEARD_DBFS;
        return isApart && isHeard ? undefined : `${low.join(' and ')}, ${high.join(' and ')} dBFS`;
      });
      await page.waitFor('shared-sound', '[data-speaking="true"]');
      t.equal((await page.participants()).length, 4, 'it is no person');
    }
    t.equal(
      await berta.page.evaluate(`document.querySelector('[data-testid="shared-sound"] .person-name').textContent`),
      'Ada’s music',
    );
    await measures(t, ada, tones, (ears) =>
      ears.flat().every((level) => level < NOT_HEARD_DBFS) ? undefined : `Ada hears it: ${ears.join('; ')} dBFS`,
    );
    await hear(t, [ada, berta], NAMES);
    await ada.click('share');
    for (const page of [ada, berta, dora])
      await page.page.waitForFunction(`document.querySelector('[data-testid="shared-sound"]') === null`);
  });

  await t.test('a picture goes through the chat without what a camera wrote into it, in both browsers', async (t) => {
    const file = join(t.testdir(), 'holiday.png');
    writeFileSync(file, pngWithNote(64, 48, NOTE));
    for (const page of [ada, dora]) {
      await page.click('chat-open');
      await page.waitFor('chat-attach');
    }
    const [chooser] = await Promise.all([ada.page.waitForFileChooser(), ada.click('chat-attach')]);
    await chooser.accept([file]);
    const shown = (count: number) => `(() => {
      const images = [...document.querySelectorAll('[data-testid="chat-file"] img')];
      return images.length === ${count} && images.every(({ naturalWidth }) => naturalWidth === 64);
    })()`;
    await dora.page.waitForFunction(shown(1));
    const input = (await dora.page.$('[data-testid="chat-file-input"]')) as ElementHandle<never>;
    await input.uploadFile(file);
    await ada.page.waitForFunction(shown(2));
    const [first, second] = (await ada.page.evaluate(`Promise.all(
      [...document.querySelectorAll('[data-testid="chat-file"] img')].map(({ src, alt }) =>
        fetch(src).then(async (response) => [alt, response.headers.get('content-type'), await response.text()])),
    )`)) as [alt: string, type: string, content: string][];
    for (const [alt, type, content] of [first!, second!]) {
      t.equal(alt, 'Picture holiday.webp');
      t.equal(type, 'image/webp');
      t.notMatch(content, NOTE);
    }
    await ada.click('chat-delete');
    await dora.page.waitForFunction(shown(1));
    for (const page of [ada, dora]) await page.click('chat-close');
  });

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
