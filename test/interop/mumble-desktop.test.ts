import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { launchChromium } from '../helpers/browsers.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { blockUdpAt, unblock } from '../helpers/firewall.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { MumbleClient } from '../helpers/mumble-client.ts';
import { MUMBLE_PACKAGES, startMumbleDesktop } from '../helpers/mumble-desktop.ts';
import { hearsOnly, TONE_GAIN } from '../helpers/page-hearing.ts';
import { missingForBrowsers, PRIVATE_ADDRESS } from '../helpers/private-network.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { toInt16, toneLevelDbfs } from '../helpers/signal.ts';
import { untilGood } from '../helpers/until-good.ts';

const TONES_HZ = { Ada: 440, Desk: 930 } as const;
const HEARD_DBFS = -30;
const NOT_HEARD_DBFS = -50;
/** Without an interruption, at least once. */
const UNBROKEN_S = 3;
const WINDOW_SAMPLES = 2400;
const missing = missingForBrowsers ?? missingPackages(MUMBLE_PACKAGES);

/** After a click in the browser. */
interface Reaction {
  readonly heardMs: number;
  readonly shownMs: number;
  readonly endedMs: number;
}

const isSoon = ({ heardMs, shownMs, endedMs }: Reaction) => heardMs < 300 && shownMs < 300 && endedMs < 500;

/** Stretches of 50 ms in which a tone is not heard. */
function lostWindows(sound: Int16Array, frequencyHz: number): number {
  let lost = 0;
  for (let at = 0; at + WINDOW_SAMPLES <= sound.length; at += WINDOW_SAMPLES)
    if (toneLevelDbfs(sound.subarray(at, at + WINDOW_SAMPLES), frequencyHz) < HEARD_DBFS) lost++;
  return lost;
}

