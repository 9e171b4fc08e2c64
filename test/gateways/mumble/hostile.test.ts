import { createSocket } from 'node:dgram';
import { connect as connectTcp, Server, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { test } from 'tap';
import { encodeFrame } from '../../../src/gateways/mumble/wire/frames.ts';
import { TYPE } from '../../../src/gateways/mumble/wire/messages.ts';
import { cases } from '../../helpers/cases.ts';
import { eventually } from '../../helpers/eventually.ts';
import { startMumble } from '../../helpers/mumble-server.ts';
import { createPrng, integerBetween } from '../../helpers/prng.ts';

const SEED = 20_261_130;
const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
const IN_LOBBY = { settings: { defaultRoom: 'lobby' } };

test('random frames, before and after login, harm nobody else', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const good = await server.join({ name: 'Good' });
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  const random = createPrng(SEED);
  for (let n = 0; n < cases(60); n++) {
    const hostile = await (n % 2 === 0 ? server.open({ name: `Bad ${n}` }) : server.join({ name: `Bad ${n}` }));
    for (let i = 0; i < 30; i++) {
      const payload = Buffer.from(
        Array.from({ length: integerBetween(random, 0, 60) }, () => integerBetween(random, 0, 255)),
      );
      hostile.sendFrame(integerBetween(random, 0, 30), payload);
    }
    hostile.sendFrame(1, Buffer.alloc(integerBetween(random, 0, 2000), n));
    if (n % 3 === 0) hostile.socket.write(Buffer.from('ffffffffffff', 'hex'));
    hostile.close();
  }
  await eventually(() => server.gateway.figures.connections === 1 || `${server.gateway.figures.connections} left`);
  good.say(0, SPEECH);
  await eventually(() => seat?.sent.length === 1 || 'not heard');
  t.equal(server.registry.room('lobby').size, 1);
  t.equal(good.isClosed, false);
});

test('a frame that claims to be huge ends the connection before it comes', async (t) => {
  const server = await startMumble(t);
  for (const join of [server.open, server.join]) {
    const hostile = await join();
    hostile.socket.write(Buffer.from('000900ffffff', 'hex'));
    await eventually(() => hostile.isClosed || 'still open');
  }
});

test('a flood of messages ends the connection, and voice above the bandwidth is left out', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const flood = await server.join({ name: 'Flood' });
  for (let i = 0; i < 200; i++) flood.send('permissionQuery', { channelId: i });
  await eventually(() => flood.isClosed || 'still open');
  const loud = await server.join({ name: 'Loud' });
  // The room was closed with the first one's leave.
  const seat = server.plane.rooms.at(-1)?.relayed.at(-1);
  const packet = new Uint8Array(900).fill(0x78);
  for (let i = 0; i < 2000; i++) loud.say(2 * i, packet);
  await eventually(
    () => server.gateway.figures.voice.inByTunnel >= 2000 || `${server.gateway.figures.voice.inByTunnel}`,
  );
  const { overLimit } = server.gateway.figures.voice;
  t.ok(overLimit > 1900 && overLimit < 2000, `${overLimit} left out`);
  t.equal(seat?.sent.length, 2000 - overLimit);
});

test('connections that do not speak TLS, or begin and stop, are dropped in time', async (t) => {
  const server = await startMumble(t, { settings: { joinTimeoutMs: 300 } });
  const closed = new Set<Socket>();
  const sockets = Array.from({ length: 50 }, (_, n) => {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket
      .on('error', () => {})
      .on('close', () => closed.add(socket))
      .resume();
    if (n % 2 === 0) socket.write('GET / HTTP/1.1\r\n\r\n');
    return socket;
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  // Until then they wait for the turn of their handshakes.
  await eventually(() => {
    server.clock.advance(5);
    return closed.size === 50 || `${closed.size} of 50 are closed`;
  });
  const client = await server.join();
  t.equal(client.isClosed, false);
});

test('a connection that the system cannot accept only affects its peer', async (t) => {
  const listening: Server[] = [];
  const { listen } = Server.prototype;
  t.capture(Server.prototype, 'listen', function (this: Server, ...args: unknown[]) {
    listening.push(this);
    return Reflect.apply(listen, this, args) as Server;
  });
  const server = await startMumble(t);
  for (const one of listening) t.doesNotThrow(() => one.emit('error', new Error('EMFILE')));
  await server.join();
});

test('more connections than allowed are refused, also while others are idle', async (t) => {
  const server = await startMumble(t, { settings: { maxUsers: 5 } });
  const first = await server.join();
  const refused: Socket[] = [];
  for (let n = 0; n < 20; n++) {
    const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket
      .on('error', () => {})
      .on('close', () => refused.push(socket))
      .resume();
    t.teardown(() => socket.destroy());
  }
  await eventually(() => refused.length >= 16 || `${refused.length} are refused`);
  t.equal(first.isClosed, false);
});

test('a client that reads nothing is disconnected, and its memory is bounded', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const deaf = await server.join({ name: 'Deaf' });
  deaf.socket.pause();
  let asked = 0;
  while (server.gateway.figures.connections === 1 && asked < 100_000) {
    for (let i = 0; i < 10; i++, asked++) deaf.say(2 * asked, new Uint8Array(900).fill(0x78), { target: 31 });
    await new Promise((resolve) => setImmediate(resolve));
    if (server.gateway.figures.voice.outDropped > 100) break;
  }
  const { outDropped } = server.gateway.figures.voice;
  t.ok(outDropped > 100 || server.gateway.figures.connections === 0, `${outDropped} left out after ${asked}`);
});

test('a flood of voice in the tunnel ends the connection, but not what has waited for half a minute', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  const bytes = Buffer.concat(Array.from({ length: 3000 }, () => encodeFrame(TYPE.udpTunnel, new Uint8Array(0))));
  client.socket.write(bytes);
  await eventually(() => server.gateway.figures.voice.inByTunnel === 3000 || 'not yet');
  t.equal(client.isClosed, false);
  client.socket.write(bytes);
  client.socket.write(bytes);
  await eventually(() => client.isClosed || 'still open');
  t.equal(server.limitCounts.counts.get('messages_per_second'), 1);
});

