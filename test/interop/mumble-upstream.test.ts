import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { MumbleClient } from '../helpers/mumble-client.ts';
import { digestOf, MURMUR_PACKAGE, startMurmur } from '../helpers/murmur.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { toInt16, tone } from '../helpers/signal.ts';
import { untilGood } from '../helpers/until-good.ts';

const TONES_HZ = { Ada: 440, Ben: 640, Mia: 930 } as const;
const PACKETS = 100;
const missing = missingForBrowsers ?? missingPackages([MURMUR_PACKAGE]);

function packetsOf(frequencyHz: number): Uint8Array[] {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz, samples: PACKETS * FRAME_SAMPLES }));
  return Array.from({ length: PACKETS }, (_, n) =>
    Uint8Array.from(encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES))),
  );
}

test('Chromium in a channel of Debian’s mumble-server', { skip: skipIfMissing(missing) }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'partyline-upstream-'));
  const murmur = await startMurmur();
  t.teardown(() => murmur.close());
  const upstream = ['--mumble-upstream', `127.0.0.1:${murmur.port}`, '--mumble-upstream-rooms', 'lobby=/'];
  const server = await startServerProcess(BUILT_SERVER, [
    ...['--media-host', PRIVATE_ADDRESS, '--data-dir', dataDir, '--levelling', 'off', ...upstream],
    ...['--mumble-upstream-certificate', await digestOf(murmur.port), '--mumble-upstream-connects', '100'],
  ]);
  t.teardown(async () => {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const open = async (name: 'Ada' | 'Ben') => {
    const microphone = { kind: 'tone', frequencyHz: TONES_HZ[name], gain: TONE_GAIN } as const;
    const page = await chromium.open(`${server.url}room/lobby`, { microphone });
    await page.join({ name });
    await page.waitForSound();
    return page;
  };
  const mia = await MumbleClient.join({ port: murmur.port, name: 'Mia', format: 'old' });
  const packets = packetsOf(TONES_HZ.Mia);
  let n = 0;
  const stop = everyFrame(() => {
    if (n++ % 200 === 0) mia.ping();
    mia.say(2 * n, packets[n % PACKETS]!);
  });
  t.teardown(() => {
    stop();
    mia.close();
  });
  const ada = await open('Ada');
  const ben = await open('Ben');
  await eventually(() => (mia.user('Ada') !== undefined && mia.user('Ben') !== undefined) || 'not there');

  await t.test('each hears the other two, once', async (t) => {
    await hearsOnly(t, ada, TONES_HZ, ['Ben', 'Mia']);
    await hearsOnly(t, ben, TONES_HZ, ['Ada', 'Mia']);
    const own = [mia.user('Ada')!.session!, mia.user('Ben')!.session!].sort();
    // Until their own clients were there, the one for all has said what they say.
    const listen = async () => {
      mia.heard.length = 0;
      await sleep(500);
      return [...new Set(mia.heard.map(({ session }) => session))].sort();
    };
    t.same(await untilGood(listen, (sessions) => sessions.join() === own.join()), own);
  });

  await t.test('the page shows who is on Mumble, and mutes go both ways', async () => {
    const shown = async () => (await ada.participants()).find(({ name }) => name === 'Mia');
    await eventually(async () => (await shown())?.isMuted === false || 'Mia is not shown');
    mia.send('userState', { selfMute: true });
    await eventually(async () => (await shown())?.isMuted === true || 'not muted here');
    await ada.click('mute');
    await eventually(() => mia.user('Ada')?.selfMute === true || 'not muted there');
  });

  await t.test('the page says that Mumble is away, and no longer when it is back', async () => {
    const state = () =>
      ada.page.evaluate(`document.querySelector('[data-testid="mumble-notice"]')?.getAttribute('data-state') ?? null`);
    await murmur.kill();
    await eventually(async () => (await state()) === 'away' || `${await state()}`);
    await murmur.restart();
    await eventually(async () => (await state()) === null || `${await state()}\n${server.output().slice(-2000)}`);
  });
});
