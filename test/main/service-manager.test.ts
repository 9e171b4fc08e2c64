import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { test } from 'tap';
import { ServiceManager } from '../../src/main/service-manager.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { BUILT_SERVER } from '../helpers/server-process.ts';

function setUp(env: Record<string, string>, fails = false) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const lines: string[] = [];
  const manager = new ServiceManager({
    env,
    pid: 7,
    clock,
    log: pino({}, { write: (line) => lines.push(line) }),
    send: async (message) => {
      sent.push(message);
      if (fails) throw new Error('no such program');
    },
  });
  return { clock, sent, lines, manager };
}

test('without a service manager nothing is sent', (t) => {
  const { clock, sent, manager } = setUp({ WATCHDOG_USEC: '1000000' });
  manager.ready();
  manager.stopping();
  t.strictSame([sent, clock.pendingTimers], [[], 0]);
  t.end();
});

test('the watchdog hears twice in its time, if it is for this process, until the end', (t) => {
  const NOTIFY_SOCKET = '/run/x';
  const { clock, sent, manager } = setUp({ NOTIFY_SOCKET, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' });
  manager.ready();
  t.strictSame(sent, ['READY=1']);
  clock.advance(4999);
  t.strictSame(sent, ['READY=1']);
  clock.advance(10_001);
  t.strictSame(sent, ['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  manager.stopping();
  clock.advance(60_000);
  t.equal(sent.length, 5);
  t.equal(sent.at(-1), 'STOPPING=1');
  for (const env of [{ NOTIFY_SOCKET }, { NOTIFY_SOCKET, WATCHDOG_USEC: '1000', WATCHDOG_PID: '8' }]) {
    const other = setUp(env);
    other.manager.ready();
    other.clock.advance(60_000);
    t.strictSame(other.sent, ['READY=1']);
  }
  t.end();
});

test('what cannot be sent is reported once and ends nothing', async (t) => {
  const { clock, lines, sent, manager } = setUp({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '2000' }, true);
  manager.ready();
  clock.advance(10);
  await new Promise(setImmediate);
  t.ok(sent.length > 5);
  t.equal(lines.length, 1);
  t.match(lines, [/systemd-notify has failed/]);
});

/** Prints each datagram that it gets. */
const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('bound', flush=True)
while True: print(receiver.recv(4096).decode(), flush=True)
`;

test('systemd would hear that the server is ready, alive and ending', {
  skip: skipIfMissing(missingPackages(['systemd', 'python3'])),
}, async (t) => {
  // The path of a socket has at most 107 bytes.
  const directory = await mkdtemp(join(tmpdir(), 'notify-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const socket = join(directory, 'socket');
  const receiver = spawn('python3', ['-c', RECEIVER, socket]);
  t.teardown(() => receiver.kill());
  let heard = '';
  receiver.stdout.on('data', (data) => {
    heard += data;
  });
  await once(receiver.stdout, 'data');
  const server = spawn(process.execPath, [join(BUILT_SERVER, 'main.js'), '--port', '0', '--media-port', '0'], {
    env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' },
    stdio: 'ignore',
  });
  t.teardown(() => server.kill('SIGKILL'));
  const exited = once(server, 'exit');
  await eventually(() => heard.includes('READY=1') || heard);
  await eventually(() => heard.split('WATCHDOG=1').length > 3 || heard);
  server.kill('SIGTERM');
  await eventually(() => heard.includes('STOPPING=1') || heard);
  await exited;
});
