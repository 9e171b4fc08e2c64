import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/lib/clock.ts';
import { AppError } from '../../../src/lib/errors.ts';
import { WebSocketDoor } from '../../../src/lib/net/web-socket-door.ts';

const clock = systemClock;

interface Setup {
  readonly admit?: (name: string) => Promise<string>;
  readonly open?: () => void;
}

async function setup(t: Test, { admit = (name) => Promise.resolve(name), open = () => {} }: Setup) {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const sessions: string[] = [];
  const door = new WebSocketDoor({
    name: 'guest',
    path: /^\/door\/([^/]+)$/,
    maxMessageBytes: 100,
    allowHosts: ['127.0.0.1'],
    clock,
    log,
    admit: (_, name) => admit(name),
    open: ({ socket, name, admitted }, onClosed) => {
      open();
      sessions.push(`${name} ${admitted}`);
      socket.on('error', () => {});
      socket.on('close', onClosed);
      socket.send('hello');
      return { close: () => socket.close(1012), terminate: () => socket.terminate() };
    },
  });
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    if (!door.upgrade(request.url ?? '', request, socket, head)) socket.end('HTTP/1.1 418 Other\r\n\r\n');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  /** The status with which it is refused, the code with which it is closed, or the socket after its first message. */
  const connect = (path: string, headers: Record<string, string> = {}): Promise<WebSocket | number> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    return new Promise((resolve, reject) => {
      socket.on('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.on('close', resolve);
      socket.on('message', () => resolve(socket));
      socket.on('error', reject);
    });
  };
  return { door, connect, lines, sessions };
}

test('those who are admitted get a session, with the name in the path', async (t) => {
  const { door, connect, sessions } = await setup(t, { admit: async (name) => `as ${name}` });
  const socket = (await connect('/door/%c3%a4')) as WebSocket;
  t.same(sessions, ['ä as ä']);
  t.equal(door.size, 1);
  const closed = once(socket, 'close');
  socket.send('x'.repeat(101));
  t.equal((await closed)[0], 1009, 'longer messages than allowed');
  t.equal(await connect('/other'), 418);
  t.equal(typeof (await connect('/door/%ff')), 'object');
  t.equal(sessions[1], ' as ', 'a wrong encoding is no name');
  await door.close(1000);
  t.equal(door.size, 0);
});

test('others are refused with the reason, and the log tells of wrong tokens and of faults', async (t) => {
  const { connect, lines, sessions } = await setup(t, {
    admit: async (name) => {
      if (name === 'fault') throw new Error('broken');
      throw new AppError('admin_token_wrong');
    },
  });
  t.equal(await connect('/door/a'), 401);
  t.equal(await connect('/door/fault'), 500);
  t.equal(await connect('/door/a', { host: 'evil.example' }), 421);
  t.same(sessions, []);
  t.same(lines, ['guest: wrong token', 'guest connection failed']);
});

test('a session that cannot begin closes its socket, and a door that closes refuses', async (t) => {
  const { door, connect, lines } = await setup(t, {
    open: () => {
      throw new AppError('server_busy');
    },
  });
  t.equal(await connect('/door/a'), 1013);
  t.equal(door.size, 0);
  await door.close(1000);
  t.equal(await connect('/door/a'), 503);
  t.same(lines, []);
});

test('the sessions are told that the door closes', async (t) => {
  const { door, connect } = await setup(t, {});
  const socket = (await connect('/door/a')) as WebSocket;
  const closed = once(socket, 'close');
  await door.close(5000);
  t.equal((await closed)[0], 1012);
});
