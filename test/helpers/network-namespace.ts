import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { missingPackages } from './debian-packages.ts';

export interface OwnNamespace {
  /** Debian packages that the test needs. */
  readonly packages: readonly string[];
  /** Shell commands that set up the network in the new namespace. */
  readonly setUp: readonly string[];
}

/** `yes` inside the namespace. */
const VARIABLE = 'TEST_PRIVATE_NETWORK';

/**
 * Runs the calling test again in its own network namespace, which nothing can leave, and ends the process with its exit
 * code. Inside it returns null, otherwise what is missing for getting there.
 */
export function enterOwnNamespace({ packages, setUp }: OwnNamespace): string | null {
  if (process.env[VARIABLE] === 'yes') return null;
  const missing = missingPackages(['iproute2', 'util-linux', ...packages]);
  if (missing !== null) return missing;
  const unshare = process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
  const commands = setUp.join(' && ');
  const probe = spawnSync('unshare', [...unshare, 'sh', '-c', commands], { encoding: 'utf8' });
  if (probe.status !== 0) return `no network namespace: ${probe.stderr.trim()}`;
  const node = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', [...unshare, 'sh', '-c', `${commands} && exec "$@"`, 'sh', ...node], {
    env: { ...process.env, [VARIABLE]: 'yes' },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

/** Another machine: a further namespace, for a test that is already in its own. */
export class Namespace {
  /** The command that runs what follows it in the namespace. */
  readonly enter: readonly string[];
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    this.enter = ['nsenter', `--net=/proc/${holder.pid}/ns/net`];
  }

  static async create(): Promise<Namespace> {
    // It prints a line once it is inside, and stays until its input ends.
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    return new Namespace(holder);
  }

  /** Runs shell commands in the namespace. Throws if one of them fails. */
  run(...commands: readonly string[]): void {
    const [nsenter, ...args] = this.enter;
    execFileSync(nsenter!, [...args, 'sh', '-c', commands.join(' && ')], { stdio: 'inherit' });
  }

  /** Moves an interface of this process's namespace into it. */
  take(name: string): void {
    execFileSync('ip', ['link', 'set', name, 'netns', String(this.#holder.pid)], { stdio: 'inherit' });
  }

  close(): void {
    this.#holder.kill('SIGKILL');
  }
}
