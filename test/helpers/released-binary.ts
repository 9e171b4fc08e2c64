/** The one-file executable as a user gets it: built, packed, unpacked, and run where nothing else is. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CpuWait } from './cpu-time.ts';
import { runFirst } from './priority.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/release/release.mjs', import.meta.url));
const IS_ROOT = process.getuid?.() === 0;
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
/** For a user who is root only in their own namespace, and could do things there that other users may not. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'];
const PROGRAM = 'partyline';
const TARGET = `${process.platform}-${process.arch}`;

export interface Run {
  /** Where the program is. */
  readonly place: string;
  readonly child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  /**
   * Resolves with the address of the page, and with the time until it was available, without the time for which its
   * slowest thread waited for a CPU.
   */
  readonly ready: Promise<{ readonly url: string; readonly afterMs: number }>;
  readonly exitCode: Promise<number | null>;
}

/** Folders of a run, each with its mount options, for example `noexec` or `ro`. */
export type Mounts = Readonly<Record<string, string>>;

export interface RunOptions {
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: Mounts;
  /** Makes the directory of the program read-only. */
  readonly isSealed?: boolean;
}

/** Null if mounts are possible here, otherwise the reason why not. */
export function missingForMounts(): string | null {
  const { status, stderr } = spawnSync('unshare', [...privateMounts(), 'true'], { encoding: 'utf8' });
  return status === 0 ? null : `no private mounts: ${stderr ?? 'unshare cannot be run'}`;
}

function privateMounts(): readonly string[] {
  return IS_ROOT ? ['--mount'] : ['--mount', '--map-root-user'];
}

export class ReleasedBinary {
  /** The folder with the contents of the archive. */
  readonly folder: string;
  readonly #directory: string;

  private constructor(directory: string, folder: string) {
    this.#directory = directory;
    this.folder = folder;
  }

  /** Builds and unpacks. Throws if the checksum does not match the archive. */
  static create(): ReleasedBinary {
    // Outside the project, because an unprivileged user must be able to reach it.
    const directory = mkdtempSync(join(tmpdir(), 'partyline-release-'));
    chmodSync(directory, 0o755);
    execFileSync(
      process.execPath,
      [SCRIPT, '--target', TARGET, '--formats', 'tar.gz', '--outdir', directory, '--level', '1'],
      {
        env: { SOURCE_DATE_EPOCH: '1700000000', ...process.env },
        stdio: 'pipe',
      },
    );
    const [sum, archive] = readFileSync(join(directory, 'SHA256SUMS'), 'utf8').trim().split(/ +/);
    const bytes = readFileSync(join(directory, archive!));
    if (createHash('sha256').update(bytes).digest('hex') !== sum) throw new Error('SHA256SUMS is wrong');
    execFileSync('tar', ['-xzf', join(directory, archive!), '-C', directory, '--no-same-owner']);
    const folder = readdirSync(directory).find((name) => name === archive!.replace('.tar.gz', ''));
    return new ReleasedBinary(directory, join(directory, folder!));
  }

  /** Makes a new folder that the user of the runs can write to. */
  makeFolder(): string {
    const folder = mkdtempSync(join(this.#directory, 'run-'));
    chmodSync(folder, 0o777);
    return folder;
  }

  /**
   * Runs it alone in an empty directory, as an unprivileged user, with no other environment. `mounts` may name `HOME`,
   * `TMPDIR` and further folders of the run; they are mounted for this process only.
   */
  run({ args, env = {}, mounts = {}, isSealed = false }: RunOptions): Run {
    const place = this.makeFolder();
    linkSync(join(this.folder, PROGRAM), join(place, PROGRAM));
    const empty = join(place, 'empty');
    mkdirSync(empty);
    if (isSealed) chmodSync(place, 0o555);
    const commands = Object.entries(mounts).map(([folder, options]) => {
      return `mkdir -p "${folder}" && mount -t tmpfs -o mode=0777 none "${folder}" && mount -o remount,${options} "${folder}"`;
    });
    const asNobody = IS_ROOT ? AS_NOBODY : commands.length > 0 ? WITHOUT_RIGHTS : [];
    const variables = Object.entries({ PATH: '/nonexistent', ...env }).map(([name, value]) => `${name}=${value}`);
    // Started by its full path, with an empty PATH.
    const own = ['/usr/bin/env', '-i', ...variables, join(place, PROGRAM), ...args];
    const inMounts =
      commands.length === 0
        ? []
        : ['unshare', ...privateMounts(), 'sh', '-c', `${commands.join(' && ')} && exec "$@"`, 'sh'];
    const [command, ...rest] = [...inMounts, ...asNobody, ...own];
    return { ...start(command!, rest, empty), place };
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function start(command: string, args: readonly string[], cwd: string): Omit<Run, 'place'> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  runFirst(child.pid!);
  const startMs = performance.now();
  const cpuWait = new CpuWait([child.pid!]);
  let output = '';
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  const ready = new Promise<{ url: string; afterMs: number }>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data;
      const [, url] = /ready: open (http\S+\/)/.exec(output) ?? [];
      if (url !== undefined) resolve({ url, afterMs: performance.now() - startMs - cpuWait.longestMs });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    exitCode.then((code) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
  });
  ready.catch(() => {});
  return { child, output: () => output, ready, exitCode };
}