test('clients that change something without a pause make the server read its rooms a few times a second', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const clients = [
    await server.join({ name: 'A' }),
    await server.join({ name: 'B' }),
    await server.join({ name: 'C' }),
  ];
  let reads = 0;
  const { registry } = server;
  const get = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(registry), 'rooms')!.get!.bind(registry);
  Object.defineProperty(registry, 'rooms', {
    get: () => {
      reads++;
      return get();
    },
  });
  for (let n = 0; n < 40; n++)
    for (const client of clients) {
      client.send('userState', { selfMute: n % 2 === 0 });
      const pings = client.of('ping').length;
      if (n % 5 === 0) client.ping();
      if (n % 5 === 0) await eventually(() => client.of('ping').length > pings || 'no answer');
    }
  for (const client of clients) {
    client.send('userState', { selfMute: true });
    client.ping();
    await eventually(() => client.of('ping').length > 8 || 'no answer');
  }
  t.ok(reads <= 50, `${reads} times`);
  await server.clock.advance(1000);
  await eventually(() => clients.every(({ own }) => own.selfMute === true) || 'not told');
});

test('a packet to be echoed that would not fit into one with its talker is left out', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const longest = { old: [0x9f, 0, 0x83, 0xfc], protobuf: [0, 8, 31, 0x2a, 0xfa, 0x07] };
  for (const format of ['old', 'protobuf'] as const) {
    const client = await server.join({ format, name: format });
    const packet = Buffer.alloc(1024, 0x78);
    packet.set(longest[format]);
    client.sendFrame(TYPE.udpTunnel, packet);
    client.say(2, SPEECH, { target: 31 });
    await eventually(() => client.heard.length > 0 || 'no echo');
    t.match(client.heard, { length: 1, 0: { opus: SPEECH } }, format);
  }
});

test('datagrams of anybody and of clients, forged and repeated, harm nobody', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  client.pingByUdp();
  await eventually(() => client.udpPings > 0 || 'no answer');
  const genuine = Buffer.from(client.crypt!.encrypt(client.voice(0, SPEECH)));
  const random = createPrng(SEED);
  const stranger = createSocket('udp4');
  t.teardown(() => stranger.close());
  for (let n = 0; n < cases(20_000); n++) {
    const forged = Buffer.from(genuine);
    forged[integerBetween(random, 1, forged.length - 1)]! ^= integerBetween(random, 1, 255);
    const length = integerBetween(random, 0, forged.length);
    if (n % 2 === 0) client.sendDatagram(forged.subarray(0, length));
    else stranger.send(forged, server.port, '127.0.0.1');
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // The system itself drops datagrams of such a flood, so the genuine one is repeated until it has come.
  await eventually(() => {
    client.sendDatagram(genuine);
    return seat?.sent.length === 1 || `${seat?.sent.length} packets`;
  });
  for (let n = 0; n < 5; n++) client.sendDatagram(genuine);
  client.pingByUdp();
  await eventually(() => client.udpPings > 1 || 'no answer');
  t.equal(seat?.sent.length, 1);
});

test('names and texts of a hostile client are text to others', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const { listener } = server.browser('Bob');
  const other = await server.join({ name: 'Other' });
  const name = '<img src=x>';
  const hostile = await server.join({ name });
  await eventually(() => other.user(name) !== undefined || 'not seen');
  hostile.send('textMessage', { channelIds: [hostile.channel('lobby')], message: '&lt;script&gt;x&lt;/script&gt;' });
  await eventually(() => other.texts().length > 0 || 'not said');
  t.same(other.texts(), ['&lt;script&gt;x&lt;/script&gt;'], 'a Mumble client shows it as text');
  t.match(listener.take('said'), [{ line: { text: '<script>x</script>' } }]);
  hostile.sendFrame(TYPE.textMessage, encodeFrame(0, Buffer.alloc(20)));
});
