import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pino from 'pino';
import { test } from 'tap';
import { MediaLeg } from '../../../src/gateways/websocket/media-leg.ts';
import { MediaSocketSession } from '../../../src/gateways/websocket/session.ts';
import { LimitCounts } from '../../../src/lib/rates/limit-counts.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { readFrame, writeAcknowledgement, writeVoice } from '../../../web/sdk/websocket-media/frame.ts';
import { FakeBotSocket } from '../../helpers/fake-bot-socket.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

/** The server's end of the TCP connection. */
class FakeConnection extends EventEmitter {
  writableLength = 0;
}

function setUp() {
  const { registry, plane, clock } = openRegistry();
  const state = { muted: false, deafened: false };
  const listener = new RecordingListener();
  const { participant } = registry.join({ room: 'lobby', name: 'Ada', admission: GUEST, state, from: 'x', listener });
  const leg = new MediaLeg(participant, clock);
  const counters = { framesIn: 0, framesOut: 0, framesDropped: 0 };
  const limitCounts = new LimitCounts();
  let closes = 0;
  const open = () => {
    const socket = new FakeBotSocket();
    const connection = new FakeConnection();
    const session = new MediaSocketSession({
      socket: socket.socket,
      connection: connection as unknown as Duplex,
      counters,
      limitCounts,
      clock,
      legOf: (room, resumeToken) => {
        registry.holder(room, resumeToken);
        return leg;
      },
      client: { address: 'x', isRemote: false },
      log: pino({ level: 'silent' }),
      onClosed: () => closes++,
    });
    return { socket, connection, session };
  };
  const attach = { type: 'attach', room: 'lobby', resumeToken: participant.resumeToken };
  const attached = () => {
    const opened = open();
    opened.socket.say(attach);
    return opened;
  };
  const hits = (limit: 'messages_per_second' | 'bytes_per_second' | 'join_time' | 'offers_per_second') =>
    limitCounts.counts.get(limit);
  const seat = () => plane.rooms[0]!.relayed.at(-1)!;
  return { plane, clock, participant, leg, counters, open, attach, attached, hits, seat, closes: () => closes };
}

const voice = (sequence: number) =>
  writeVoice({ sequence, time: 960 * sequence, levelDbov: -12, packet: payloadOf(sequence) });
const voiceOf = (length: number) =>
  writeVoice({ sequence: 1, time: 0, levelDbov: 0, packet: new Uint8Array(length).fill(0xf8) });
const framesTo = (socket: FakeBotSocket) =>
  socket.sent.flatMap((each) => (typeof each === 'string' ? [] : [readFrame(Uint8Array.from(each).buffer)!]));

test('with the resume token of a participant, their sound goes over this socket', (t) => {
  const { attached, seat, counters, clock } = setUp();
  const { socket } = attached();
  t.same(socket.takeAnswers(), [{ type: 'attached' }]);
  socket.frame(voice(1));
  t.match(seat().sent, [{ sequenceNumber: 1, timestamp: 960, levelDbov: -12, payload: payloadOf(1) }]);
  t.same(framesTo(socket), [{ kind: 'acknowledgement', sequence: 1, heldMs: 0 }]);
  clock.advance(40);
  socket.frame(voice(2));
  t.equal(socket.sent.length, 1, 'one acknowledgement in 90 ms');
  clock.advance(50);
  socket.frame(writeAcknowledgement(0, 0));
  t.same(framesTo(socket)[1], { kind: 'acknowledgement', sequence: 2, heldMs: 50 });
  socket.sent.length = 0;
  seat().options.sink.mix(payloadOf(9), 4800, true);
  seat().options.sink.mix(payloadOf(8), 5760, false);
  t.same(framesTo(socket), [
    { kind: 'sound', starts: true, sequence: 1, packet: payloadOf(9) },
    { kind: 'sound', starts: false, sequence: 2, packet: payloadOf(8) },
  ]);
  t.same(counters, { framesIn: 2, framesOut: 2, framesDropped: 0 });
  t.end();
});

test('others, and those who say nothing, are refused', (t) => {
  const { open, attach, hits, clock, closes } = setUp();
  const wrong = open().socket;
  wrong.say({ ...attach, resumeToken: 'x' });
  t.match(wrong.takeAnswers(), [{ type: 'error', code: 'unknown_participant' }]);
  t.equal(wrong.closeCode, 1008);
  wrong.say(attach);
  t.same(wrong.sent, [], 'a socket that is closing does nothing');
  const early = open().socket;
  early.frame(voice(1));
  t.equal(early.closeCode, 1008);
  const offering = open().socket;
  offering.say({ type: 'offer', sdp: 'x' });
  t.equal(offering.closeCode, 1008);
  const silent = open().socket;
  clock.advance(9999);
  t.equal(silent.closeCode, undefined);
  clock.advance(1);
  t.equal(silent.closeCode, 1008);
  t.equal(hits('join_time'), 1);
  t.equal(closes(), 4);
  t.end();
});

test('what is no frame, too long, no message or too much ends the socket, and not the seat', (t) => {
  for (const [what, send] of [
    ['garbage', (socket: FakeBotSocket) => socket.frame(new ArrayBuffer(30))],
    ['empty', (socket: FakeBotSocket) => socket.frame(new ArrayBuffer(0))],
    ['no JSON', (socket: FakeBotSocket) => socket.emit('message', Buffer.from('{'), false)],
    ['too long', (socket: FakeBotSocket) => socket.frame(voiceOf(1277))],
    ['a flood', (socket: FakeBotSocket) => Array.from({ length: 300 }, (_, n) => socket.frame(voice(n + 1)))],
    ['pings', (socket: FakeBotSocket) => Array.from({ length: 300 }, () => socket.emit('ping', Buffer.alloc(0)))],
  ] as const) {
    const { attached, seat, closes } = setUp();
    const { socket } = attached();
    send(socket);
    t.not(socket.closeCode, undefined, what);
    t.equal(closes(), 1, what);
    t.ok(seat().sent.length <= 200, what);
    t.equal(seat().open, true, what);
  }
  const { attached, hits } = setUp();
  const { socket, connection } = attached();
  for (let n = 0; n < 20; n++) connection.emit('data', Buffer.alloc(10_000));
  t.equal(socket.closeCode, 1008, 'bytes that are no message yet');
  t.equal(hits('bytes_per_second'), 1);
  t.end();
});