test('Debian’s Mumble and Chromium in one room', { skip: skipIfMissing(missing) }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'partyline-mumble-server-'));
  const flags = ['--media-host', PRIVATE_ADDRESS, '--data-dir', dataDir, '--levelling', 'off', '--log-level', 'debug'];
  const mumble = ['--mumble', 'on', '--mumble-port', '0', '--mumble-rooms', 'lobby,other', '--log-format', 'json'];
  const server = await startServerProcess(BUILT_SERVER, [...flags, ...mumble]);
  t.teardown(async () => {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  const [, port] = /"port":(\d+),"msg":"Mumble clients can connect"/.exec(server.output()) ?? [];
  const chromium = await launchChromium();
  t.teardown(() => chromium.close());
  const microphone = { kind: 'tone', frequencyHz: TONES_HZ.Ada, gain: TONE_GAIN } as const;
  const ada = await chromium.open(`${server.url}room/lobby`, { microphone });
  await ada.join({ name: 'Ada' });
  await ada.waitForSound();
  const desk = await startMumbleDesktop({
    port: Number(port),
    name: 'Desk',
    channel: 'lobby',
    frequencyHz: TONES_HZ.Desk,
  });
  t.teardown(() => desk.close());
  const people = async () => (await ada.participants()).map(({ name }) => name);
  await eventually(async () => (await people()).includes('Desk') || `${await people()}\n${desk.output().slice(-2000)}`);

  await t.test('each hears the other', async (t) => {
    await eventually(async () => {
      const { usuallyDbfs } = heardTone(await desk.listen(2), TONES_HZ.Ada);
      return usuallyDbfs > HEARD_DBFS || `the desktop hears ${usuallyDbfs} dBFS`;
    });
    await hearsOnly(t, ada, TONES_HZ, ['Desk']);
  });

  await t.test('the desktop shows who talks, and nobody once they are muted', async () => {
    await eventually(async () => (await desk.talking()).includes('Ada') || `${await desk.talking()}`);
    await ada.click('mute');
    await eventually(async () => !(await desk.talking()).includes('Ada') || `${await desk.talking()}`);
    // What its loudspeaker still has to play takes longer on a busy machine.
    await eventually(async () => {
      const { atMostDbfs } = heardTone(await desk.listen(1), TONES_HZ.Ada);
      return atMostDbfs < NOT_HEARD_DBFS || `${atMostDbfs} dBFS`;
    });
    await ada.click('mute');
    await eventually(async () => (await desk.talking()).includes('Ada') || `${await desk.talking()}`);
  });

  await t.test('the first sound and the indicators come at once, and nothing is lost', async (t) => {
    const talks = async () => (await desk.talking()).includes('Ada');
    const toggleMute = () => ada.page.evaluate(`document.querySelector('[data-testid="mute"]').click()`);
    const measure = async (): Promise<Reaction> => {
      await toggleMute();
      const mutedMs = performance.now();
      await eventually(async () => !(await talks()) || 'still talking');
      const endedMs = performance.now() - mutedMs;
      await desk.listen(0.5);
      const begins = desk.beginsToPlay(TONES_HZ.Ada, HEARD_DBFS);
      const startMs = performance.now();
      await toggleMute();
      const [heardMs, shownMs] = await Promise.all([
        begins.then(() => performance.now() - startMs),
        eventually(async () => (await talks()) || 'not shown').then(() => performance.now() - startMs),
      ]);
      return { heardMs, shownMs, endedMs };
    };
    // Once, because the machine may be busy the other times.
    const reaction = await untilGood(measure, isSoon);
    const { heardMs, shownMs, endedMs } = reaction;
    const text = `heard after ${heardMs.toFixed()} ms, shown after ${shownMs.toFixed()} ms, no longer after ${endedMs.toFixed()} ms`;
    t.comment(text);
    t.ok(isSoon(reaction), text);
    const isWhole = (lost: number) => lost === 0;
    const atDesktop = async () => lostWindows(await desk.listen(UNBROKEN_S), TONES_HZ.Ada);
    t.equal(await untilGood(atDesktop, isWhole), 0, `windows lost at the desktop in ${UNBROKEN_S} s`);
    const inBrowser = async () => lostWindows(toInt16(await ada.record(UNBROKEN_S)), TONES_HZ.Desk);
    t.equal(await untilGood(inBrowser, isWhole), 0, `windows lost in the browser in ${UNBROKEN_S} s`);
  });

  await t.test('whoever is muted at the desktop is muted in the browser', async (t) => {
    const isMuted = async () => (await ada.participants()).find(({ name }) => name === 'Desk')?.isMuted;
    await desk.call('setSelfMuted', 'boolean:true');
    await eventually(async () => (await isMuted()) === true || 'not muted');
    await hearsOnly(t, ada, TONES_HZ, []);
    await desk.call('setSelfMuted', 'boolean:false');
    await eventually(async () => (await isMuted()) === false || 'still muted');
    await hearsOnly(t, ada, TONES_HZ, ['Desk']);
  });

  await t.test('the desktop gets voice by UDP, by the tunnel while UDP is blocked, and by UDP again', async (t) => {
    const sent = async (path: string) =>
      (await server.metrics()).sum('partyline_mumble_voice_packets_total', { path: `out_${path}` });
    const goesOverTo = async (path: string) => {
      const before = await sent(path);
      await eventually(async () => (await sent(path)) > before + 50 || `not by ${path}`);
      await eventually(async () => {
        const { usuallyDbfs } = heardTone(await desk.listen(1), TONES_HZ.Ada);
        return usuallyDbfs > HEARD_DBFS || `${usuallyDbfs} dBFS`;
      });
      t.pass(`by ${path}`);
    };
    // What the desktop itself says through the tunnel would keep the server there.
    await desk.call('setSelfMuted', 'boolean:true');
    await goesOverTo('udp');
    blockUdpAt(Number(port));
    await goesOverTo('tunnel');
    unblock();
    await goesOverTo('udp');
    await desk.call('setSelfMuted', 'boolean:false');
  });

  await t.test('another room hears nothing', async (t) => {
    const other = await MumbleClient.join({ port: Number(port), name: 'Other' });
    t.teardown(() => other.close());
    await other.enter('other');
    await desk.listen(2);
    t.equal(other.heard.length, 0);
  });
});
