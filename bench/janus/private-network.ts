import { spawnSync } from 'node:child_process';

/** Where Janus has its media: it takes no loopback address for them, so it gets an interface of its own. */
export const MEDIA_ADDRESS = '10.99.0.1';

const VARIABLE = 'BENCH_PRIVATE_NETWORK';
/** Kinds of interface that need no hardware and have a carrier at once; which ones there are depends on the kernel. */
const INTERFACE_KINDS = ['dummy', 'ifb', 'bridge'];
const SET_UP = [
  'ip link set lo up',
  `{ ${INTERFACE_KINDS.map((kind) => `ip link add media type ${kind} 2>/dev/null`).join(' || ')}; }`,
  `ip addr add ${MEDIA_ADDRESS}/24 dev media`,
  'ip link set media up',
].join(' && ');

export function isInPrivateNetwork(): boolean {
  return process.env[VARIABLE] === 'yes';
}

/**
 * Runs this very program again in a network namespace of its own: what it sends to `MEDIA_ADDRESS` takes the way of the loopback
 * interface, nothing leaves the machine, and nobody else can reach it. Returns the exit code. Throws when there can be no such namespace.
 */
export function runInPrivateNetwork(): number {
  const unshare = process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
  const probe = spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP], { encoding: 'utf8' });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim();
    throw new Error(
      `Janus is measured in a network namespace of its own, which needs Linux with unshare and ip: ${reason}`,
    );
  }
  const node = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // However this process ends, that one ends with it.
  const ended = ['setpriv', '--pdeathsig', 'KILL'];
  const { status } = spawnSync('unshare', [...unshare, ...ended, 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh', ...node], {
    env: { ...process.env, [VARIABLE]: 'yes' },
    stdio: ['inherit', 'inherit', 'inherit'],
  });
  return status ?? 1;
}
