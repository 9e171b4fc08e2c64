import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFirst } from './priority.ts';
import { type Scrapes, scrapesOf } from './scrapes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARTYLINE_')));

/** It has metrics where the page is served without TLS. */
export interface ServerProcess extends Scrapes {
  /** Address of the page, with a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** Everything printed so far. */
  output(): string;
  /** Ends it with SIGTERM, as an operator would. Resolves with the exit code. */
  stop(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** Ends it with SIGKILL, as a machine that fails would. */
  kill(): Promise<number | null>;
}

/**
 * Where `npm run build` puts server and page. `scripts/test.mjs` builds them before the tests if they are out of date.
 */
export const BUILT_SERVER = join(ROOT, 'dist');

/**
 * Starts the built server in its own process. Without a port, the system chooses one. `through` is a command that runs
 * what follows it, for example in another network namespace.
 */
export async function startServerProcess(
  directory: string,
  flags: readonly string[] = [],
  through: readonly string[] = [],
): Promise<ServerProcess> {
  const own = [process.execPath, join(directory, 'main.js'), '--port', '0', '--media-port', '0', ...flags];
  const [command, ...args] = [...through, ...own];
  const child = spawn(command!, args, { env: ENVIRONMENT });
  runFirst(child.pid!);
  const exitCode = once(child, 'exit').then(([code]) => code as number | null);
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data;
      const [, address] = /ready: open (http\S+\/)/.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    exitCode.then((code) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
  });
  let isToEnd = false;
  const signal = (name: NodeJS.Signals) => {
    isToEnd = true;
    child.kill(name);
  };
  child.once('exit', (code, by) => {
    if (!isToEnd) console.error(`the server ended by itself (${code ?? by}):\n${output}`);
  });
  const end = (name: NodeJS.Signals) => {
    signal(name);
    return exitCode;
  };
  const scrapes = scrapesOf(url.replace(/\/$/, ''));
  return {
    url,
    pid: child.pid!,
    output: () => output,
    ...scrapes,
    signal,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
