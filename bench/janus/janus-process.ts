import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../lib/free-port.ts';
import { readProcessUsage } from '../lib/proc-usage.ts';
import type { ServerUnderTest, Usage } from '../lib/server-under-test.ts';
import { type JanusSettings, writeJanusConfiguration } from './configuration.ts';
import { JanusSignaling } from './signaling.ts';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_OUTPUT = 4000;

/** Printed on a machine without Janus. */
const INSTALL = [
  'Janus is not installed: no program "janus" was found in PATH.',
  'Debian and Ubuntu: apt-get install janus (the service is not needed: systemctl disable --now janus).',
  'Other systems: https://github.com/meetecho/janus-gateway, built with its AudioBridge plugin and WebSockets.',
].join('\n');

/**
 * Janus with AudioBridge in its own process, configured for one benchmark. Runs only in a private network (see
 * `runInPrivateNetwork`).
 */
export class JanusProcess implements ServerUnderTest {
  readonly kind = 'janus';
  readonly name: string;
  /** `ws://127.0.0.1:PORT` */
  readonly webSocketUrl: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, name: string, webSocketUrl: string, folder: string) {
    this.#child = child;
    this.name = name;
    this.webSocketUrl = webSocketUrl;
    this.#folder = folder;
  }

  /** If Janus is not installed, throws with instructions; if it does not start, with what it printed. */
  static async start(settings: Omit<JanusSettings, 'port'>): Promise<JanusProcess> {
    if (!(await isOnPath('janus'))) throw new Error(INSTALL);
    // Janus cannot report which port it was given, so one is chosen for it.
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'partyline-janus-'));
    const files = [...writeJanusConfiguration({ ...settings, port })];
    await Promise.all(files.map(([name, text]) => writeFile(join(folder, name), text)));
    // However the benchmark ends, Janus ends too.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'janus', '--configs-folder', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-KEPT_OUTPUT);
      });
    }
    const url = `ws://127.0.0.1:${port}`;
    try {
      const failed = new Promise<never>((_, reject) => {
        child.once('error', reject);
        child.once('exit', (code) =>
          reject(new Error(`Janus ended with code ${code} before it was listening:\n${output}`)),
        );
      });
      await Promise.race([answering(url), failed]);
      const version = /^Janus version: \d+ \((.+)\)$/m.exec(output)?.[1] ?? '';
      const buffer = settings.prebuffering === undefined ? '' : `, buffer of ${settings.prebuffering}`;
      return new JanusProcess(child, `Janus ${version}${buffer}`, url, folder);
    } catch (error) {
      await end(child, folder);
      throw error;
    }
  }

  async usage(): Promise<Usage> {
    return readProcessUsage(this.#child.pid!);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await end(this.#child, this.#folder);
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    // With many participants Janus may hang while it shuts down.
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
  await rm(folder, { recursive: true, force: true });
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}

/** Resolves when AudioBridge can be used. Rejects after 20 s. */
async function answering(url: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      (await JanusSignaling.open(url)).close();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(100);
    }
  }
}
