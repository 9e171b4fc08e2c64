import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { test } from 'tap';
import { systemClock } from '../../../src/lib/clock.ts';
import { toAppError } from '../../../src/lib/errors.ts';
import type { MediaPlaneOptions, MediaRoom, MediaRoomEvents } from '../../../src/media/plane.ts';
import { createMediaPlane } from '../../../src/server/media-plane.ts';
import { CpuWait } from '../../helpers/cpu-time.ts';
import { crashWorker } from '../../helpers/crash-worker.ts';
import { eventually } from '../../helpers/eventually.ts';
import { AUDIO_OFFER } from '../../helpers/offer.ts';

const WORKER = new URL('../../../dist/worker.js', import.meta.url);

function options(given: Partial<MediaPlaneOptions> = {}): MediaPlaneOptions {
  return {
    workers: 0,
    hosts: ['127.0.0.1'],
    port: 0,
    tcp: true,
    announce: [],
    hideLoopback: false,
    spanLoad: 0.6,
    mix: { maxTalkers: 8, levelling: false },
    sdpLimits: { maxBytes: 16_384, maxLines: 300 },
    workerEntry: WORKER,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    ...given,
  };
}

/** The worker threads of this process, in the order they started. */
const created: Worker[] = [];
process.on('worker', (worker) => created.push(worker));

const NO_EVENTS: MediaRoomEvents = { levels: () => {} };

function connect(room: MediaRoom, sdp = AUDIO_OFFER) {
  return room.connectWebRtc(
    { sdp, address: '' },
    {
      state: { muted: false, deafened: false, hearing: [] },
      events: { connected: () => {}, silent: () => {}, closed: () => {} },
    },
  );
}

function refusal(room: MediaRoom, sdp: string): string {
  try {
    connect(room, sdp);
    return 'none';
  } catch (error) {
    return toAppError(error).code;
  }
}

function candidates(sdp: string): string[] {
  return [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+ \d+) typ host/gm)].map(([, address]) => address!);
}

test('the limits on session descriptions come from the settings', async (t) => {
  const plane = await createMediaPlane(options({ sdpLimits: { maxBytes: 1000, maxLines: 30 } }));
  t.teardown(() => plane.close());
  const room = plane.openRoom(NO_EVENTS);
  t.equal(refusal(room, AUDIO_OFFER), 'none');
  t.equal(refusal(room, `${AUDIO_OFFER}a=${'x'.repeat(1000)}\r\n`), 'sdp_too_large');
  t.equal(refusal(room, AUDIO_OFFER + 'a=x\r\n'.repeat(20)), 'sdp_too_large');
  t.equal(refusal(room, 'v=0\r\n'), 'invalid_sdp');
});

test('an announced address replaces the bound ones in the candidates', async (t) => {
  const plane = await createMediaPlane(
    options({ announce: ['203.0.113.7', '2001:db8::7'], hosts: ['127.0.0.1', '::1'] }),
  );
  t.teardown(() => plane.close());
  const told = candidates(connect(plane.openRoom(NO_EVENTS)).answer);
  t.match(told, [/^203\.0\.113\.7 \d+$/, /^2001:db8::7 \d+$/]);
});

test('a port in use and an address of another machine are errors in words', async (t) => {
  const plane = await createMediaPlane(options());
  t.teardown(() => plane.close());
  const [address] = candidates(connect(plane.openRoom(NO_EVENTS)).answer);
  const port = Number(address!.split(' ')[1]);
  await t.rejects(createMediaPlane(options({ port })), {
    message: /cannot bind UDP port \d+ on 127\.0\.0\.1: .*in use/,
  });
  await t.rejects(createMediaPlane(options({ hosts: ['203.0.113.7'] })), { message: /203\.0\.113\.7/ });
});

test('the tick runs and counts its work', async (t) => {
  const cpuWait = new CpuWait();
  const plane = await createMediaPlane(options());
  t.teardown(() => plane.close());
  const room = plane.openRoom(NO_EVENTS);
  connect(room);
  const figures = () => plane.stats()[0];
  await eventually(() => (figures()?.counters.ticks ?? 0) > 25 && figures()?.gauges.connections === 1);
  t.equal(figures()?.gauges.rooms, 1);
  t.ok(figures()!.tickAgeMs < 1000);
  // At rest it is about a millisecond.
  await eventually(() => {
    const { tickLatenessMaxMs = 0 } = figures()?.gauges ?? {};
    return tickLatenessMaxMs > 0 && tickLatenessMaxMs < 8 + cpuWait.ms;
  });
  room.close();
  await eventually(() => figures()?.gauges.connections === 0);
  t.equal(figures()?.gauges.rooms, 0, 'a closed room is gone from the engine');
});