test('ten minutes of speech in frames of 10 ms are not too much', (t) => {
  const { attached, clock, counters } = setUp();
  const { socket, connection } = attached();
  for (let n = 1; n <= 60_000; n++) {
    clock.advance(10);
    connection.emit('data', Buffer.alloc(120));
    socket.frame(voice(n));
    if (n % 10 === 0) socket.frame(writeAcknowledgement(0, 0));
  }
  t.equal(socket.closeCode, undefined);
  t.equal(counters.framesIn, 60_000);
  t.end();
});

test('a listener whose connection stands still misses what they would hear too late', (t) => {
  const { attached, seat, clock, counters } = setUp();
  const { socket, connection } = attached();
  const hear = () => {
    clock.advance(20);
    seat().options.sink.mix(payloadOf(1), 0, false);
  };
  for (let n = 1; n <= 50; n++) {
    hear();
    socket.frame(writeAcknowledgement(n, 0));
  }
  t.equal(counters.framesDropped, 0);
  for (let n = 0; n < 100; n++) hear();
  t.ok(counters.framesOut < 66, `${counters.framesOut - 50} more are sent`);
  t.equal(counters.framesOut + counters.framesDropped, 150);
  socket.frame(writeAcknowledgement(counters.framesOut, 0));
  const before = counters.framesOut;
  hear();
  t.equal(counters.framesOut, before + 1, 'and hears again when all has come');
  connection.writableLength = 2001;
  socket.frame(writeAcknowledgement(counters.framesOut, 0));
  const { length } = socket.sent;
  hear();
  clock.advance(100);
  socket.frame(writeAcknowledgement(counters.framesOut, 0));
  t.equal(socket.sent.length, length, 'nothing is sent to a system that takes nothing');
  t.end();
});

test('a second socket takes over, and the first one is told', (t) => {
  const { attached, seat } = setUp();
  const first = attached().socket;
  const second = attached().socket;
  t.match(first.takeAnswers().at(-1), { code: 'replaced' });
  t.equal(first.closeCode, 4001);
  first.frame(voice(1));
  second.frame(voice(2));
  t.match(seat().sent, [{ sequenceNumber: 2 }]);
  second.say({ type: 'attach', room: 'lobby', resumeToken: 'x' });
  t.match(second.takeAnswers().at(-1), { code: 'already_joined' });
  t.end();
});

test('WebRTC is tried beside it, and takes over once it is established', async (t) => {
  const { attached, plane, participant, leg, seat, hits } = setUp();
  const { socket } = attached();
  await Promise.resolve();
  socket.takeAnswers();
  socket.say({ type: 'offer', sdp: 'unusable' });
  t.match(socket.takeAnswers(), [{ type: 'error', code: 'invalid_sdp' }]);
  t.equal(socket.closeCode, undefined, 'a refused offer ends nothing');
  socket.say({ type: 'offer', sdp: 'x' });
  const [other] = plane.rooms[0]!.seats;
  t.same(socket.takeAnswers(), [{ type: 'answer', sdp: other!.answer }]);
  t.match(other!.state, { muted: true, deafened: true });
  t.equal(participant.seat?.kind, 'relayed');
  other!.connect();
  t.equal(participant.seat?.kind, 'webrtc');
  t.match(other!.state, { muted: false, deafened: false });
  t.equal(seat().open, false);
  leg.look();
  t.equal(socket.closeCode, 1000);
  const late = attached().socket;
  for (let n = 0; n < 5; n++) late.say({ type: 'offer', sdp: 'x' });
  t.match(late.takeAnswers().at(-1), { code: 'too_many_offers' });
  t.equal(hits('offers_per_second'), 1);
});

test('a socket that says nothing for 10 s, and one of a server that closes, end', (t) => {
  const { attached, clock, closes } = setUp();
  const { socket, session } = attached();
  clock.advance(10_000);
  session.look();
  t.equal(socket.closeCode, undefined);
  clock.advance(1);
  session.look();
  t.equal(socket.closeCode, 1006);
  const last = attached();
  last.session.close();
  t.equal(last.socket.closeCode, 1012);
  t.equal(closes(), 2);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('whoever was removed from the room gets no other place in it by an offer', (t) => {
  const { attached, participant, plane } = setUp();
  const { socket } = attached();
  socket.takeAnswers();
  participant.kick();
  socket.say({ type: 'offer', sdp: 'x' });
  t.equal(participant.seat, undefined);
  t.match(socket.takeAnswers(), [{ type: 'error', code: 'unknown_participant' }]);
  t.same(
    plane.rooms.flatMap(({ seats }) => seats.filter(({ open }) => open)),
    [],
  );
  t.end();
});

test('a client that sends, and reads no answers, is cut off before they fill the memory', (t) => {
  const { attached } = setUp();
  const { socket, session } = attached();
  socket.bufferedAmount = 65_536;
  session.look();
  t.equal(socket.closeCode, undefined);
  socket.bufferedAmount++;
  session.look();
  t.equal(socket.closeCode, 1006);
  t.end();
});
