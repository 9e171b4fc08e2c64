import { createSocket, type RemoteInfo, Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { type Test, test } from 'tap';
import { CryptState } from '../../../src/gateways/mumble/wire/crypt-state.ts';
import { readVoicePacket } from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { eventually } from '../../helpers/eventually.ts';
import { sit } from '../../helpers/fake-media-plane.ts';
import type { MumbleClient } from '../../helpers/mumble-client.ts';
import { type MumbleServer, startMumble } from '../../helpers/mumble-server.ts';

const SPEECH = Uint8Array.of(0x78, 1, 2, 3, 4, 5);
const IN_LOBBY = { settings: { defaultRoom: 'lobby' } };

/** Somebody with a browser who says packets. */
function browser(server: MumbleServer) {
  const { participant } = server.browser('Bob');
  sit(participant, 'offer');
  const seatId = participant.seat!.id;
  let n = 0;
  return (packets = 1) => {
    for (let i = 0; i < packets; i++) {
      const place = { seatId, stream: 7, levelDbov: -20, arrivalMs: server.clock.now(), timestamp: 960 * n++ };
      server.plane.rooms[0]?.tap?.sink.voice({ ...place, payload: SPEECH });
    }
  };
}

/** The client pings by UDP, is answered, and says so. */
async function useUdp(client: MumbleClient): Promise<void> {
  const before = client.udpPings;
  client.pingByUdp();
  await eventually(() => client.udpPings > before || 'no answer');
  await ping(client);
}

async function ping(client: MumbleClient, good?: number): Promise<void> {
  const before = client.of('ping').length;
  client.ping(good);
  await eventually(() => client.of('ping').length > before || 'no answer');
}

async function heardBy(client: MumbleClient, say: () => void): Promise<string | undefined> {
  const before = client.heard.length;
  say();
  await eventually(() => client.heard.length > before || 'not heard');
  return client.heard.at(-1)?.by;
}

test('voice begins in the tunnel and goes over to UDP when that arrives, in both formats', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  for (const format of ['old', 'protobuf'] as const) {
    const client = await server.join({ format, name: format });
    t.equal(await heardBy(client, say), 'tunnel');
    client.pingByUdp();
    await eventually(() => client.udpPings > 0 || 'no answer');
    t.equal(await heardBy(client, say), 'tunnel', 'until the client says that it arrives');
    await ping(client);
    t.equal(await heardBy(client, say), 'udp');
    const seat = server.plane.rooms[0]?.relayed.at(-1);
    client.sayByUdp(0, SPEECH);
    await eventually(() => seat?.sent.length === 1 || 'not said');
    client.close();
  }
});

test('a client that uses the tunnel gets the tunnel, and comes back', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  const client = await server.join();
  await useUdp(client);
  t.equal(await heardBy(client, say), 'udp');
  client.say(0, SPEECH);
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  await eventually(() => seat?.sent.length === 1 || 'not said');
  t.equal(await heardBy(client, say), 'tunnel');
  await useUdp(client);
  t.equal(await heardBy(client, say), 'udp');
});

test('UDP that no longer arrives is left with the next ping', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  const client = await server.join();
  await useUdp(client);
  const good = client.crypt!.good;
  say(21);
  await ping(client, good);
  t.equal(await heardBy(client, say), 'tunnel');
});

test('a client that never says what it receives is sent UDP once it speaks by UDP', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  const client = await server.join({ format: 'old' });
  await ping(client, 0);
  client.sayByUdp(0, SPEECH);
  const seat = server.plane.rooms[0]?.relayed.at(-1);
  await eventually(() => seat?.sent.length === 1 || 'not said');
  t.equal(await heardBy(client, say), 'udp');
  say(30);
  await ping(client, 0);
  t.equal(await heardBy(client, say), 'udp');
});

