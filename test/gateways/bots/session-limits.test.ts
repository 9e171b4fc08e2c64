import pino from 'pino';
import { test } from 'tap';
import { BotSession } from '../../../src/gateways/bots/session.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { type Admission, GUEST } from '../../../src/rooms/admission.ts';
import { writePacket } from '../../../web/sdk/bot/frame.ts';
import { FakeBotSocket } from '../../helpers/fake-bot-socket.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

/** A bot in simulated time and without media. */
function setUp(admission: Admission = GUEST) {
  const { registry, plane, clock } = openRegistry();
  const socket = new FakeBotSocket();
  const limitCounts = new LimitCounts();
  let closes = 0;
  const session = new BotSession({
    socket: socket.socket,
    registry,
    room: 'lobby',
    admission,
    from: 'x',
    address: null,
    codec: {
      createEncoder: () => ({ encode: () => payloadOf(1) }),
      createDecoder: () => ({ decode: () => new Int16Array(960) }),
    },
    limitCounts,
    clock,
    log: pino({ level: 'silent' }),
    onClosed: () => closes++,
  });
  const seat = () => plane.rooms[0]!.relayed.at(-1)!;
  const hits = (limit: 'bytes_per_second' | 'unsent_bytes') => limitCounts.counts.get(limit);
  return { registry, plane, clock, socket, session, seat, hits, closes: () => closes };
}

const frame = (n: number) => writePacket(payloadOf(n), n);

test('a slow bot misses sound, and is told how much once it takes some again', (t) => {
  const { socket, seat } = setUp();
  socket.say({ type: 'start', receive: 'mix' });
  socket.takeAnswers();
  const hear = (n: number) => seat().options.sink.mix(payloadOf(n), 960 * n, false);
  hear(1);
  t.equal(socket.sent.splice(0).length, 1);
  socket.bufferedAmount = 200_001;
  for (let n = 2; n < 52; n++) hear(n);
  t.same(socket.sent, []);
  socket.bufferedAmount = 0;
  hear(52);
  hear(53);
  t.same(JSON.parse(String(socket.sent[0])), { type: 'dropped', frames: 50 });
  t.equal(socket.sent.length, 3);
  t.equal((socket.sent[1] as Buffer).readUInt32BE(4), 51, 'the gap is seen in the sequence');
  t.end();
});

test('one that takes nothing at all is cut off', (t) => {
  const { socket, hits, closes, registry } = setUp();
  socket.say({ type: 'start', send: 'opus' });
  socket.bufferedAmount = 1_000_001;
  socket.say({ type: 'mark', name: 'x' });
  t.equal(socket.closeCode, 1006);
  t.equal(hits('unsent_bytes'), 1);
  t.equal(closes(), 1);
  t.same([...registry.rooms], [], 'nobody is left in the room');
  t.end();
});

test('a flood ends the connection', (t) => {
  const { socket, hits, clock } = setUp();
  socket.say({ type: 'start', send: 'opus' });
  // Ten seconds at once, and then as they are played.
  for (let n = 0; n < 500; n++) socket.frame(frame(n));
  for (let n = 0; n < 500; n++) {
    clock.advance(20);
    socket.frame(frame(n));
  }
  t.equal(socket.closeCode, undefined);
  for (let n = 0; n < 10_000 && socket.closeCode === undefined; n++) socket.frame(frame(n));
  t.equal(socket.closeCode, 1008);
  t.equal(hits('bytes_per_second'), 1);
  t.match(socket.takeAnswers().at(-1), { type: 'error', code: 'too_many_messages' });
  t.end();
});

