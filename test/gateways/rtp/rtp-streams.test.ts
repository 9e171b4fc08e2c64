import pino from 'pino';
import { type Test, test } from 'tap';
import { isTarget, RtpStreams } from '../../../src/gateways/rtp/rtp-streams.ts';
import type { RtpNetwork } from '../../../src/gateways/rtp/udp.ts';
import { newRtpInputSchema, newRtpOutputSchema } from '../../../src/protocol/api/rtp-schemas.ts';
import { writeRtpHeader } from '../../../src/rtc/rtp/rtp-packet.ts';
import { openRegistry } from '../../helpers/open-registry.ts';

const SOUND = Uint8Array.of(0xf8, 1, 2, 3);
const KEY = Buffer.alloc(30, 7).toString('base64');
const STUDIO = '192.0.2.7';
const TARGET = '192.0.2.9:5004';

/** Resolves when every seat that there is works. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const newInput = (wanted: object = {}) => newRtpInputSchema.parse(wanted);
const newOutput = (wanted: object = {}) => newRtpOutputSchema.parse({ target: TARGET, ...wanted });

function packet(sequenceNumber: number, ssrc = 5): Uint8Array {
  const bytes = new Uint8Array(12 + SOUND.length);
  writeRtpHeader(bytes, 97, sequenceNumber, sequenceNumber * 960, ssrc, true);
  bytes.set(SOUND, 12);
  return bytes;
}

function setUp(t: Test, { host = '192.0.2.1', targets = ['192.0.2.9'] } = {}) {
  const { registry, clock, plane } = openRegistry();
  const sockets: { receive: (datagram: Uint8Array, from: string) => void; sent: Uint8Array[]; isOpen: boolean }[] = [];
  const open = (receive: (datagram: Uint8Array, from: string) => void = () => {}) => {
    const socket = { receive, sent: [] as Uint8Array[], isOpen: true };
    sockets.push(socket);
    return socket;
  };
  const closerOf = (socket: { isOpen: boolean }) => () => {
    socket.isOpen = false;
  };
  let fail: () => void = () => {};
  const network: RtpNetwork = {
    listen: async (_, port, receive) => {
      if (port === 7) throw new Error('taken');
      return { port: port === 0 ? 40_000 + sockets.length : port, close: closerOf(open(receive)) };
    },
    connect: async (address, _, failed) => {
      fail = failed;
      const socket = open();
      return { address, send: (bytes) => socket.sent.push(bytes), close: closerOf(socket) };
    },
  };
  const streams = new RtpStreams({
    host,
    targets,
    registry,
    showAddresses: true,
    clock,
    log: pino({ level: 'silent' }),
    network,
  });
  const room = registry.create({ name: 'lobby', locked: false });
  // Opens the room's media.
  void room.media;
  t.teardown(() => {
    registry.close();
    streams.close();
    if (sockets.some(({ isOpen }) => isOpen)) throw new Error('a socket stays open');
  });
  const seats = () => plane.rooms[0]?.relayed.filter((seat) => seat.open) ?? [];
  return { registry, clock, plane, streams, room, sockets, seats, fail: () => fail() };
}

test('an input is a participant whose sound is what arrives', async (t) => {
  const { streams, room, sockets, seats, clock } = setUp(t);
  const input = await streams.startInput(room, newInput({ name: 'Studio', key: undefined }));
  t.match(input, { room: 'lobby', name: 'Studio', source: 'music', address: '192.0.2.1', port: 40_000, from: null });
  t.match(input, { encrypted: false, heard: false, ssrc: null, packets: 0 });
  const [participant] = [...room.everybody];
  t.match(participant?.view, { id: input.participant, name: 'Studio', via: 'rtp', deafened: true, muted: false });
  t.equal(participant?.address, null, 'not known yet');
  const [seat] = seats();
  t.match(seat?.options, { kind: 'music', speaks: true, listens: false });
  sockets[0]?.receive(packet(1), STUDIO);
  sockets[0]?.receive(packet(2), '192.0.2.8');
  sockets[0]?.receive(packet(3), STUDIO);
  t.match(seat?.sent, [{ sequenceNumber: 1, payload: SOUND }, { sequenceNumber: 3 }]);
  t.equal(seat?.sent.length, 2);
  t.match(streams.list(room).inputs, [{ from: STUDIO, heard: true, ssrc: 5, packets: 2, dropped: { otherSource: 1 } }]);
  clock.advance(1000);
  t.match(streams.list(room).inputs, [{ heard: false }]);
  streams.end(room, input.id);
  t.throws(() => streams.end(room, input.id), { code: 'unknown_rtp' });
  t.equal(sockets[0]?.isOpen, false);
  t.equal(room.size, 0);
  t.doesNotThrow(() => sockets[0]?.receive(packet(4), STUDIO));
});

test('an input speaks again when a moderator allows it, and takes another seat when its worker has died', async (t) => {
  const { streams, room, sockets, seats, plane, clock } = setUp(t);
  await streams.startInput(room, newInput({ source: 'voice', from: STUDIO }));
  const [participant] = [...room.everybody];
  t.equal(seats()[0]?.options.kind, 'voice');
  t.equal(participant?.address, STUDIO);
  await settled();
  participant?.setMutedByModerator(true);
  await settled();
  t.equal(seats()[0]?.muted, true);
  participant?.setMutedByModerator(false);
  await settled();
  t.equal(seats()[0]?.muted, false);
  plane.busy = true;
  plane.rooms[0]?.fail();
  await settled();
  plane.busy = false;
  clock.advance(1000);
  await settled();
  t.equal(seats().length, 1);
  sockets[0]?.receive(packet(9), STUDIO);
  t.match(seats()[0]?.sent, [{ sequenceNumber: 9 }]);
  room.close('room_closed');
  t.equal(sockets[0]?.isOpen, false);
});

test('an input without a port, or a seat, leaves nothing behind', async (t) => {
  const { streams, room, plane, sockets } = setUp(t);
  await t.rejects(streams.startInput(room, newInput({ port: 7 })), { code: 'rtp_port_taken' });
  plane.busy = true;
  await t.rejects(streams.startInput(room, newInput()), { code: 'server_busy' });
  await t.rejects(streams.startOutput(room, newOutput()), { code: 'server_busy' });
  t.same(
    sockets.map(({ isOpen }) => isOpen),
    [false, false],
  );
  t.equal(room.size, 0);
  t.same([...room.listeners.all], []);
  t.same(streams.list(room), { inputs: [], outputs: [] });
  const { streams: off, room: other } = setUp(t, { host: '' });
  await t.rejects(off.startInput(other, newInput()), { code: 'rtp_off' });
});

test('an output sends the mix as packets, and is a listener', async (t) => {
  const { streams, room, sockets, seats, clock, fail } = setUp(t);
  const output = await streams.startOutput(room, newOutput({ payloadType: 97, key: KEY }));
  t.match(output, { room: 'lobby', target: TARGET, payloadType: 97, encrypted: true, state: 'connected' });
  t.notMatch(JSON.stringify(output), KEY);
  await settled();
  t.equal(room.listeners.count, 1, 'the room is told');
  const [seat] = seats();
  t.match(seat?.options, { speaks: false, listens: true, takesStereo: true, state: { muted: true, deafened: false } });
  clock.advance(80);
  t.equal(sockets[0]?.sent.length, 1, 'silence is sent');
  seat?.options.sink.mix(SOUND, (clock.now() / 20) * 960, true);
  t.equal(sockets[0]?.sent.length, 5);
  t.equal(sockets[0]?.sent.at(-1)?.length, 12 + SOUND.length + 10);
  fail();
  t.match(streams.list(room).outputs, [{ packetsSent: 5, failures: 1 }]);
  t.match(streams.sdp(room, output.id), `inline:${KEY}`);
  t.match(streams.sdp(room, output.id), 'm=audio 5004 RTP/SAVP 97');
  t.throws(() => streams.sdp(room, 'none'), { code: 'unknown_rtp' });
  streams.end(room, output.id);
  t.equal(room.listeners.count, 0);
  const sent = sockets[0]?.sent.length;
  clock.advance(2000);
  t.equal(clock.pendingTimers, 0);
  t.equal(sockets[0]?.sent.length, sent, 'nothing is sent any more');
  t.throws(() => streams.sdp(room, output.id), { code: 'unknown_rtp' });
});

test('an output goes on after its worker has died, and ends with its room', async (t) => {
  const { streams, room, plane, clock, sockets, seats } = setUp(t);
  await streams.startOutput(room, newOutput());
  plane.busy = true;
  plane.rooms[0]?.fail();
  t.match(streams.list(room).outputs, [{ state: 'failed' }]);
  clock.advance(1000);
  t.match(streams.list(room).outputs, [{ state: 'failed' }], 'there is no other one yet');
  plane.busy = false;
  clock.advance(1000);
  t.match(streams.list(room).outputs, [{ state: 'connected' }]);
  t.equal(seats().length, 1);
  for (const listener of [...room.listeners.all]) if (listener.via === 'rtp') listener.end('ended');
  t.same(streams.list(room).outputs, []);
  await streams.startOutput(room, newOutput());
  t.equal(sockets[1]?.isOpen, true);
  room.close('room_closed');
  t.equal(sockets[1]?.isOpen, false);
});

test('a room has eight inputs and outputs at most, also if all are wanted at once', async (t) => {
  const { streams, room } = setUp(t);
  await Promise.all(Array.from({ length: 7 }, () => streams.startOutput(room, newOutput())));
  const [eighth, ninth] = [streams.startInput(room, newInput()), streams.startInput(room, newInput())];
  await t.resolves(eighth);
  await t.rejects(ninth, { code: 'too_many_rtp' });
});

test('sound is sent only where the operator allows it', async (t) => {
  const { streams, room } = setUp(t, { targets: ['192.0.2.9:5004', 'Radio.example.org', '[2001:db8::1]:5004'] });
  for (const target of ['192.0.2.9:5006', '192.0.2.10:5004', '239.0.0.1:5004', 'example.org:5004'])
    await t.rejects(streams.startOutput(room, newOutput({ target })), { code: 'forbidden_target' }, target);
  for (const target of ['192.0.2.9', '2001:db8::1', 'nonsense:'])
    await t.rejects(streams.startOutput(room, newOutput({ target })), { code: 'invalid_request' }, target);
  for (const target of ['192.0.2.9:5004', 'radio.example.org:9', '[2001:db8::1]:5004'])
    t.match(await streams.startOutput(room, newOutput({ target })), { target });
  t.equal(isTarget({ host: '192.0.2.9', port: 1 }, []), false);
});

test('a key has 30 bytes', async (t) => {
  for (const key of ['', KEY.slice(1), `${KEY}A`, `${KEY.slice(1)}!`])
    t.equal(newRtpInputSchema.safeParse({ key }).success, false, key);
  t.equal(newRtpInputSchema.safeParse({ key: KEY }).success, true);
});