test('a new port is found at once', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  const [client, other] = [await server.join(), await server.join({ name: 'Eve' })];
  await useUdp(client);
  await useUdp(other);
  client.changePort();
  await useUdp(client);
  t.equal(await heardBy(client, say), 'udp');
  t.equal(other.heard.at(-1)?.by, 'udp');
});

test('a port that a NAT has given to another client is that client’s', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const say = browser(server);
  const [client, other] = [await server.join(), await server.join({ name: 'Eve' })];
  await useUdp(client);
  await useUdp(other);
  other.changePort();
  other.takePortOf(client);
  await useUdp(other);
  t.equal(await heardBy(other, say), 'udp');
  client.changePort();
  await useUdp(client);
  t.equal(await heardBy(client, say), 'udp', 'and the first one is found at its new port');
});

test('both sides find their counters again', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  await useUdp(client);
  for (let i = 0; i < 300; i++) client.crypt!.encrypt(SPEECH);
  server.clock.advance(6000);
  client.pingByUdp();
  await eventually(() => client.of('cryptSetup').length === 2 || 'not asked');
  await useUdp(client);
  client.send('cryptSetup', {});
  await eventually(() => client.of('cryptSetup').length === 3 || 'no answer');
  t.equal(client.of('cryptSetup')[2]?.serverNonce?.length, 16);
  await useUdp(client);
  t.equal(client.of('ping').at(-1)?.resync, 1);
});

async function ask(t: Test, port: number, question: Uint8Array): Promise<Buffer | null> {
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(question, port, '127.0.0.1');
  const none = new Promise<null>((resolve) => setTimeout(() => resolve(null), 300));
  return (await Promise.race([answer.then(([bytes]) => bytes), none])) ?? null;
}

test('the list of servers is answered in its own format, unless the operator says no', async (t) => {
  const server = await startMumble(t, { settings: { maxUsers: 50 } });
  await server.join();
  await eventually(async () => {
    const old = await ask(t, server.port, Buffer.from('000000000102030405060708', 'hex'));
    return old?.toString('hex') === '00010500010203040506070800000001000000320001fbd0' || `${old?.toString('hex')}`;
  });
  const now = await ask(t, server.port, Buffer.from('0108051001', 'hex'));
  t.equal(now?.toString('hex'), '0108051880808080d080402001283230d0f707');
  const silent = await startMumble(t, { settings: { listPing: false } });
  t.equal(await ask(t, silent.port, Buffer.from('000000000102030405060708', 'hex')), null);
});

test('forged datagrams are counted, cost a bounded number of trials, and change nothing', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  const forger = createSocket('udp4');
  t.teardown(() => forger.close());
  let sent = 0;
  const flood = setInterval(() => {
    for (let i = 0; i < 100; i++, sent++) forger.send(Buffer.alloc(40, sent), server.port, '127.0.0.1');
  }, 5);
  t.teardown(() => clearInterval(flood));
  await eventually(() => server.gateway.figures.udp.unknown > 2000 || `${server.gateway.figures.udp.unknown}`);
  clearInterval(flood);
  t.ok(server.gateway.figures.udp.trials <= 200, `${server.gateway.figures.udp.trials} trials while time stands still`);
  server.clock.advance(1000);
  await useUdp(client);
});

test('a question that claims to come from port 0 is left out, because nothing can be sent there', async (t) => {
  const receivers: ((datagram: Buffer, from: RemoteInfo) => void)[] = [];
  t.capture(Socket.prototype, 'on', function (this: Socket, name: string, listener: (...args: unknown[]) => void) {
    if (name === 'message') receivers.push(listener);
    return EventEmitter.prototype.on.call(this, name, listener) as Socket;
  });
  const server = await startMumble(t);
  const from = { address: '127.0.0.1', family: 'IPv4', port: 0, size: 12 } as const;
  for (const receive of receivers) t.doesNotThrow(() => receive(Buffer.alloc(12), from));
  t.match(server.gateway.figures.udp, { datagrams: 1, listPings: 0 });
});

