import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';

export interface Redis {
  readonly url: string;
  readonly pid: number;
  /** Kills it. What it had is lost. */
  kill(): Promise<void>;
  /** Runs again on the same port, empty. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Debian's redis-server in its own process and directory, on loopback. It keeps nothing on the disk. */
export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'partyline-redis-'));
  const start = async () => {
    const flags = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      directory,
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    const child = spawn('redis-server', flags, { stdio: 'ignore' });
    await answering(child, port);
    return child;
  };
  let child = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid!;
    },
    kill: () => end(child),
    restart: async () => {
      await end(child);
      child = await start();
    },
    close: async () => {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
