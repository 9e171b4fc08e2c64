import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Test, test } from 'tap';
import { eventually } from '../../helpers/eventually.ts';
import { MumbleClient } from '../../helpers/mumble-client.ts';
import { startMumble } from '../../helpers/mumble-server.ts';

/** A connection that says nothing. */
function idle(t: Test, port: number, from = '127.0.0.1', localPort?: number) {
  const socket = connectTcp({
    port,
    host: '127.0.0.1',
    localAddress: from,
    ...(localPort !== undefined && { localPort }),
  });
  const state = { isOpen: false, isClosed: false };
  socket
    .on('error', () => {})
    .on('connect', () => {
      state.isOpen = true;
    })
    .on('close', () => {
      state.isClosed = true;
    })
    .resume();
  t.teardown(() => socket.destroy());
  return { socket, state };
}

/** TLS connections, and how many handshakes are complete. */
function handshakes(t: Test, port: number, count: number) {
  let done = 0;
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      done++;
    });
    socket.on('error', () => {}).resume();
    t.teardown(() => socket.destroy());
    sockets.push(socket);
  }
  return { sockets, done: () => done };
}

test('one address may have a quarter of the places for clients that are not in, and others get in', async (t) => {
  const server = await startMumble(t, { settings: { maxUsers: 40 } });
  // Whoever is in does not count.
  for (let n = 0; n < 12; n++) await server.join({ name: `P${n}` });
  const connections = Array.from({ length: 15 }, () => idle(t, server.port));
  const closed = () => connections.filter(({ state }) => state.isClosed).length;
  const isAnyConnecting = () => connections.some(({ state }) => !state.isOpen);
  await eventually(() => (closed() === 5 && !isAnyConnecting()) || `${closed()} of 15 are closed`);
  t.equal(server.limitCounts.counts.get('connections_per_address'), 5);
  const other = idle(t, server.port, '127.0.0.2');
  await eventually(() => other.state.isOpen || 'not open');
  for (const { socket, state } of connections) if (!state.isClosed) socket.destroy();
  // Their places are free again as soon as the server has noticed.
  let isIn = false;
  const come = () => {
    server.join({ name: 'Late' }).then(() => {
      isIn = true;
    }, come);
  };
  come();
  await eventually(() => {
    server.clock.advance(5);
    return isIn || 'not in';
  });
  t.notOk(other.state.isClosed);
});

test('handshakes begin only so often, and whoever goes while waiting takes no turn', async (t) => {
  const server = await startMumble(t);
  const { sockets, done } = handshakes(t, server.port, 20);
  await eventually(() => done() === 8 || `${done()} handshakes`);
  server.clock.advance(5);
  await eventually(() => done() === 9 || `${done()} handshakes`);
  for (const socket of sockets.slice(9)) socket.destroy();
  const more = handshakes(t, server.port, 1);
  await eventually(() => {
    server.clock.advance(5);
    return more.done() === 1 || 'not yet';
  });
  t.equal(done(), 9);
});

test('fifty who come at once begin four handshakes in a tick of the mixer, and all within a quarter of a second', async (t) => {
  const server = await startMumble(t, { settings: { maxUsers: 200 } });
  const { sockets, done } = handshakes(t, server.port, 50);
  await eventually(() => done() === 8 || `${done()} handshakes`);
  await eventually(() => sockets.every(({ connecting }) => !connecting) || 'some have not come');
  for (let tick = 1; tick <= 10; tick++) {
    server.clock.advance(20);
    const begun = 8 + 4 * tick;
    await eventually(() => done() >= begun || `${done()} handshakes`);
    t.equal(done(), begun);
  }
  server.clock.advance(10);
  await eventually(() => done() === 50 || `${done()} handshakes`);
});

test('handshakes that never end hold nobody else up, and are ended', async (t) => {
  const server = await startMumble(t, { settings: { joinTimeoutMs: 1000 } });
  const slow = Array.from({ length: 7 }, () => idle(t, server.port));
  // The first bytes of a handshake, and then one at a time.
  const hello = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03);
  for (const { socket } of slow) socket.write(hello.subarray(0, 5));
  const client = await server.join();
  t.equal(client.isClosed, false, 'while seven others are in their handshakes');
  let at = 5;
  await eventually(() => {
    for (const { socket, state } of slow) if (!state.isClosed) socket.write(hello.subarray(at % 11, (at % 11) + 1));
    at++;
    return slow.every(({ state }) => state.isClosed) || 'still open';
  });
  t.equal(client.isClosed, false);
});

test('after a restart, fifty clients that come at once are all in again', async (t) => {
  const before = await startMumble(t, { settings: { maxUsers: 200, defaultRoom: 'lobby' }, maxParticipants: 100 });
  const { port } = before;
  const names = Array.from({ length: 50 }, (_, n) => `P${n}`);
  const come = async (server: typeof before) => {
    const clients: MumbleClient[] = [];
    for (const name of names)
      void MumbleClient.join({ port, name, format: name.length % 2 === 0 ? 'old' : 'protobuf' }).then((client) => {
        t.teardown(() => client.close());
        clients.push(client);
      });
    await eventually(() => {
      server.clock.advance(5);
      return clients.length === names.length || `${clients.length} are in`;
    });
    t.equal(server.registry.room('lobby').size, names.length);
    return clients;
  };
  const first = await come(before);
  before.gateway.close();
  await eventually(() => first.every(({ isClosed }) => isClosed) || 'some are still connected');
  t.same(
    first.flatMap((client) => client.of('userRemove').filter(({ session }) => session === client.session)),
    [],
    'nobody is told to stay away',
  );
  const after = await startMumble(t, { settings: { port, maxUsers: 200, defaultRoom: 'lobby' }, maxParticipants: 100 });
  const [client] = await come(after);
  after.clock.advance(1000);
  await eventually(() => client!.users.size === names.length || `${client!.users.size} are shown`);
});

test('whoever is reset while waiting, and comes again from the same port, has one place', async (t) => {
  const server = await startMumble(t, { settings: { maxUsers: 32, joinTimeoutMs: 600_000 } });
  const areOpen = (connections: readonly ReturnType<typeof idle>[]) =>
    connections.every(({ state }) => state.isOpen) || 'not open';
  // These take all handshakes, and all places of their address.
  const first = Array.from({ length: 8 }, () => idle(t, server.port, '127.0.0.2'));
  await eventually(() => areOpen(first));
  /** Connections are accepted in order, and this one is refused. */
  const accepted = async () => {
    const { state } = idle(t, server.port, '127.0.0.2');
    await eventually(() => state.isClosed || 'not refused');
  };
  const before = Array.from({ length: 4 }, () => idle(t, server.port));
  await eventually(() => areOpen(before));
  await accepted();
  const ports = before.map(({ socket }) => socket.localPort!);
  for (const { socket } of before) socket.resetAndDestroy();
  await eventually(() => before.every(({ state }) => state.isClosed) || 'not reset');
  const again = ports.map((port) => idle(t, server.port, '127.0.0.1', port));
  await eventually(() => areOpen(again));
  await accepted();
  for (const { socket } of again) socket.destroy();
  await eventually(async () => {
    server.clock.advance(50);
    const all = Array.from({ length: 8 }, () => idle(t, server.port));
    await eventually(() => all.every(({ state }) => state.isOpen) || 'not open');
    await accepted();
    const left = all.filter(({ state }) => !state.isClosed).length;
    for (const { socket } of all) socket.destroy();
    return left === 8 || `${left} places are left`;
  });
});
