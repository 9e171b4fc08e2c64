import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { ConfigError } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { adminCommand } from '../../src/main/admin-commands.ts';
import { checkPorts } from '../../src/main/check/ports.ts';
import { healthcheckCommand } from '../../src/main/healthcheck.ts';
import { StartError } from '../../src/server/start-error.ts';
import { checkUnixSocket, listenAtUnixSocket } from '../../src/server/unix-socket.ts';
import { configOf, startServer } from '../helpers/running-server.ts';

const TOKEN = 'an-admin-token-of-32-characters.';
const machine = { cores: 1, ipv6: false, dataDir: '' };

/** Paths of sockets are short. */
function newDirectory(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'partyline-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function newServer(t: Test): Server {
  const server = createServer((socket) => socket.on('error', () => {}).end('here'));
  t.teardown(() => server.close());
  return server;
}

/** As a server that was killed leaves it: a socket at which nobody listens. */
async function leaveBehind(t: Test, path: string): Promise<void> {
  const server = newServer(t);
  // The name under which it was bound is removed by the system library.
  server.listen(`${path}.bound`);
  await once(server, 'listening');
  linkSync(`${path}.bound`, path);
  server.close();
  await once(server, 'close');
  t.ok(lstatSync(path).isSocket());
}

async function problemOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `no problem: ${JSON.stringify(await promise)}`;
  } catch (error) {
    if (error instanceof StartError || error instanceof ConfigError) return error.message;
    throw error;
  }
}

test('a socket has its permissions, and is removed at the end', async (t) => {
  const directory = newDirectory(t);
  const path = join(directory, 'http.sock');
  const server = newServer(t);
  t.equal(await checkUnixSocket(path), 'free');
  await listenAtUnixSocket(server, path, 0o642);
  t.ok(lstatSync(path).isSocket());
  t.equal(statSync(path).mode & 0o777, 0o642);
  t.strictSame(readdirSync(directory), ['http.sock'], 'nothing else is left');
  server.close();
  await once(server, 'close');
  t.strictSame(readdirSync(directory), []);
});

test('the socket of a server that is gone is replaced, and that of another is not', async (t) => {
  const path = join(newDirectory(t), 'http.sock');
  await leaveBehind(t, path);
  t.equal(await checkUnixSocket(path), 'left behind');
  const first = newServer(t);
  await listenAtUnixSocket(first, path, 0o600);
  const { ino } = lstatSync(path);
  t.equal(
    await problemOf(listenAtUnixSocket(newServer(t), path, 0o600)),
    `Another server listens at the Unix socket ${path}. Choose another with --unix-socket.`,
  );
  t.equal(lstatSync(path).ino, ino, 'the socket is untouched');
  // Somebody has put a socket of theirs into its place.
  rmSync(path);
  const second = newServer(t);
  await listenAtUnixSocket(second, path, 0o600);
  first.close();
  await once(first, 'close');
  t.ok(existsSync(path), 'the end of the first server does not remove the socket of the second');
});

test('what cannot be a socket is left alone, and the reason is said', async (t) => {
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'file'), 'important');
  mkdirSync(join(directory, 'folder'));
  symlinkSync(join(directory, 'file'), join(directory, 'link'));
  for (const name of ['file', 'folder', 'link']) {
    const path = join(directory, name);
    t.match(await problemOf(listenAtUnixSocket(newServer(t), path, 0o600)), 'something else has this name');
    t.ok(existsSync(path), name);
  }
  const missing = join(directory, 'missing', 'http.sock');
  t.equal(
    await problemOf(listenAtUnixSocket(newServer(t), missing, 0o600)),
    `The Unix socket ${missing} cannot be opened: its directory does not exist. Choose another with --unix-socket.`,
  );
  t.match(await problemOf(listenAtUnixSocket(newServer(t), join(directory, 'file', 'x'), 0o600)), 'cannot be opened');
});

