import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { MumbleClient } from '../helpers/mumble-client.ts';
import { digestOf, MURMUR_PACKAGE, startMurmur } from '../helpers/murmur.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { toInt16, tone } from '../helpers/signal.ts';
import { untilGood } from '../helpers/until-good.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const skip = skipIfMissing(missingPackages([MURMUR_PACKAGE]));
const TONES_HZ = { Ada: 430, Ben: 630, Mia: 930 } as const;
const PACKETS = 100;

/** A tone without an end, as Opus packets. */
function packetsOf(frequencyHz: number): Uint8Array[] {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz, samples: PACKETS * FRAME_SAMPLES }));
  return Array.from({ length: PACKETS }, (_, n) =>
    Uint8Array.from(encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES))),
  );
}

test('a room and a channel of Debian’s mumble-server are one, through a real worker', { skip }, async (t) => {
  const murmur = await startMurmur();
  t.teardown(() => murmur.close());
  const server = await startServer([
    ...['--mumble-upstream', `127.0.0.1:${murmur.port}`, '--mumble-upstream-rooms', 'lobby=/', '--data-dir'],
    ...[t.testdir(), '--mumble-upstream-certificate', await digestOf(murmur.port), '--mumble-upstream-connects', '100'],
    // One of both has a user of their own there; the other is heard through the one for all.
    ...['--mumble-upstream-people', '1', '--levelling', 'off', '--workers', '1'],
  ]);
  t.teardown(() => server.close());
  const join = async (name: string) => {
    const joined = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name });
    t.teardown(() => joined.close());
    return joined;
  };
  let mia = await MumbleClient.join({ port: murmur.port, name: 'Mia', format: 'old' });
  let n = 0;
  const packets = packetsOf(TONES_HZ.Mia);
  let isTalking = false;
  const stop = everyFrame(() => {
    if (n++ % 200 === 0) mia.ping();
    if (isTalking) mia.say(2 * n, packets[n % PACKETS]!);
  });
  t.teardown(() => {
    stop();
    mia.close();
  });
  const ada = await join('Ada');
  await eventually(() => mia.user('Ada') !== undefined || 'no Ada there');
  const ben = await join('Ben');

  await t.test('who is there is heard here, once, and does not hear themselves', async (t) => {
    isTalking = true;
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Mia']));
    await t.resolves(hearsOnly(ben, TONES_HZ, ['Mia']));
    t.same(mia.heard, []);
    isTalking = false;
  });

  await t.test('who is here is heard there: as themselves, or through the one for all', async (t) => {
    ada.say(toneSound(TONES_HZ.Ada));
    const isHeardAs = async (name: string) => {
      const { session } = mia.user(name)!;
      // Who spoke before may be heard for a moment.
      const listen = async () => {
        mia.heard.length = 0;
        await sleep(500);
        return [...new Set(mia.heard.map((packet) => packet.session))];
      };
      t.same(await untilGood(listen, (sessions) => sessions.join() === `${session}`), [session], name);
    };
    await isHeardAs('Ada');
    ada.say(silence);
    ben.say(toneSound(TONES_HZ.Ben));
    await isHeardAs('Partyline');
    t.equal(mia.user('Ben'), undefined);
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Ben']), 'nobody hears the room come back from there');
    ben.say(silence);
  });

  await t.test('whoever is muted here is not heard there', async (t) => {
    ada.send({ type: 'state', muted: true });
    await eventually(() => mia.user('Ada')?.selfMute === true || 'not muted there');
    ada.say(toneSound(TONES_HZ.Ada));
    await new Promise((resolve) => setTimeout(resolve, 500));
    mia.heard.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.same(mia.heard, []);
    ada.send({ type: 'state', muted: false });
    await eventually(() => mia.heard.length > 0 || 'not heard again');
    ada.say(silence);
  });

  await t.test('after a restart of the other server, everybody is back', async (t) => {
    await murmur.kill();
    const news = () => ada.messages.flatMap((message) => (message.type === 'data' ? [message.payload] : [])).at(-1);
    await eventually(
      () => JSON.stringify(news()) === '{"state":"away","reason":"unreachable"}' || JSON.stringify(news()),
    );
    mia.close();
    await murmur.restart();
    mia = await MumbleClient.join({ port: murmur.port, name: 'Mia', format: 'old' });
    // The one place goes to whoever is first: who lost a client waits before the next. Attempts become rarer, up to
    // one in 30 s.
    const isBack = () => mia.user('Ada') !== undefined || mia.user('Ben') !== undefined;
    await eventually(() => isBack() || 'nobody is there', 180_000);
    isTalking = true;
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Mia']));
  });
});
