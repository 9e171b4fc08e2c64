import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { IcecastForward } from '../../../src/gateways/forward/icecast.ts';
import type { IcecastTarget } from '../../../src/gateways/forward/icecast-connection.ts';
import type { ForwardError } from '../../../src/rooms/forwarding.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** What a server says when it has the head of a request; undefined: it breaks the connection. */
type Answer = string | undefined;

const OK = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n';

function forwardTo(t: Test, port: number, given: Partial<IcecastTarget> = {}) {
  const clock = new FakeClock();
  const events: (string | ForwardError)[] = [];
  const players = new Set<(bytes: Uint8Array) => void>();
  const forward = new IcecastForward({
    target: {
      url: new URL(`http://127.0.0.1:${port}/mount.opus`),
      user: 'source',
      password: 'pässword',
      name: 'Zoë',
      description: '',
      public: false,
      ...given,
    },
    play: (write) => {
      players.add(write);
      write(Buffer.from('head,'));
      return () => players.delete(write);
    },
    clock,
    events: { connected: () => events.push('connected'), failed: (error) => events.push(error) },
  });
  t.teardown(() => forward.close());
  const play = (bytes: Uint8Array) => {
    for (const write of [...players]) write(bytes);
  };
  return { forward, clock, events, players, play };
}

/** A server that gives every connection the same answer and takes what follows. */
async function startIcecast(t: Test, given: Answer) {
  let answer = given;
  const heads: string[] = [];
  const bodies: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let text = '';
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (bytes: Buffer) => {
      const hadHead = text.includes('\r\n\r\n');
      text += bytes;
      const [head = '', body] = text.split('\r\n\r\n');
      if (body === undefined) return;
      if (hadHead) {
        bodies.push(String(bytes));
        return;
      }
      heads.push(head);
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    breakAll();
    server.close();
  });
  const setAnswer = (next: Answer) => {
    answer = next;
  };
  const { port } = server.address() as AddressInfo;
  return { server, port, heads, sockets, received: () => bodies.join(''), setAnswer, breakAll };
}

test('the stream is sent from its head on, with what listeners should see', async (t) => {
  const server = await startIcecast(t, OK);
  const { forward, events, play } = forwardTo(t, server.port, { description: 'all day', public: true });
  t.equal(forward.state, 'connecting');
  await eventually(() => forward.state === 'connected');
  play(Buffer.from('sound'));
  await eventually(() => server.received() === 'head,sound' || server.received());
  t.equal(forward.bytesSent, 10);
  t.same(events, ['connected']);
  const [head = ''] = server.heads;
  t.match(head, /^PUT \/mount\.opus HTTP\/1\.1\r\n/);
  t.ok(head.includes(`Basic ${Buffer.from('source:pässword').toString('base64')}`));
  t.match(head, /Ice-Name: Zoë\r\nIce-Description: all day\r\nIce-Public: 1$/);
});

test('a server that goes away is tried again, less and less often, and that is reported once', async (t) => {
  const server = await startIcecast(t, OK);
  const { forward, clock, events, players } = forwardTo(t, server.port);
  await eventually(() => forward.state === 'connected');
  clock.advance(30_000);
  server.setAnswer(undefined);
  server.breakAll();
  for (const [attempt, delayMs] of [1000, 1000, 2000, 3000, 5000, 10_000, 20_000, 30_000, 60_000, 60_000].entries()) {
    await eventually(() => forward.state === 'failed');
    t.equal(forward.retryAtMs, clock.wallNow() + delayMs, `after failure ${attempt + 1}`);
    t.equal(players.size, 0);
    clock.advance(delayMs);
    t.equal(forward.state, 'connecting');
    t.equal(forward.retryAtMs, null);
  }
  await eventually(() => forward.state === 'failed');
  t.match(events, ['connected', { code: 'closed' }]);
  t.equal(forward.failures, 11);
  server.setAnswer(OK);
  clock.advance(60_000);
  await eventually(() => forward.state === 'connected');
  await eventually(() => server.received().endsWith('head,') || server.received());
  server.breakAll();
  await eventually(() => forward.state === 'failed');
  t.equal(forward.retryAtMs, clock.wallNow() + 60_000, 'it did not last');
  t.match(events, ['connected', { code: 'closed' }, 'connected', { code: 'closed' }]);
});

test('each way to refuse has a code', async (t) => {
  for (const [status, code, delayMs] of [
    [401, 'wrong_password', 60_000],
    [403, 'mount_in_use', 1000],
    [404, 'refused', 1000],
    [302, 'refused', 1000],
  ] as const) {
    const server = await startIcecast(t, `HTTP/1.1 ${status} X\r\nLocation: http://127.0.0.1:1/\r\n\r\n`);
    const { forward, clock } = forwardTo(t, server.port);
    await eventually(() => forward.state === 'failed');
    t.equal(forward.error?.code, code);
    t.equal(forward.retryAtMs, clock.wallNow() + delayMs);
    t.equal(forward.bytesSent, 0);
  }
  const { port } = await startIcecast(t, OK).then(async ({ server, port }) => {
    server.close();
    return { port };
  });
  const { forward } = forwardTo(t, port);
  await eventually(() => forward.state === 'failed');
  t.match(forward.error, { code: 'unreachable', message: /ECONNREFUSED/ });
});

test('a server that hangs is given up, before and after it has accepted', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { forward, clock, play, players } = forwardTo(t, (server.address() as AddressInfo).port);
  await eventually(() => sockets.length === 1);
  clock.advance(9999);
  t.equal(forward.state, 'connecting');
  clock.advance(1);
  t.equal(forward.error?.code, 'no_answer');
  clock.advance(1000);
  await eventually(() => sockets.length === 2);
  sockets[1]?.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n');
  await eventually(() => forward.state === 'connected');
  // What the systems hold for the connection, and half a minute.
  await eventually(() => {
    play(Buffer.alloc(50_000));
    return forward.state === 'failed';
  });
  t.equal(forward.error?.code, 'too_slow');
  t.equal(players.size, 0);
});

test('nothing is left after the end', async (t) => {
  const server = await startIcecast(t, OK);
  const one = forwardTo(t, server.port);
  await eventually(() => one.forward.state === 'connected');
  one.forward.close();
  t.equal(one.players.size, 0);
  t.equal(one.clock.pendingTimers, 0);
  await eventually(() => [...server.sockets].every(({ destroyed }) => destroyed));
  const other = forwardTo(t, server.port);
  other.forward.close();
  t.equal(other.clock.pendingTimers, 0);
  t.same(other.events, []);
});
