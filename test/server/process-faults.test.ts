/** The built server where the system denies it something: to write its log, to open files, to survive a signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { freePort } from '../../bench/lib/free-port.ts';
import { eventually } from '../helpers/eventually.ts';
import { LightTalker } from '../helpers/light-talker.ts';
import { BUILT_SERVER, startServerProcess } from '../helpers/server-process.ts';
import { SignalingClient } from '../helpers/signaling-client.ts';

const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARTYLINE_')));
const MEDIA = ['--host', '127.0.0.1', '--media-host', '127.0.0.1', '--media-port', '0', '--workers', '1'];
/** One log line for every request and every message. */
const TALKATIVE = ['--log-level', 'debug', '--log-format', 'json', '--shutdown-grace-ms', '30000'];

test('the built server', async (t) => {
  // Each of these tests waits for a process of its own.
  t.jobs = 3;
  const directory = t.testdir();
  const file = join(BUILT_SERVER, 'main.js');

  /** Starts it through a shell, which decides where the log goes. Resolves when the page is available. */
  const startIn = async (t: Test, shell: string, stdio: 'ignore' | 'pipe' = 'ignore') => {
    const port = await freePort();
    const command = [process.execPath, file, '--port', String(port), ...MEDIA, ...TALKATIVE];
    const child = spawn('sh', ['-c', shell, 'sh', ...command], {
      env: ENVIRONMENT,
      stdio: ['ignore', stdio, 'ignore'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}`;
    await eventually(() => isHealthy(url));
    return { child, url };
  };

  const goesOn = async (t: Test, url: string) => {
    for (let i = 0; i < 10; i++) {
      const client = await SignalingClient.open(`${url.replace('http', 'ws')}/ws`);
      await client.join('lobby', `Ada ${i}`);
      client.socket.close();
    }
    await t.resolves(
      eventually(() => isHealthy(url)),
      'it still serves after many lines',
    );
  };

  t.test('continues with a log that cannot be written', { buffered: true }, async (t) => {
    for (const [what, shell] of [
      ['a device that is full', 'exec "$@" > /dev/full 2> /dev/full'],
      ['a file that may not grow, as on a full disk', `ulimit -f 1; exec "$@" > ${directory}/log 2>&1`],
      ['a closed output', 'exec "$@" >&- 2>&-'],
      ['an output that is for reading', 'exec "$@" > /dev/null 1< /dev/null'],
    ] as const)
      await t.test(what, async (t) => {
        const { child, url } = await startIn(t, shell);
        await goesOn(t, url);
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        t.strictSame(await ended, [0, null], 'and ends as it should');
      });
  });

  t.test('continues when the reader of its log has gone, or does not read', { buffered: true }, async (t) => {
    const gone = await startIn(t, 'exec "$@"', 'pipe');
    gone.child.stdout!.destroy();
    await goesOn(t, gone.url);
    const stuck = await startIn(t, 'exec "$@"', 'pipe');
    // Many times more than fits into a pipe.
    for (let i = 0; i < 12; i++) await goesOn(t, stuck.url);
    let text = '';
    stuck.child.stdout!.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    const ended = once(stuck.child, 'exit');
    stuck.child.kill('SIGTERM');
    t.strictSame(await ended, [0, null]);
    for (const line of text.trim().split('\n')) JSON.parse(line);
  });

  t.test('continues when its terminal is closed', { buffered: true }, async (t) => {
    const port = await freePort();
    const command = [process.execPath, file, '--port', String(port), ...MEDIA].join(' ');
    const terminal = spawn('script', ['-qfc', `exec ${command}`, '/dev/null'], { env: ENVIRONMENT, stdio: 'pipe' });
    t.teardown(() => terminal.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}`;
    await eventually(() => isHealthy(url));
    const pid = childOf(terminal);
    t.teardown(() => process.kill(pid, 'SIGKILL'));
    t.match(readlinkSync(`/proc/${pid}/fd/1`), '/dev/pts/');
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
    await goesOn(t, url);
  });

  t.test('logs signals that mean nothing to it, opens no inspector, and continues', { buffered: true }, async (t) => {
    const server = await startServerProcess(BUILT_SERVER, [...MEDIA, '--log-format', 'json']);
    t.teardown(() => server.kill());
    const signals = ['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGALRM', 'SIGHUP', 'SIGVTALRM', 'SIGIO', 'SIGPWR'];
    for (const signal of signals) {
      server.signal(signal as NodeJS.Signals);
      const said = signal === 'SIGHUP' ? '"nothing to reload' : `"signal":"${signal}"`;
      await eventually(() => server.output().includes(said) || server.output().slice(-500));
    }
    t.notMatch(server.output(), /debugger/i);
    await eventually(() => isHealthy(server.url.slice(0, -1)));
    t.equal(await server.stop(), 0);
  });

  t.test(
    'refuses newcomers when descriptors run out, while the conversation continues',
    { buffered: true },
    async (t) => {
      const limited = ['sh', '-c', 'ulimit -n 80; exec "$@"', 'sh'];
      const server = await startServerProcess(BUILT_SERVER, [...MEDIA, '--log-format', 'json'], limited);
      t.teardown(() => server.kill());
      const url = `${server.url.replace('http', 'ws')}ws`;
      const join = (frequencyHz: number) =>
        LightTalker.join({ url, room: 'lobby', name: `${frequencyHz}`, frequencyHz });
      const [ada, ben] = [await join(500), await join(820)];
      for (const talker of [ada, ben]) t.teardown(() => talker.close());
      const idle = await Promise.all(Array.from({ length: 120 }, () => open(Number(new URL(server.url).port))));
      const held = () => idle.filter((socket) => !socket.destroyed).length;
      await eventually(() => held() < 60 || `${held()} of 120 idle connections are kept`);
      await t.resolves(Promise.all([ada.hears(820), ben.hears(500)]), 'they hear each other');
      for (const socket of idle) socket.destroy();
      // As soon as the server has noticed that they are gone.
      await eventually(() => mayJoin(url));
      t.notMatch(server.output(), /worker died/);
    },
  );
});

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    (answer) => answer.status === 200,
    () => false,
  );
}

async function mayJoin(url: string): Promise<boolean> {
  const client = await SignalingClient.open(url).catch(() => undefined);
  if (client === undefined) return false;
  await client.join('elsewhere', 'Cy');
  client.socket.close();
  return true;
}

/** Also resolves if the server ends the connection at once. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return socket;
}

/** The only child of this process. */
function childOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}
