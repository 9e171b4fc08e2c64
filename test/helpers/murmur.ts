/** Debian's mumble-server in its own process and directory. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';
import { mumbleProgram } from './mumble-generation.ts';

const run = promisify(execFile);

/** The package that it needs. */
export const MURMUR_PACKAGE = 'mumble-server';

export type Murmur = Awaited<ReturnType<typeof startMurmur>>;

/** @param settings lines of its configuration, instead of what a test usually needs */
export async function startMurmur(settings: Readonly<Record<string, string | number | boolean>> = {}) {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'partyline-murmur-'));
  // It gives up the rights of root, and then opens its database.
  await chmod(directory, 0o777);
  const file = join(directory, 'murmur.ini');
  const write = (more: typeof settings): Promise<void> => {
    const all = { host: '127.0.0.1', port, database: join(directory, 'murmur.sqlite'), bonjour: false };
    const lines = Object.entries({ ...all, ...NO_LIMITS, ...settings, ...more });
    return writeFile(file, `${lines.map(([key, value]) => `${key}=${value}`).join('\n')}\n`);
  };
  const start = async () => {
    const [program, args] = mumbleProgram('murmurd', ['-fg', '-ini', file]);
    const started = spawn(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (bytes: Buffer) => {
        output += bytes;
      });
    await answering(started, port);
    return started;
  };
  let output = '';
  await write({});
  let program = await start();
  return {
    port,
    output: () => output,
    /** From the next start on its superuser has this password. */
    setSuperPassword: (password: string) =>
      run(...mumbleProgram('murmurd', ['-ini', file, '-supw', password]), { cwd: directory }),
    /** It dies and nobody answers any more. */
    kill: () => end(program),
    /** Starts it anew on the same port. */
    restart: async (more: typeof settings = {}) => {
      await end(program);
      await write(more);
      program = await start();
    },
    close: async () => {
      await end(program);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** SHA-256 of the certificate of whoever answers at this port. */
export async function digestOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 = '' } = socket.getPeerX509Certificate() ?? {};
  socket.destroy();
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Its own limits would ban whoever tests it. */
const NO_LIMITS = { autobanAttempts: 0, allowping: true, sendversion: true, logfile: '' };
