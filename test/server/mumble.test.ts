import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { MumbleClient } from '../helpers/mumble-client.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { startServer } from '../helpers/running-server.ts';
import { toInt16, tone } from '../helpers/signal.ts';
import { silence, toneSound, WeriftParticipant } from '../helpers/werift-participant.ts';
import { hearsOnly } from '../helpers/who-is-heard.ts';

const TONES_HZ = { Ada: 430, Mia: 930, Listener: 1470 } as const;
const PACKETS = 100;

/** A tone without an end, as Opus packets. */
function packetsOf(frequencyHz: number): Uint8Array[] {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz, samples: PACKETS * FRAME_SAMPLES }));
  return Array.from({ length: PACKETS }, (_, n) =>
    Uint8Array.from(encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES))),
  );
}

async function fingerprintOf(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return fingerprint256;
}

test('Mumble clients and WebRTC in one room, through a real worker', async (t) => {
  const port = await freePort();
  const dataDir = t.testdir();
  const flags = ['--mumble', 'on', '--mumble-port', String(port), '--mumble-rooms', 'lobby', '--data-dir', dataDir];
  const start = () => startServer([...flags, '--levelling', 'off', '--workers', '1', '--mumble-default-room', 'lobby']);
  const server = await start();
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await server.close();
    isClosed = true;
  };
  t.teardown(close);
  const ada = await WeriftParticipant.join({ url: server.webSocketUrl, room: 'lobby', name: 'Ada' });
  t.teardown(() => ada.close());
  const [mia, listener] = await Promise.all([
    MumbleClient.join({ port, name: 'Mia', format: 'old' }),
    MumbleClient.join({ port, name: 'Listener' }),
  ]);
  t.teardown(() => {
    mia.close();
    listener.close();
  });
  const packets = packetsOf(TONES_HZ.Mia);
  let n = 0;
  let stop = () => {};
  t.teardown(() => stop());
  const isFrom = (name: string) => (heard: { readonly session: number }) =>
    heard.session === listener.user(name)?.session;

  await t.test('what a Mumble client says is in the mix, and reaches the other one as it was', async (t) => {
    stop = everyFrame(() => mia.say(2 * n, packets[n++ % PACKETS]!));
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Mia']));
    const known = new Set(packets.map((packet) => Buffer.from(packet).toString('hex')));
    const heard = listener.heard.filter(isFrom('Mia'));
    t.ok(heard.length > 20, `${heard.length} packets`);
    t.ok(heard.every(({ opus, isLast }) => isLast || known.has(Buffer.from(opus).toString('hex'))));
    t.equal(mia.heard.length, 0, 'nobody hears themselves');
  });

  await t.test('muted means silent for everybody at once', async (t) => {
    mia.send('userState', { selfMute: true });
    await eventually(() => mia.own.selfMute === true || 'not muted');
    await t.resolves(hearsOnly(ada, TONES_HZ, []));
    const before = listener.heard.length;
    await sleep(300);
    t.ok(listener.heard.length - before <= 1, 'one packet at most, the end');
    stop();
  });

  await t.test('clients of both generations and a browser hear each other', async (t) => {
    const words = packetsOf(TONES_HZ.Listener);
    const known = new Set(words.map((packet) => Buffer.from(packet).toString('hex')));
    mia.heard.length = 0;
    let said = 0;
    stop = everyFrame(() => listener.say(2 * said, words[said++ % PACKETS]!));
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Listener']));
    await eventually(() => mia.heard.length > 20 || `${mia.heard.length} packets`);
    t.ok(mia.heard.every(({ session }) => session === mia.user('Listener')?.session));
    t.ok(mia.heard.every(({ opus, isLast }) => isLast || known.has(Buffer.from(opus).toString('hex'))));
    mia.send('userState', { selfMute: false });
    await eventually(() => listener.user('Mia')?.selfMute === false || 'still muted');
    const stopListener = stop;
    const stopMia = everyFrame(() => mia.say(2 * n, packets[n++ % PACKETS]!));
    stop = () => {
      stopListener();
      stopMia();
    };
    listener.heard.length = 0;
    await t.resolves(hearsOnly(ada, TONES_HZ, ['Mia', 'Listener']), 'both at the same time');
    await eventually(() => listener.heard.length > 20 || `${listener.heard.length} packets`);
    t.ok(listener.heard.every(isFrom('Mia')), 'nobody hears themselves');
    stop();
  });

  await t.test('what WebRTC says reaches Mumble clients, and a whisper only its listener', async (t) => {
    ada.say(toneSound(TONES_HZ.Ada));
    await eventually(() => listener.heard.some(isFrom('Ada')) || 'not heard');
    await eventually(() => mia.heard.length > 0 || 'not heard in the old format');
    const miaId = ada.messages.flatMap((message) =>
      message.type === 'participant_joined' && message.participant.name === 'Mia' ? [message.participant.id] : [],
    );
    ada.send({ type: 'talk_to', to: miaId });
    await sleep(700);
    const heard = listener.heard.length;
    mia.heard.length = 0;
    const isMixed = ({ session }: { readonly session: number }) => session === mia.user('Everybody (mixed)')?.session;
    await eventually(() => mia.heard.filter(isMixed).length > 20 || 'the whisper is not heard');
    t.equal(listener.heard.length, heard, 'not by the one to whom nobody whispers');
    t.ok(mia.heard.every(isMixed), 'nor by anybody through the tap');
    ada.send({ type: 'talk_to', room: true });
    await eventually(() => listener.heard.length > heard || 'not heard again');
    ada.say(silence);
  });

  await t.test('the certificate is kept', async (t) => {
    const before = await fingerprintOf(port);
    await close();
    const again = await start();
    t.teardown(() => again.close());
    t.equal(await fingerprintOf(port), before);
  });
});
