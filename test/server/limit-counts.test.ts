import { once } from 'node:events';
import { createServer, IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { AdminAuth } from '../../src/admin/api/admin-auth.ts';
import { BotEndpoint } from '../../src/gateways/bots/endpoint.ts';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { LIMITS, type Limit, LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { RequestRate } from '../../src/lib/rates/request-rate.ts';
import { AddressLimits } from '../../src/rooms/address-limits.ts';
import { FileStore } from '../../src/rooms/chat/file-store.ts';
import { ParticipantUpdates } from '../../src/rooms/participant-updates.ts';
import { botCodec } from '../../src/server/bot-codec.ts';
import { createBoundedHttpServer } from '../../src/server/http-server.ts';
import { type BroadcastSetUp, startBroadcast } from '../helpers/broadcast-server.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { openRegistry } from '../helpers/open-registry.ts';
import { startSignalingServer } from '../helpers/signaling-server.ts';
import { sdpOffer } from '../rtc/sdp/offers.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

/** An HTTP server with room for two connections per allowed WebSocket, and a client for it. */
async function startHttp(t: Test, limits: { maxConnections?: number; maxConnectionsPerAddress?: number } = {}) {
  const limitCounts = new LimitCounts();
  const neverAnswer: RequestListener = () => {};
  const http = createBoundedHttpServer(neverAnswer, {
    maxConnections: 10,
    maxConnectionsPerAddress: 0,
    requestTimeoutMs: 5000,
    proxies: new TrustedProxies([]),
    limitCounts,
    ...limits,
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.close();
    http.closeAllConnections();
  });
  const open = () => {
    const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    return socket;
  };
  return { limitCounts, open };
}

/** Files for chats, with memory for 1000 bytes. */
function fileStore(exceed: (offer: (id: string, bytes: number) => void) => void) {
  return async () => {
    const limitCounts = new LimitCounts();
    const limits = { maxBytes: 500, maxTotalBytes: 1000, keptMinutes: 1 };
    const store = new FileStore({ limits, clock: new FakeClock(), limitCounts });
    try {
      exceed((id, bytes) => store.offer({ id, address: id }, { name: 'x', bytes }));
    } catch {
      // The last one is refused.
    }
    return limitCounts;
  };
}

/** A participant with such a long name that a single message exceeds the budget of a room. */
const talkative = {
  view: {
    id: 'a',
    identity: null,
    name: 'x'.repeat(100_000),
    maySpeak: true,
    mayModerate: false,
    muted: false,
    mutedByModerator: false,
    deafened: false,
    microphone: 'open' as const,
    connected: true,
    captured: false,
  },
  takesBatches: true,
  deliver: () => {},
};

type Signaling = Awaited<ReturnType<typeof startSignalingServer>>;

/** For each limit, something that meets it once. */
const MEETINGS: Readonly<Record<Limit, (t: Test) => Promise<LimitCounts>>> = {
  connections: signaling({ maxConnections: 1 }, async ({ open }, t) => {
    await open();
    await t.rejects(open());
  }),
  connections_per_address: signaling({ maxConnectionsPerAddress: 1 }, async ({ open }, t) => {
    await open();
    await t.rejects(open());
  }),
  connects_per_minute: signaling({ maxJoinsPerMinute: 1 }, async ({ open }, t) => {
    await open();
    await t.rejects(open());
  }),
  joins_per_minute: signaling({ maxJoinsPerMinute: 1 }, async ({ open }, t) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    client.send({ type: 'leave' });
    client.send({ type: 'join', room: 'lobby', name: 'Ada' });
    t.match(await client.next('error'), { code: 'rate_limited' });
  }),
  failed_joins_per_minute: signaling({ maxFailedJoinsPerMinute: 1 }, async ({ open }, t) => {
    const client = await open();
    for (const code of ['token_invalid', 'rate_limited']) {
      client.send({ type: 'join', room: 'lobby', name: 'Ada', token: 'guessed' });
      t.match(await client.next('error'), { code });
    }
  }),
  failed_api_requests_per_minute: async (t) => {
    const limitCounts = new LimitCounts();
    const auth = new AdminAuth({ tokens: [], maxFailuresPerMinute: 1, clock: new FakeClock(), limitCounts });
    const guess = () => auth.check('Bearer wrong', 'a', async () => false);
    await t.rejects(guess(), { code: 'admin_token_wrong' });
    await t.rejects(guess(), { code: 'rate_limited' });
    return limitCounts;
  },
  requests_per_minute: async (t) => {
    const limitCounts = new LimitCounts();
    const clock = new FakeClock();
    const requests = new RequestRate({ maxRequestsPerMinute: 1, proxies: new TrustedProxies([]), clock, limitCounts });
    const request = new IncomingMessage(new Socket());
    requests.take(request);
    t.throws(() => requests.take(request), { code: 'rate_limited' });
    return limitCounts;
  },
  rooms: signaling({}, async ({ open }, t) => {
    for (let i = 0; i < 5; i++) await (await open()).join(`room-${i}`, 'Ada');
    const client = await open();
    client.send({ type: 'join', room: 'one-more', name: 'Ada' });
    t.match(await client.next('error'), { code: 'too_many_rooms' });
  }),
  rooms_per_address: async (t) => {
    const { open, limitCounts } = await startSignalingServer(t, { roomLimits: { maxRoomsPerAddress: 1 } });
    const client = await open();
    await client.join('mine', 'Ada');
    client.send({ type: 'leave' });
    await client.join('other', 'Ada');
    const next = await open();
    next.send({ type: 'join', room: 'one-more', name: 'Ada' });
    t.match(await next.next('error'), { code: 'too_many_rooms_of_address' });
    return limitCounts;
  },
  participants_per_room: signaling({}, async ({ open }, t) => {
    for (let i = 0; i < 10; i++) await (await open()).join('lobby', 'Ada');
    const client = await open();
    client.send({ type: 'join', room: 'lobby', name: 'Ada' });
    t.match(await client.next('error'), { code: 'room_full' });
  }),
  publishers: broadcast({ maxPublishers: 0 }, '/whip/lobby'),
  listeners: broadcast({ maxListeners: 0 }, '/whep/lobby'),
  bots: async (t) => {
    const limitCounts = new LimitCounts();
    const { registry, clock } = openRegistry();
    const proxies = new TrustedProxies([]);
    const requests = new RequestRate({ maxRequestsPerMinute: 0, proxies, clock, limitCounts });
    const perAddress = { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute: 0 };
    const addresses = new AddressLimits(perAddress, clock);
    const endpoint = new BotEndpoint({
      maxBots: 1,
      check: async () => {},
      allowHosts: [],
      showAddresses: true,
      registry,
      addresses,
      proxies,
      requests,
      limitCounts,
      clock,
      log: pino({ level: 'silent' }),
      loadCodec: async () => botCodec,
    });
    const http = createServer();
    http.on('upgrade', (request, socket, head) => void endpoint.upgrade(request.url ?? '', request, socket, head));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const open = async () => {
      const { port } = http.address() as AddressInfo;
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/rooms/lobby/endpoint`);
      t.teardown(() => socket.terminate());
      await once(socket, 'open');
    };
    t.teardown(() => http.close());
    await open();
    t.equal(endpoint.connections, 1);
    await t.rejects(open());
    return limitCounts;
  },
  broadcast_sessions_per_address: async (t) => {
    const { post, limitCounts } = await startBroadcast(t, { limits: { maxPerAddress: 1 } });
    const sdp = sdpOffer([{ direction: 'sendonly' }]);
    t.equal((await post('/whip/lobby', sdp)).status, 201);
    t.equal((await post('/whip/lobby', sdp)).status, 503);
    return limitCounts;
  },
  join_time: signaling({}, async ({ open, clock }) => {
    const client = await open();
    clock.advance(10_000);
    await client.closed;
  }),
  message_size: signaling({ maxMessageBytes: 1000 }, async ({ open }) => {
    const client = await open();
    client.socket.send('x'.repeat(1001));
    await client.closed;
  }),
  messages_per_second: signaling({ maxMessagesPerSecond: 1 }, async ({ open }) => {
    const client = await open();
    for (let i = 0; i < 3; i++) client.send({ type: 'ping' });
    await client.closed;
  }),
  offers_per_second: signaling({}, async ({ open }, t) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    for (let i = 0; i < 9; i++) client.send({ type: 'offer', sdp: 'v=0' });
    for (let i = 0; i < 8; i++) await client.next('answer');
    const refusal = await client.next('error');
    t.match(refusal, { code: 'too_many_offers' });
    t.ok(refusal.retryAfterMs !== undefined && refusal.retryAfterMs > 0 && refusal.retryAfterMs <= 500);
  }),
  state_changes_per_second: signaling({ maxMessagesPerSecond: 1000 }, async ({ open, clock }) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    for (let i = 0; i < 9; i++) for (const muted of [true, false]) client.send({ type: 'state', muted });
    await client.settled();
    clock.advance(1000);
  }),
  room_update_bytes: async () => {
    const limitCounts = new LimitCounts();
    const clock = new FakeClock();
    const updates = new ParticipantUpdates({ participants: new Map([['a', talkative]]), limitCounts, clock });
    updates.changed('a');
    updates.changed('a');
    clock.advance(60_000);
    return limitCounts;
  },
  chat_lines_per_second: signaling({}, async ({ open }) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    for (let i = 0; i < 6; i++) client.send({ type: 'say', text: `${i}` });
    await client.skipTo('error');
  }),
  chat_bytes: signaling({}, async ({ open }) => {
    const client = await open();
    client.send({ type: 'join', room: 'lobby', name: 'Ada', chat: true });
    for (let i = 0; i < 4; i++) client.send({ type: 'say', text: '\u6f22'.repeat(2000) });
    await client.skipTo('error');
  }),
  chat_files: fileStore((offer) => {
    for (let i = 0; i < 5; i++) offer('a', 1);
  }),
  chat_file_bytes: fileStore((offer) => {
    for (const id of ['a', 'b', 'c']) offer(id, 400);
  }),
  data_per_second: signaling({}, async ({ open }) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    for (let i = 0; i < 21; i++) client.send({ type: 'data', topic: 'x', payload: i });
    await client.skipTo('error');
  }),
  people_pages_per_second: signaling({}, async ({ open }) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    for (let i = 0; i < 9; i++) client.send({ type: 'list_people' });
    await client.skipTo('error');
  }),
  data_bytes: signaling({ maxMessageBytes: 10_000 }, async ({ open }) => {
    const [sender, receiver] = [await open(), await open()];
    await sender.join('lobby', 'Ada');
    receiver.send({ type: 'join', room: 'lobby', name: 'Ben', data: true });
    await receiver.next('joined');
    for (let i = 0; i < 18; i++) sender.send({ type: 'data', topic: 'x', payload: 'x'.repeat(4000) });
    await sender.skipTo('error');
  }),
  bytes_per_second: signaling({ maxMessageBytes: 33_000 }, async ({ open }) => {
    const client = await open();
    for (let i = 0; i < 10; i++) client.socket.send('x'.repeat(33_000));
    await client.closed;
  }),
  unsent_bytes: signaling({}, async ({ open, plane, endpoint }) => {
    const client = await open();
    await client.join('lobby', 'Ada');
    client.send({ type: 'offer', sdp: 'x' });
    await client.next('answer');
    client.socket.pause();
    await eventually(() => {
      // The system takes megabytes for a connection, and these messages are small.
      for (let i = 0; i < 5000; i++) plane.rooms[0]?.levels([{ seatId: 1, levelDbov: -20 }]);
      return endpoint.figures.connections === 0 || 'it is still connected';
    });
  }),
  http_connections: async (t) => {
    const { limitCounts, open } = await startHttp(t, { maxConnections: 1 });
    for (let i = 0; i < 2; i++) await once(open(), 'connect');
    await once(open().resume(), 'close');
    return limitCounts;
  },
  http_connections_per_address: async (t) => {
    const { limitCounts, open } = await startHttp(t, { maxConnectionsPerAddress: 1 });
    for (let i = 0; i < 2; i++) await once(open(), 'connect');
    await once(open().resume(), 'close');
    return limitCounts;
  },
  http_requests_at_once: async (t) => {
    const { limitCounts, open } = await startHttp(t);
    const socket = open();
    socket.write(REQUEST.repeat(5));
    await once(socket.resume(), 'close');
    return limitCounts;
  },
};

function broadcast(limits: BroadcastSetUp['limits'] & {}, path: string): (t: Test) => Promise<LimitCounts> {
  return async (t) => {
    const { post, limitCounts } = await startBroadcast(t, { limits });
    t.equal((await post(path, sdpOffer([{}]))).status, 503);
    return limitCounts;
  };
}

function signaling(
  limits: NonNullable<Parameters<typeof startSignalingServer>[1]>['limits'] & {},
  meet: (server: Signaling, t: Test) => Promise<void>,
): (t: Test) => Promise<LimitCounts> {
  return async (t) => {
    const server = await startSignalingServer(t, { limits, tokenSecret: 'a secret that is long enough to sign with' });
    await meet(server, t);
    await sleep(0);
    return server.limitCounts;
  };
}

for (const limit of LIMITS) {
  test(`meeting the limit "${limit}" is counted once, under that limit and no other`, async (t) => {
    const { counts } = await MEETINGS[limit](t);
    const expected = Object.fromEntries(LIMITS.map((name) => [name, name === limit ? 1 : 0]));
    await eventually(() => counts.get(limit) !== 0 || 'it is not counted');
    t.strictSame(Object.fromEntries(counts), expected);
  });
}
