import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bench/lib/free-port.ts';
import { answering, end } from './background-program.ts';

export interface TurnServerOptions {
  /** The address to listen on and to relay from. Default 127.0.0.1. */
  readonly address?: string;
  /** Further lines of its configuration: who may use it, and where it relays to. */
  readonly configuration: readonly string[];
}

export interface TurnServer {
  readonly address: string;
  readonly port: number;
  /** Address without TLS, for UDP or TCP. */
  url(transport: 'udp' | 'tcp'): string;
  close(): Promise<void>;
}

/** Debian's coturn in its own process and directory. It relays from one address of this machine and to it. */
export async function startTurnServer({
  address = '127.0.0.1',
  configuration,
}: TurnServerOptions): Promise<TurnServer> {
  const directory = await mkdtemp(join(tmpdir(), 'partyline-turn-'));
  const port = await freePort();
  const lines = [
    `listening-ip=${address}`,
    `relay-ip=${address}`,
    `listening-port=${port}`,
    'no-tls',
    'no-dtls',
    'no-cli',
    'log-file=stdout',
    `pidfile=${join(directory, 'pid')}`,
    `userdb=${join(directory, 'users')}`,
    ...configuration,
  ];
  const file = join(directory, 'turnserver.conf');
  await writeFile(file, `${lines.join('\n')}\n`);
  const child = spawn('turnserver', ['-c', file], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const close = async () => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answering(child, port, address);
  } catch (thrown) {
    await close();
    throw new Error(`coturn did not start: ${output}`, { cause: thrown });
  }
  return { address, port, url: (transport) => `turn:${address}:${port}?transport=${transport}`, close };
}
