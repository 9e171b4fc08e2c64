import pino from 'pino';
import { type Test, test } from 'tap';
import { Webhooks } from '../../../src/admin/webhooks/webhooks.ts';
import { parseWebhookSecret } from '../../../src/lib/webhook-signature.ts';
import type { ParticipantFact } from '../../../src/rooms/ports.ts';
import { ApiClient } from '../../helpers/api-client.ts';
import { Stopwatch } from '../../helpers/cpu-time.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { startServer } from '../../helpers/running-server.ts';
import { SignalingClient } from '../../helpers/signaling-client.ts';
import { startWebhookReceiver } from '../../helpers/webhook-receiver.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const SECRET = `whsec_${Buffer.alloc(32, 'key').toString('base64')}`;

async function setUp(t: Test, receivers = 1) {
  const hooks = await Promise.all(Array.from({ length: receivers }, () => startWebhookReceiver(SECRET)));
  const urls = hooks.map(({ url }) => url).join(',');
  const flags = [
    '--webhook-urls',
    urls,
    '--webhook-secret',
    SECRET,
    '--admin-token',
    TOKEN,
    '--shutdown-grace-ms',
    '2000',
  ];
  const server = await startServer(flags, { logLevel: 'error' });
  t.teardown(async () => {
    await server.close();
    for (const hook of hooks) hook.close();
  });
  const join = async (room: string, name: string) => {
    const client = await SignalingClient.open(server.webSocketUrl);
    t.teardown(() => client.socket.terminate());
    return { client, ...(await client.join(room, name)) };
  };
  return { server, hooks, api: new ApiClient(server.url, TOKEN), join };
}

test('rooms and participants are reported, in order, with signatures', async (t) => {
  const { hooks, api, join, server } = await setUp(t, 2);
  const ada = await join('lobby', 'Ada');
  const ben = await join('lobby', 'Ben');
  await api.post(`/rooms/lobby/participants/${ben.participantId}/move`, { room: 'annex' });
  await api.post(`/rooms/annex/participants/${ben.participantId}/kick`);
  ada.client.send({ type: 'leave' });
  const participant = { id: ada.participantId, identity: null, name: 'Ada', joinedAt: /Z$/ };
  const expected = [
    { type: 'room.started', data: { room: { name: 'lobby', startedAt: /Z$/ } } },
    { type: 'participant.joined', data: { room: { name: 'lobby' }, participant } },
    { type: 'participant.joined', data: { participant: { name: 'Ben' } } },
    { type: 'room.started', data: { room: { name: 'annex' } } },
    { type: 'participant.left', data: { room: { name: 'lobby' }, participant: { name: 'Ben' }, reason: 'moved' } },
    { type: 'participant.joined', data: { room: { name: 'annex' }, participant: { id: ben.participantId } } },
    { type: 'participant.left', data: { room: { name: 'annex' }, reason: 'kicked', durationMs: Number } },
    { type: 'room.ended', data: { room: { name: 'annex' }, reason: 'empty', durationMs: Number } },
    { type: 'participant.left', data: { room: { name: 'lobby' }, participant, reason: 'left' } },
    { type: 'room.ended', data: { room: { name: 'lobby' } } },
  ];
  for (const { received } of hooks) {
    await eventually(() => received.length === expected.length || `${received.length} events`);
    t.match(
      received.map(({ event }) => event),
      expected,
    );
    for (const { headers, event, verified } of received) {
      t.ok(verified, event.type);
      t.equal(headers['webhook-id'], event.id);
      t.ok(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.parse(event.timestamp)) < 10_000);
      t.match(headers['content-type'], /^application\/json/);
    }
    t.equal(new Set(received.map(({ event }) => event.id)).size, expected.length);
  }
  const metrics = await server.metrics();
  await eventually(() => true);
  t.equal(metrics.sum('partyline_webhook_events_total', { outcome: 'dropped' }), 0);
});

test('members of channels are reported', async (t) => {
  const { hooks, api, join } = await setUp(t);
  await api.post('/rooms', { name: 'match', teams: ['red', 'blue'] });
  const ada = await join('match', 'Ada');
  ada.client.send({ type: 'join_channel', channel: 'red' });
  const [{ received }] = hooks as [(typeof hooks)[0]];
  await eventually(() => received.length === 3 || `${received.length} events`);
  const data = { room: { name: 'match' }, channel: 'red', participants: [{ id: ada.participantId, name: 'Ada' }] };
  t.match(received.at(-1), { event: { type: 'channel.joined', data }, verified: true });
});

test('a receiver that does not answer delays nobody, and gets what it missed later', async (t) => {
  const { hooks, api, join } = await setUp(t);
  const [{ received, answer }] = hooks as [(typeof hooks)[0]];
  answer(503);
  const ada = await join('lobby', 'Ada');
  await ada.client.settled();
  await eventually(() => received.length > 0);
  t.match((await api.get('/server')).body.webhooks, [{ waiting: 2, delivered: 0 }]);
  answer(200);
  await eventually(() => received.at(-1)?.event.type === 'participant.joined');
  t.ok(
    received.every(({ verified }) => verified),
    'every attempt is signed again',
  );
  t.equal(received[0]?.event.id, received.at(-2)?.event.id, 'the same event has the same id');
});