test('who does not start, or does not answer pings, is gone', (t) => {
  const silent = setUp();
  silent.clock.advance(10_000);
  t.equal(silent.socket.closeCode, 1008);
  t.match(silent.socket.takeAnswers(), [{ code: 'join_timeout' }]);
  t.equal(silent.clock.pendingTimers, 0);
  const { socket, clock, closes } = setUp();
  socket.say({ type: 'start' });
  clock.advance(10_000);
  socket.emit('pong', Buffer.alloc(0));
  clock.advance(10_000);
  t.equal(socket.pings, 2);
  t.equal(socket.closeCode, undefined);
  clock.advance(10_000);
  t.equal(socket.closeCode, 1006);
  t.equal(closes(), 1);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('when the worker dies, the bot takes another seat, and what waited is said to be lost', async (t) => {
  const { socket, seat, plane } = setUp();
  socket.say({ type: 'start', send: 'opus', receive: 'mix', source: 'music' });
  t.match(seat().options, { speaks: true, listens: true, kind: 'music', state: { muted: false, deafened: false } });
  socket.frame(frame(1));
  socket.say({ type: 'mark', name: 'x' });
  socket.takeAnswers();
  const before = seat();
  plane.rooms[0]!.fail();
  await new Promise(setImmediate);
  t.not(seat(), before);
  t.match(socket.takeAnswers(), [{ type: 'mark', name: 'x', cleared: true }]);
  socket.frame(frame(2));
  t.equal(seat().queue.length, 1);
});

test('the server ends its bots', (t) => {
  const { socket, session, closes } = setUp();
  socket.say({ type: 'start' });
  session.close();
  t.match(socket.takeAnswers().at(-1), { code: 'server_closing' });
  t.equal(closes(), 1);
  const other = setUp();
  other.socket.say({ type: 'start', receive: 'speakers' });
  other.registry.room('lobby').close('room_closed');
  t.match(other.socket.takeAnswers().at(-1), { code: 'room_closed' });
  t.equal(other.closes(), 1);
  t.end();
});

test('a bot that is moved out of an empty room leaves nothing of it behind', async (t) => {
  const { socket, registry, plane } = setUp();
  socket.say({ type: 'start', receive: 'speakers' });
  registry.create({ name: 'other', locked: false });
  const [bot] = registry.room('lobby').everybody;
  registry.move('lobby', bot!.id, 'other');
  await new Promise(setImmediate);
  t.match(socket.takeAnswers().at(-1), { type: 'moved', room: 'other' });
  t.same(
    plane.rooms.map(({ open }) => open),
    [false, true],
    'the media of the room that was closed stay closed',
  );
  t.match(plane.rooms[1]!.tap?.request, { voices: true });
});

test('a bot waits for a worker, and sits down as soon as there is one', async (t) => {
  const { socket, seat, plane, clock } = setUp();
  socket.say({ type: 'start', send: 'opus', receive: 'mix' });
  socket.frame(frame(1));
  socket.say({ type: 'mark', name: 'x' });
  socket.takeAnswers();
  const before = seat();
  plane.dead = true;
  plane.rooms[0]!.fail();
  await new Promise(setImmediate);
  t.match(socket.takeAnswers(), [
    { type: 'mark', name: 'x', cleared: true },
    { type: 'error', code: 'media_unavailable' },
  ]);
  clock.advance(5000);
  t.match(socket.takeAnswers(), [{ type: 'buffered', ms: 0 }]);
  socket.frame(frame(2));
  socket.say({ type: 'mark', name: 'y' });
  clock.advance(500);
  t.match(
    socket.takeAnswers(),
    [
      { type: 'mark', name: 'y', cleared: true },
      { type: 'buffered', ms: 0 },
    ],
    'it is told once, and what it sends is lost',
  );
  plane.dead = false;
  clock.advance(1000);
  t.not(seat(), before);
  socket.frame(frame(3));
  t.equal(seat().queue.length, 1);
  // It is told again the next time.
  plane.dead = true;
  plane.rooms[0]!.fail();
  await new Promise(setImmediate);
  t.match(socket.takeAnswers(), [{ type: 'error', code: 'media_unavailable' }]);
  socket.close(1000);
  t.equal(clock.pendingTimers, 0);
});

test('a bot that comes while there is no worker gets its seat later', async (t) => {
  const { socket, plane, clock } = setUp();
  plane.dead = true;
  socket.say({ type: 'start', send: 'opus' });
  t.match(socket.takeAnswers(), [{ type: 'started' }, { type: 'error', code: 'media_unavailable' }]);
  clock.advance(9000);
  plane.dead = false;
  clock.advance(1000);
  t.equal(socket.closeCode, undefined);
  t.equal(plane.rooms[0]!.relayed.length, 1);
});

test('a bot that has muted itself stays so when a moderator lets it speak again', async (t) => {
  const { socket, seat, registry } = setUp();
  socket.say({ type: 'start', send: 'opus' });
  const room = registry.room('lobby');
  const [bot] = room.everybody;
  const moderate = async (muted: boolean) => {
    room.moderate({ type: 'mute_participant', participantId: bot!.id, muted });
    await new Promise(setImmediate);
  };
  socket.say({ type: 'mute', muted: true });
  await moderate(true);
  await moderate(false);
  t.equal(seat().state.muted, true);
  socket.say({ type: 'mute', muted: false });
  t.equal(seat().state.muted, false);
  await moderate(true);
  await moderate(false);
  t.equal(seat().state.muted, false, 'otherwise nobody would unmute it');
});

test('a bot that comes back muted is told so at once', async (t) => {
  const admission = { ...GUEST, identity: 'bot-1' };
  const { registry, socket } = setUp(admission);
  const { participant } = registry.join({
    room: 'lobby',
    name: 'Bot',
    admission,
    listener: new RecordingListener(),
    state: { muted: false, deafened: false },
  });
  registry.room('lobby').moderate({ type: 'mute_participant', participantId: participant.id, muted: true });
  socket.say({ type: 'start', send: 'opus' });
  t.match(socket.takeAnswers(), [{ type: 'started' }, { type: 'muted', muted: true }]);
});
