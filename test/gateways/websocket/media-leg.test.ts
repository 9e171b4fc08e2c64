import { test } from 'tap';
import { MediaLeg } from '../../../src/gateways/websocket/media-leg.ts';
import { GUEST } from '../../../src/rooms/admission.ts';
import { openRegistry } from '../../helpers/open-registry.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';
import { RecordingListener } from '../../helpers/recording-listener.ts';

async function setUp() {
  const { registry, plane, clock } = openRegistry();
  const listener = new RecordingListener();
  const state = { muted: false, deafened: false };
  const { participant } = registry.join({ room: 'lobby', name: 'Ada', admission: GUEST, state, from: 'x', listener });
  const leg = new MediaLeg(participant, clock);
  const told: string[] = [];
  const socket = (name: string) => ({
    mix: (payload: Uint8Array) => told.push(`${name} mix ${payload.length}`),
    replaced: () => told.push(`${name} replaced`),
    over: () => told.push(`${name} over`),
  });
  const first = socket('first');
  leg.attach(first, false);
  await Promise.resolve();
  const room = plane.rooms[0]!;
  const voice = (sequence: number) => ({
    sequence,
    time: 2 ** 32 + 960 * sequence,
    levelDbov: -9,
    payload: payloadOf(sequence),
  });
  return {
    plane,
    clock,
    participant,
    listener,
    leg,
    told,
    socket,
    first,
    room,
    seat: () => room.relayed.at(-1)!,
    voice,
  };
}

test('a participant over a WebSocket is in the room as anybody else, and is seen to be there by it', async (t) => {
  const { participant, leg, seat, voice, told } = await setUp();
  t.match(participant.view, { connected: true, via: 'websocket' });
  t.match(seat().options, { speaks: true, listens: true, takesStereo: false, kind: 'voice' });
  leg.receive(voice(1));
  leg.receive(voice(65_537));
  t.same(seat().sent, [
    { sequenceNumber: 1, timestamp: 960, levelDbov: -9, payload: payloadOf(1) },
    { sequenceNumber: 1, timestamp: (960 * 65_537) % 2 ** 32, levelDbov: -9, payload: payloadOf(65_537) },
  ]);
  seat().options.sink.mix(payloadOf(4), 0, false);
  t.same(told, ['first mix 4']);
});

test('another socket of the same participant takes over, and nobody notices', async (t) => {
  const { participant, leg, seat, voice, told, socket, first, room } = await setUp();
  leg.receive(voice(5));
  const second = socket('second');
  leg.attach(second, false);
  t.same(told, ['first replaced']);
  t.equal(room.relayed.length, 1, 'the seat stays');
  leg.detach(first);
  seat().options.sink.mix(payloadOf(4), 0, false);
  t.same(told, ['first replaced', 'second mix 4']);
  // What the first one had brought already.
  leg.receive(voice(5));
  leg.receive(voice(4));
  leg.receive(voice(6));
  t.same(
    seat().sent.map(({ sequenceNumber }) => sequenceNumber),
    [5, 6],
  );
  leg.detach(second);
  seat().options.sink.mix(payloadOf(4), 0, false);
  t.equal(told.length, 2);
  t.equal(participant.view.connected, true);
});

test('a stream that begins anew says so', async (t) => {
  const { leg, seat, voice } = await setUp();
  const starts: boolean[] = [];
  seat().send = (_, startsStream = false) => {
    starts.push(startsStream);
    return true;
  };
  for (const sequence of [100, 101, 103, 1602, 3200, 10]) leg.receive(voice(sequence));
  t.same(starts, [true, false, false, false, true, true]);
});

test('after 7 s without a sign it is not connected, and after 30 s it is given up', async (t) => {
  const { participant, leg, clock, listener, seat, told } = await setUp();
  clock.advance(6999);
  t.equal(leg.look(), true);
  t.equal(participant.view.connected, true);
  clock.advance(1);
  t.equal(leg.look(), true);
  t.equal(participant.view.connected, false);
  leg.heard();
  t.equal(participant.view.connected, true);
  clock.advance(29_999);
  t.equal(leg.look(), true);
  clock.advance(1);
  t.equal(leg.look(), false);
  t.equal(seat().open, false);
  t.match(listener.take('media_closed'), [{ reason: 'silent' }]);
  t.same(told, ['first over']);
  t.equal(leg.look(), false);
  t.equal(told.length, 1, 'it ends once');
});

test('it is over when the participant leaves, when the worker dies, and when WebRTC takes over', async (t) => {
  for (const end of ['left', 'worker', 'webrtc'] as const) {
    const { participant, leg, told, room, voice, seat } = await setUp();
    if (end === 'left') participant.leave('left');
    else if (end === 'worker') room.fail();
    else {
      participant.sit((media, options) => media.connectWebRtc({ sdp: 'x', address: '' }, options));
      t.equal(leg.isOver, false, 'it goes on until the other connection is established');
      room.seats[0]!.connect();
      t.equal(participant.view.via, undefined);
    }
    t.equal(leg.isOver, true, end);
    leg.receive(voice(1));
    t.same(seat().sent, []);
    t.equal(leg.look(), false);
    t.same(told, ['first over']);
  }
});

test('after the end of its seat it takes another one', async (t) => {
  const { participant, leg, room, socket, voice, seat } = await setUp();
  leg.receive(voice(7));
  room.fail();
  leg.attach(socket('second'), true);
  await Promise.resolve();
  t.equal(room.relayed.length, 2);
  t.equal(seat().options.takesStereo, true);
  t.match(participant.view, { connected: true, via: 'websocket' });
  leg.receive(voice(7));
  t.equal(seat().sent.length, 1);
});
