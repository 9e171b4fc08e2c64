import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readThreadSeconds } from './proc-usage.ts';
import { Scrape } from './prometheus.ts';
import type { ServerUnderTest, Usage } from './server-under-test.ts';

const START_TIMEOUT_MS = 20_000;
/** All participants of a benchmark share one address. */
const NO_LIMITS_PER_ADDRESS = [
  'connections-per-address',
  'rooms-per-address',
  'joins-per-minute',
  'failed-joins-per-minute',
].map((name) => `--max-${name}`);
const OWN_ENTRY = fileURLToPath(new URL('./server/main.js', import.meta.url));

/** The built server in its own process, on free ports of the loopback interface. */
export class ServerProcess implements ServerUnderTest {
  readonly kind = 'partyline';
  readonly name: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string, name: string) {
    this.#child = child;
    this.name = name;
    this.url = url;
  }

  /**
   * `flags` are further flags of the server, such as `['--workers', '1']`. Throws if the server does not report in time
   * where it listens.
   * @param entry the `main.js` of a build, which may be an older one
   */
  static async start(flags: readonly string[], name = 'Partyline', entry = OWN_ENTRY): Promise<ServerProcess> {
    const noLimits = entry === OWN_ENTRY ? NO_LIMITS_PER_ADDRESS : await knownFlags(entry, NO_LIMITS_PER_ADDRESS);
    const loopback = ['--host', '127.0.0.1', '--port', '0', '--media-host', '127.0.0.1', '--media-port', '0'];
    const child = spawn(
      process.execPath,
      [entry, ...loopback, ...noLimits.flatMap((flag) => [flag, '0']), '--log-format', 'json', ...flags],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: ownEnvironment(),
      },
    );
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with code ${code} before it was listening`);
    });
    exited.catch(() => {});
    const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS);
    try {
      const url = await Promise.race([readUrl(child), exited]);
      const server = new ServerProcess(child, url, name);
      await server.#firstFigures();
      return server;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get webSocketUrl(): string {
    return `${this.url.replace('http:', 'ws:')}/ws`;
  }

  /** The figures of the media workers appear a moment after the start. */
  async #firstFigures(): Promise<void> {
    while (!(await this.metrics()).has('partyline_ticks_total')) await sleep(50);
  }

  async metrics(): Promise<Scrape> {
    const response = await fetch(`${this.url}/metrics`);
    if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
    return new Scrape(await response.text());
  }

  /**
   * Reads the process metrics that the server itself exports, so that it works on every system, except for the threads.
   */
  async usage(): Promise<Usage> {
    const scrape = await this.metrics();
    return {
      atMs: scrape.atMs,
      cpuSeconds: scrape.sum('process_cpu_seconds_total'),
      residentBytes: scrape.sum('process_resident_memory_bytes'),
      threadSeconds: await readThreadSeconds(this.#child.pid!),
    };
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

/**
 * Returns the address in the first log line that has one. Continues to read forever: a full pipe would stop the server.
 */
function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const url = /http:\/\/[^\s"/]+/.exec(line)?.[0];
      if (url !== undefined) resolve(url);
    });
  });
}

/** The server also takes settings from environment variables. A benchmark decides all of them itself, as `npm start` does. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('PARTYLINE_'));
  return { ...Object.fromEntries(others), MALLOC_ARENA_MAX: '2' };
}

/** Returns which of these flags this build knows, according to its help. */
async function knownFlags(entry: string, flags: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [entry, '--help'], { env: ownEnvironment() });
  return flags.filter((flag) => stdout.includes(flag));
}