test('what is no voice packet is counted, also after its sender has left', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  const malformed = () => server.gateway.figures.voice.malformed;
  await useUdp(client);
  client.sendUdp(Uint8Array.of(0, 0xff));
  await eventually(() => malformed() === 1 || `${malformed()}`);
  // A duration that Mumble does not know: 2.5 ms.
  client.sayByUdp(0, Uint8Array.of(0xe0, 1, 2, 3, 4));
  await eventually(() => malformed() === 2 || `${malformed()}`);
  client.close();
  await eventually(() => server.gateway.figures.connections === 0 || 'still there');
  t.equal(malformed(), 2);
});

test('a second of 9,800 datagrams in the name of a client costs one decryption each, and loses it no word', async (t) => {
  const receivers: ((datagram: Buffer, from: RemoteInfo) => void)[] = [];
  t.capture(Socket.prototype, 'on', function (this: Socket, name: string, listener: (...args: unknown[]) => void) {
    if (name === 'message') receivers.push(listener);
    return EventEmitter.prototype.on.call(this, name, listener) as Socket;
  });
  const server = await startMumble(t, IN_LOBBY);
  const [receive] = receivers;
  const client = await server.join();
  const other = await server.join({ name: 'Bob', format: 'old' });
  const from = { address: '127.0.0.1', family: 'IPv4', port: 41_000, size: 0 } as const;
  receive!(Buffer.from(client.crypt!.encrypt(Uint8Array.of(1, 8, 5))), from);
  const { inByUdp } = server.gateway.figures.voice;
  const trialsBefore = server.gateway.figures.udp.trials;
  const decrypt = t.capture(CryptState.prototype, 'decrypt', CryptState.prototype.decrypt);
  const heardBefore = other.heard.length;
  let before = Buffer.from(client.crypt!.encrypt(client.voice(0, SPEECH)));
  receive!(before, from);
  for (let n = 1; n < 50; n++) {
    const genuine = Buffer.from(client.crypt!.encrypt(client.voice(2 * n, SPEECH)));
    const forged = Buffer.from(genuine);
    forged[1]! ^= 1;
    for (let i = 0; i < 200; i++) {
      if (i % 10 === 0) server.clock.advance(1);
      // The worst that somebody can send: the counter that is expected next, or what was taken before.
      receive!(i % 2 === 0 ? forged : before, from);
    }
    receive!(genuine, from);
    before = genuine;
  }
  t.equal(server.gateway.figures.voice.inByUdp - inByUdp, 50, 'each of its words is heard');
  t.equal(server.gateway.figures.udp.refused, 9800);
  const trials = server.gateway.figures.udp.trials - trialsBefore;
  t.ok(trials <= 200 + 500, `${trials} attempts with the keys of others`);
  t.equal(decrypt().length, 9850 + trials);
  t.equal(client.of('cryptSetup').length, 1, 'it is not asked for its counter');
  t.same([client.isClosed, other.isClosed, other.heard.length], [false, false, heardBefore]);
});

test('a packet that the system does not take at once is left as it is until it is sent', async (t) => {
  const server = await startMumble(t, IN_LOBBY);
  const client = await server.join();
  const say = browser(server);
  await useUdp(client);
  const sent: { packet: Uint8Array; copy: Buffer }[] = [];
  t.capture(Socket.prototype, 'getSendQueueCount', () => 1);
  t.capture(Socket.prototype, 'send', (packet: Uint8Array) => sent.push({ packet, copy: Buffer.from(packet) }));
  say(3);
  t.equal(sent.length, 3);
  for (const { packet, copy } of sent) t.ok(copy.equals(packet));
  const texts = sent.map(({ copy }) => readVoicePacket('protobuf', client.crypt!.decrypt(copy)!, true)?.frameNumber);
  t.same(texts, [0, 2, 4]);
});