test('a worker that dies is replaced, and those whose connections died with it are notified', async (t) => {
  t.ok(existsSync(fileURLToPath(WORKER)), 'the worker is built (npm run build)');
  const plane = await createMediaPlane(options({ workers: 2 }));
  t.teardown(() => plane.close());
  const rooms: { readonly room: MediaRoom; readonly address: string | undefined; ended: string | undefined }[] = [];
  const open = () => {
    const room = plane.openRoom(NO_EVENTS);
    const opened = { room, ended: undefined as string | undefined };
    const closed = (reason: string) => {
      opened.ended = reason;
    };
    const events = { connected: () => {}, silent: () => {}, closed };
    const { answer } = room.connectWebRtc(
      { sdp: AUDIO_OFFER, address: '' },
      { state: { muted: false, deafened: false, hearing: [] }, events },
    );
    rooms.push(Object.assign(opened, { address: candidates(answer)[0] }));
  };
  // A worker that started slowly seems busy at first.
  await eventually(() => {
    open();
    return new Set(rooms.map(({ address }) => address)).size === 2 || 'all rooms are in one worker';
  });

  await crashWorker(created[0]!);
  await eventually(() => rooms.some(({ ended }) => ended !== undefined));
  const lost = rooms.filter(({ ended }) => ended === 'media_failed');
  t.equal(new Set(lost.map(({ address }) => address)).size, 1);
  t.same(
    rooms.filter(({ address }) => address === lost[0]?.address),
    lost,
    'everybody on the dead worker is notified, and nobody else',
  );
  t.match(candidates(connect(lost[0]!.room).answer)[0], /^127\.0\.0\.1 \d+$/, 'they may connect again at once');
  t.ok(plane.stats().length < 2 || plane.stats().some(({ restarts }) => restarts === 1));
  await eventually(() => plane.stats().length === 2);
  t.same(
    plane.stats().map(({ worker, restarts }) => [worker, restarts]),
    [
      [0, 1],
      [1, 0],
    ],
  );
});

test('a worker that dies with open TCP connections is replaced on the same port', async (t) => {
  const free = await createMediaPlane(options());
  const port = Number(candidates(connect(free.openRoom(NO_EVENTS)).answer)[0]!.split(' ')[1]);
  await free.close();
  const before = created.length;
  const plane = await createMediaPlane(options({ workers: 1, port }));
  t.teardown(() => plane.close());
  const lost: string[] = [];
  const room = plane.openRoom(NO_EVENTS);
  const events = { connected: () => {}, silent: () => {}, closed: (reason: string) => lost.push(reason) };
  const { answer } = room.connectWebRtc(
    { sdp: AUDIO_OFFER, address: '' },
    { state: { muted: false, deafened: false, hearing: [] }, events },
  );
  t.match(answer, new RegExp(`^a=candidate:\\S+ 1 tcp \\d+ 127\\.0\\.0\\.1 ${port} typ host tcptype passive\r$`, 'm'));

  const open = () => {
    const socket = createConnection({ host: '127.0.0.1', port });
    t.teardown(() => socket.destroy());
    socket.on('error', () => {});
    return once(socket, 'connect').then(() => socket);
  };
  const connection = await open();
  // By a reset or without one.
  const ended = new Promise((resolve) => connection.once('close', resolve));
  await crashWorker(created[before]!);
  await ended;
  await eventually(() => lost.length === 1);
  t.same(lost, ['media_failed']);
  t.ok(await open(), 'the replacement accepts connections on the same port');
});

test('without TCP, only UDP is listed and bound', async (t) => {
  const plane = await createMediaPlane(options({ tcp: false }));
  t.teardown(() => plane.close());
  const { answer: sdp } = connect(plane.openRoom(NO_EVENTS));
  t.notMatch(sdp, /^a=candidate.* tcp /m);
  const port = Number(candidates(sdp)[0]!.split(' ')[1]);
  const [error] = await once(createConnection({ host: '127.0.0.1', port }), 'error');
  t.match(error, { code: 'ECONNREFUSED' });
});