test('a server that closes reports that first, and waits for a silent receiver no longer than its grace time', async (t) => {
  const { hooks, join, server } = await setUp(t);
  const [{ received, answer }] = hooks as [(typeof hooks)[0]];
  await join('lobby', 'Ada');
  await eventually(() => received.length === 2);
  const watch = new Stopwatch();
  await server.close();
  t.ok(watch.ownMs < 1000, 'receivers that answer do not delay the end');
  t.match(
    received.slice(2).map(({ event }) => event),
    [
      { type: 'participant.left', data: { reason: 'server_closing' } },
      { type: 'room.ended', data: { reason: 'server_closing' } },
    ],
  );
  const silent = await setUp(t);
  await silent.join('lobby', 'Ben');
  await eventually(() => silent.hooks[0]!.received.length === 2);
  silent.hooks[0]!.answer(null);
  const silence = new Stopwatch();
  await silent.server.close();
  const { ms, ownMs } = silence;
  t.ok(ms > 1000 && ownMs < 2000, `${Math.round(ms)} ms; the receiver never answers`);
  answer(200);
});

test('secrets have the format of Standard Webhooks', (t) => {
  t.equal(parseWebhookSecret(SECRET)?.length, 32);
  t.equal(parseWebhookSecret(SECRET.slice('whsec_'.length))?.length, 32);
  for (const wrong of ['', 'short', 'whsec_', 'not base64 but long enough to be something', 'A'.repeat(120)])
    t.equal(parseWebhookSecret(wrong), null, wrong);
  t.end();
});

test('durations count the time that has passed, even if the wall clock was changed in the meantime', async (t) => {
  const clock = new FakeClock();
  const bodies: { type: string; timestamp: string; data: { durationMs?: number } }[] = [];
  const webhooks = new Webhooks({
    urls: ['http://127.0.0.1:9/'],
    secret: SECRET,
    clock,
    log: pino({ level: 'silent' }),
    post: async ({ body }) => {
      bodies.push(JSON.parse(body));
      return { status: 200, retryAfterMs: null };
    },
  });
  const room = { name: 'lobby', startedAtMs: clock.wallNow() };
  const ada = { id: 'ada', identity: null, name: 'Ada', joinedAtMs: clock.wallNow() } as ParticipantFact;
  webhooks.roomStarted(room);
  clock.advance(1000);
  webhooks.participantJoined(room, ada);
  clock.stepWall(7_200_000);
  clock.advance(4000);
  webhooks.participantLeft(room, ada, 'left');
  clock.stepWall(-30_000_000);
  webhooks.roomEnded(room, 'empty');
  await eventually(() => bodies.length === 4);
  t.match(
    bodies.map(({ data }) => data.durationMs),
    [undefined, undefined, 4000, 5000],
  );
  t.equal(
    bodies[3]!.timestamp,
    new Date(clock.wallNow()).toISOString(),
    'and timestamps show the time of the wall clock',
  );
  await webhooks.close(5000);
  t.equal(clock.pendingTimers, 0, 'nothing waits until the last moment');
});

test('events of a cluster say whose they are, so that a receiver can drop what a fenced server says', async (t) => {
  const clock = new FakeClock();
  const bodies: Record<string, unknown>[] = [];
  const epochs = new Map<string, number | null>([['lobby', null]]);
  const webhooks = new Webhooks({
    urls: ['http://127.0.0.1:9/'],
    secret: SECRET,
    origin: () => ({ node: 'n2', epochOf: (room) => epochs.get(room) }),
    clock,
    log: pino({ level: 'silent' }),
    post: async ({ body }) => {
      bodies.push(JSON.parse(body));
      return { status: 200, retryAfterMs: null };
    },
  });
  const first = { name: 'Lobby', startedAtMs: clock.wallNow() };
  const again = { ...first };
  const ada = { id: 'ada', identity: null, name: 'Ada', joinedAtMs: clock.wallNow() } as ParticipantFact;
  // Opened while the engine was away.
  webhooks.roomStarted(first);
  epochs.set('lobby', 7);
  webhooks.participantJoined(first, ada);
  // Another server has it now; this one still says what becomes of its people.
  epochs.delete('lobby');
  webhooks.participantLeft(first, ada, 'server_closing');
  epochs.set('lobby', 9);
  webhooks.roomStarted(again);
  webhooks.roomEnded(first, 'server_closing');
  webhooks.channelChanged(again, { change: 'joined', channel: 'red', participants: [] });
  webhooks.forwardFailed({} as never);
  webhooks.nodeFailed({ node: 'n1', incarnation: '1-2-3' });
  await eventually(() => bodies.length === 8 || `${bodies.length} events`);
  t.same(
    bodies.map(({ type, node, epoch }) => [type, node, epoch]),
    [
      ['room.started', 'n2', null],
      ['participant.joined', 'n2', 7],
      ['participant.left', 'n2', 7],
      ['room.started', 'n2', 9],
      ['room.ended', 'n2', 7],
      ['channel.joined', 'n2', 9],
      ['forward.failed', 'n2', undefined],
      ['node.failed', 'n2', undefined],
    ],
  );
  t.match(bodies.at(-1), { id: 'evt_node_failed_1-2-3', data: { failed: 'n1' } });
});