test('the whole server is served there: page, WebSocket, commands, and clients as the proxy names them', async (t) => {
  const path = join(newDirectory(t), 'http.sock');
  const proxied = ['--unix-socket', path, '--unix-socket-mode', '600', '--trust-proxy', '127.0.0.1'];
  const server = await startServer([...proxied, '--admin-token', TOKEN], { logLevel: 'fatal' });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  t.teardown(close);
  t.equal(server.listening.url, `unix:${path}`);
  t.equal(statSync(path).mode & 0o777, 0o600);

  const asked = request({ socketPath: path, path: '/healthz', headers: { Host: 'voice.example.org' } }).end();
  const [answer] = await once(asked, 'response');
  t.equal(answer.statusCode, 200);
  t.match(JSON.parse(await text(answer)), { status: 'ok' });

  const open = async (name: string, headers: Record<string, string>) => {
    const socket = new WebSocket(`ws+unix:${path}:/ws`, { headers: { Host: 'voice.example.org', ...headers } });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'join', room: 'lobby', name }));
    const [message] = await once(socket, 'message');
    t.match(JSON.parse(String(message)), { type: 'joined' }, name);
  };
  await open('Ada', { 'X-Forwarded-For': '198.51.100.7' });
  await open('Bob', {});

  const flags = ['--unix-socket', path, '--admin-token', TOKEN];
  const run = (name: string, ...argv: string[]) => adminCommand(name, { argv: [...argv, ...flags], env: {}, machine });
  t.match((await run('rooms')).text, /^lobby +2 /m);
  const people = (await run('people', '--room', 'lobby')).text;
  t.match(people, /Ada.*198\.51\.100\.7/, 'the proxy is trusted');
  t.match(people, /Bob.*127\.0\.0\.1/, 'whoever connects directly is on this machine');
  t.strictSame(await healthcheckCommand({ argv: flags, env: {}, machine }), { text: 'ok\n', exitCode: 0 });

  const config = configOf(['--unix-socket', path]);
  const [first] = await checkPorts({ config, clock: systemClock });
  t.match(first, { name: 'Unix socket', status: 'ok', text: `${path} is used by Partyline test, which is running.` });

  await close();
  t.notOk(existsSync(path), 'the socket is gone');
  const gone = await healthcheckCommand({ argv: flags, env: {}, machine });
  t.match(gone, { text: new RegExp(`^partyline: unix:${path} cannot be reached: .+`), exitCode: 1 });
});

test('without trust-proxy, what a peer says of others is not believed', async (t) => {
  const path = join(newDirectory(t), 'http.sock');
  const server = await startServer(['--unix-socket', path, '--admin-token', TOKEN], { logLevel: 'fatal' });
  t.teardown(() => server.close());
  const socket = new WebSocket(`ws+unix:${path}:/ws`, { headers: { Host: 'x', 'X-Forwarded-For': '198.51.100.7' } });
  t.teardown(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'join', room: 'lobby', name: 'Ada' }));
  await once(socket, 'message');
  const flags = ['--room', 'lobby', '--unix-socket', path, '--admin-token', TOKEN];
  t.match((await adminCommand('people', { argv: flags, env: {}, machine })).text, /Ada.*127\.0\.0\.1/);
});

test('the check says what is at the path', async (t) => {
  const directory = newDirectory(t);
  writeFileSync(join(directory, 'file'), '');
  const path = join(directory, 'http.sock');
  const check = async (at: string) =>
    (await checkPorts({ config: configOf(['--unix-socket', at]), clock: systemClock }))[0];
  t.match(await check(path), { status: 'ok', text: `${path} can be used.` });
  await leaveBehind(t, path);
  t.match(await check(path), { status: 'ok', text: `${path} can be used, after a server that is gone.` });
  t.match(await check(join(directory, 'file')), { status: 'fail', text: /something else has this name/ });
  t.match(await check(join(directory, 'missing', 'x')), { status: 'fail', text: /its directory does not exist/ });
  const other = newServer(t);
  rmSync(path);
  await listenAtUnixSocket(other, path, 0o600);
  t.match(await check(path), { status: 'fail', text: `Another server listens at the Unix socket ${path}.` });
});
