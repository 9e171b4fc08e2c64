import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createCertificate } from '../../bench/client/media-transport.ts';
import { LightParticipant } from '../../bench/client/participant.ts';
import { encodeProgramme } from '../../bench/client/programme.ts';
import { Stopwatch } from '../helpers/cpu-time.ts';
import { eventually } from '../helpers/eventually.ts';
import { everyFrame } from '../helpers/every-frame.ts';
import { heardTone } from '../helpers/heard-tone.ts';
import { Hearing } from '../helpers/hearing.ts';
import { startServer } from '../helpers/running-server.ts';
import { tone } from '../helpers/signal.ts';
import { TcpRelay } from '../helpers/tcp-relay.ts';

const SERVER_ADDRESS = '127.0.0.1';
/** Every address of this kind belongs to this machine. */
const RELAY_ADDRESS = '127.0.0.2';
const TONE_HZ = 500;
/** Sent at -12. Concealed frames are quieter, and nothing is below -50. */
const AUDIBLE_DBFS = -22;

/** One participant who speaks and one who listens, both with media over TCP. `isShared`: on the port of the page. */
async function setUp(t: Test, { isShared = false, workers = 0 } = {}) {
  const relay = await TcpRelay.open({ address: RELAY_ADDRESS, serverAddress: SERVER_ADDRESS });
  t.teardown(() => relay.close());
  const server = await startServer([
    ...['--media-host', SERVER_ADDRESS, '--media-port', String(relay.port)],
    ...['--announce', RELAY_ADDRESS, '--levelling', 'off', '--workers', String(workers)],
    ...(isShared ? ['--port', String(relay.port)] : []),
  ]);
  t.teardown(() => server.close());
  const join = { url: server.webSocketUrl, room: 'lobby', certificate: await createCertificate() };
  const hearing = new Hearing();
  const listener = await LightParticipant.join({
    ...join,
    name: 'listener',
    onPayload: ({ payload, header, atMs }) => hearing.add({ ...header, payload: payload.slice(), atMs }),
  });
  t.teardown(() => listener.close());
  const speaker = await LightParticipant.join({ ...join, name: 'speaker' });
  t.teardown(() => speaker.close());
  speaker.say(encodeProgramme(tone({ frequencyHz: TONE_HZ, samples: 96_000 })));
  t.teardown(everyFrame(() => speaker.sendNext()));
  /** Resolves when the tone is heard in what arrives from now on. */
  const isHeard = async () => {
    const mark = hearing.mark();
    await eventually(() => {
      const { usuallyDbfs } = heardTone(hearing.sound(Math.max(mark, hearing.mark() - 20)), TONE_HZ);
      return usuallyDbfs > AUDIBLE_DBFS || `the tone is heard at ${usuallyDbfs.toFixed(1)} dBFS`;
    });
  };
  await isHeard();
  /** What the listener receives from now on. */
  const listen = async (ms: number) => {
    const mark = hearing.mark();
    const watch = new Stopwatch();
    listener.received.reset(performance.now());
    await sleep(ms);
    const { packets, lost } = listener.received.report(performance.now());
    // Packets that came late because this process waited for a CPU may be missing, or date from before.
    const lateFrames = watch.waitMs / 20;
    const frames = watch.ms / 20;
    return {
      packets,
      lost,
      levelDbfs: heardTone(hearing.sound(mark), TONE_HZ).usuallyDbfs,
      /** Whether at least this share of all packets arrived, and at most all of them. */
      isShare: (least: number, most = 1) =>
        packets >= least * frames - lateFrames && packets <= most * frames + lateFrames,
    };
  };
  const metric = async (name: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1]);
  };
  return { relay, listen, isHeard, metric };
}

/** These tests wait most of the time. */
t.jobs = 3;

const WAYS = {
  'a TCP port for media': {},
  // The sockets are in another thread than the media.
  'the port of the page': { isShared: true, workers: 1 },
};
for (const [way, options] of Object.entries(WAYS))
  t.test(`participants whose media goes over ${way} hear each other without a gap`, { buffered: true }, async (t) => {
    const { relay, listen, isHeard, metric } = await setUp(t, options);
    const { packets, lost, levelDbfs, isShare } = await listen(2000);
    t.ok(isShare(0.95, 1.05), `${packets} packets in 2 s`);
    t.equal(lost, 0);
    t.ok(levelDbfs > AUDIBLE_DBFS, `the tone is heard at ${levelDbfs.toFixed(1)} dBFS`);
    t.equal(await metric('partyline_media_connections_over_tcp'), 2);
    t.equal(await metric('partyline_media_tcp_sockets'), 2);
    t.equal(await metric('partyline_media_tcp_packets_dropped_total'), 0);

    relay.cut();
    await t.resolves(isHeard(), 'after a break they continue on other connections');
    const isOverTcp = async () => (await metric('partyline_media_connections_over_tcp')) === 2;
    await t.resolves(eventually(isOverTcp));
  });

t.test(
  'a listener who was in a tunnel for six seconds gets little of what was said in the meantime, and then what is said now',
  { buffered: true },
  async (t) => {
    const { relay, listen, isHeard, metric } = await setUp(t);
    await listen(4000);
    relay.holdFirst();
    await sleep(6000);
    relay.resume();
    const burst = await listen(1000);
    // The longest pauses that count are 4.7 s at the start, and then the interval of the client's checks, 2.5 s.
    t.ok(burst.isShare(0, 5.5), `${burst.packets} packets in the first second, of 300 meanwhile`);
    t.ok((await metric('partyline_media_tcp_packets_dropped_total')) > 25);
    const after = await listen(600);
    t.ok(after.isShare(0.85, 1.15), `${after.packets} packets in the next 0.6 s`);
    await t.resolves(isHeard());
  },
);

t.test('a flood of connections and bytes at the TCP port does not disturb those who talk', async (t) => {
  const { relay, listen, isHeard, metric } = await setUp(t);
  const flood = new Set<Socket>();
  const kinds = [
    '',
    'GET / HTTP/1.1\r\n\r\n',
    Buffer.from([0, 20, 0]),
    Buffer.alloc(5000, 0xff),
    Buffer.from([0, 4, 0, 1, 0, 0]),
  ];
  let opened = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < 10; i++) {
      const socket = createConnection({ host: SERVER_ADDRESS, port: relay.port });
      const kind = kinds[opened++ % kinds.length]!;
      socket.on('error', () => {});
      socket.once('connect', () => kind.length > 0 && socket.write(kind));
      socket.once('close', () => flood.delete(socket));
      flood.add(socket);
    }
  }, 20);
  t.teardown(() => {
    clearInterval(timer);
    for (const socket of flood) socket.destroy();
  });
  const { packets, lost, isShare } = await listen(2000);
  t.ok(isShare(0.93, 1.1) && lost === 0, `${packets} packets in 2 s, ${lost} lost`);
  await t.resolves(isHeard());
  await eventually(async () => (await metric('partyline_media_tcp_refused_total')) > 400);
  t.ok((await metric('partyline_media_tcp_sockets')) < 40, `few of ${opened} connections are open`);
  t.equal(await metric('partyline_media_connections_over_tcp'), 2);
});
