import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where the figures were made and with which software. A figure means nothing without this. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  /**
   * How many processes ran or waited on average in the minute before (0 if the system does not say). Processes of
   * others spoil the figures.
   */
  readonly loadBefore: number;
  readonly system: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Short hash, with `+` if the working tree differs from it; undefined outside a repository. */
  readonly commit: string | undefined;
  /** ISO 8601, UTC. */
  readonly date: string;
}

/** With a higher load before a benchmark starts, its late ticks are not the server's fault. */
const QUIET_LOAD = 0.3;

const MEASURED_PACKAGES = ['werift', '@discordjs/opus', 'ws'];

/** Must be called before anything is measured. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    packages: Object.fromEntries(MEASURED_PACKAGES.map((name) => [name, installedVersion(name)])),
    commit: commit(),
    date: new Date().toISOString(),
  };
}

function installedVersion(name: string): string {
  const require = createRequire(import.meta.url);
  const folders = require.resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version;
    } catch {
      // not in this folder
    }
  }
  return 'unknown';
}

function commit(): string | undefined {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : '+');
  } catch {
    return undefined;
  }
}

/** Warns on stderr if others are using the machine. */
export function warnIfBusy({ loadBefore }: Machine): void {
  if (loadBefore <= QUIET_LOAD) return;
  process.stderr.write(
    `Other processes are using this machine (load ${loadBefore}), so times and tick lateness will look worse than they are.\n`,
  );
}
