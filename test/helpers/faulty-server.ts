import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Scrape } from '../../bench/lib/prometheus.ts';
import { eventually } from './eventually.ts';
import { runFirst } from './priority.ts';

export type Fault = 'hang' | 'block' | 'throw' | 'reject' | 'exit' | 'stall';

const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARTYLINE_')));
const PLANT_FAULTS = new URL('./plant-faults.mjs', import.meta.url).href;

/** A line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The built server in its own process. Its parts fail when the test says so. */
export interface FaultyServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly webSocketUrl: string;
  readonly port: number;
  readonly pid: number;
  /** How long it took to start, which shows how fast this machine currently is. */
  readonly startMs: number;
  readonly exitCode: Promise<number | null>;
  readonly log: readonly LogLine[];
  /** Causes a fault in a worker, given by its index, or in the main thread if `null`. */
  plant(worker: number | null, fault: Fault): void;
  signal(name: NodeJS.Signals): void;
  metrics(): Promise<Scrape>;
  health(): Promise<{ readonly httpStatus: number; readonly status: string; readonly problems: { code: string }[] }>;
  /** Waits for a line with this message and returns the last one. */
  logged(message: string): Promise<LogLine>;
}

/**
 * Starts what `npm run build` has built into `directory`. The caller ends it, at the latest with `signal('SIGKILL')`.
 * Without a port, the system chooses one.
 */
export async function startFaultyServer(
  directory: string,
  flags: readonly string[] = [],
  port = 0,
): Promise<FaultyServer> {
  const beganMs = performance.now();
  const entry = join(directory, 'main.js');
  const media = ['--media-host', '127.0.0.1', '--media-port', '0', '--log-format', 'json'];
  const child = spawn(process.execPath, ['--import', PLANT_FAULTS, entry, '--port', String(port), ...media, ...flags], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  runFirst(child.pid!);
  const log: LogLine[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  const exitCode = once(child, 'exit').then(([code]) => code as number | null);
  const find = (start: string) => log.findLast(({ msg }) => msg.startsWith(start));
  await eventually(() => find('ready: open') !== undefined || child.exitCode === null || 'the server does not start');
  await eventually(() => find('ready: open') !== undefined);
  const startMs = performance.now() - beganMs;
  const url = find('ready: open')!.msg.slice('ready: open '.length);
  return {
    url,
    webSocketUrl: `${url.replace('http', 'ws')}ws`,
    port: Number(new URL(url).port),
    pid: child.pid!,
    startMs,
    exitCode,
    log,
    plant: (worker, fault) => void child.send({ worker, fault }),
    signal: (name) => void child.kill(name),
    metrics: async () => new Scrape(await (await fetch(`${url}metrics`)).text()),
    health: async () => {
      const response = await fetch(`${url}healthz`);
      return { httpStatus: response.status, ...((await response.json()) as { status: string; problems: [] }) };
    },
    logged: async (message) => {
      await eventually(() => find(message) !== undefined || `"${message}" is not in the log`);
      return find(message)!;
    },
  };
}
