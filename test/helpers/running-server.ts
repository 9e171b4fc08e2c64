import pino, { type Logger } from 'pino';
import { type Config, readCommand } from '../../src/config/config.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createMediaPlane } from '../../src/server/media-plane.ts';
import { createServer, type Listening } from '../../src/server/server.ts';
import { runFirst } from './priority.ts';
import { type Scrapes, scrapesOf } from './scrapes.ts';

export interface RunningServer extends Scrapes {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `ws://127.0.0.1:PORT/ws` */
  readonly webSocketUrl: string;
  /** Of the process in which it runs. */
  readonly pid: number;
  close(): Promise<void>;
}

/** Everybody in a test shares one address. */
const NO_LIMITS_PER_ADDRESS = [
  ...['connections-per-address', 'joins-per-minute', 'failed-joins-per-minute', 'requests-per-minute'],
].flatMap((name) => [`--max-${name}`, '0']);

/** The settings of such a server. */
export function configOf(flags: readonly string[]): Config {
  const loopback = ['--port', '0', '--media-host', '127.0.0.1', '--media-port', '0', '--workers', '0'];
  const argv = [...loopback, ...NO_LIMITS_PER_ADDRESS, ...flags];
  const command = readCommand({ argv, env: {}, machine: { cores: 1 } });
  if (command.kind !== 'serve') throw new Error(`flags that do not start a server: ${flags}`);
  return command.config;
}

/**
 * The whole server except the files of the page, in this process, on free ports of the loopback interface. `flags` are
 * further flags as on its command line. Warnings and errors are printed, unless the test is about them.
 */
export async function startServer(
  flags: readonly string[] = [],
  // The built worker. It is loaded only with `--workers`.
  {
    workerEntry = new URL('../../dist/worker.js', import.meta.url),
    logLevel = 'warn',
    log = pino({ level: logLevel }, process.stderr),
    onDrained = () => {},
  }: {
    readonly workerEntry?: URL;
    readonly logLevel?: string;
    readonly log?: Logger;
    readonly onDrained?: () => void;
  } = {},
): Promise<RunningServer & { readonly listening: Listening }> {
  runFirst(process.pid);
  const server = await createServer(configOf(flags), {
    clock: systemClock,
    log,
    version: 'test',
    assets: new Map(),
    createMediaPlane,
    workerEntry,
    onDrained,
  });
  const listening = await server.listen();
  const { port } = listening;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    listening,
    webSocketUrl: `ws://127.0.0.1:${port}/ws`,
    pid: process.pid,
    ...scrapesOf(url),
    close: () => server.close(),
  };
}
