import { spawnSync } from 'node:child_process';

/** Janus' media address. Janus accepts no loopback address for media, so it gets its own interface. */
export const MEDIA_ADDRESS = '10.99.0.1';

const VARIABLE = 'BENCH_PRIVATE_NETWORK';
/** Kinds of interface that need no hardware and have a carrier at once. The kernel decides which of them exist. */
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
 * Runs this program again in its own network namespace: packets to `MEDIA_ADDRESS` take the path of the loopback
 * interface, nothing leaves the machine, and nobody else can reach it. Returns the exit code. Throws if no such
 * namespace can be created.
 */
export function runInPrivateNetwork(): number {
  const unshare = process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
  const probe = spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP], { encoding: 'utf8' });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim();
    throw new Error(
      `Janus is measured in a private network namespace, which requires Linux with unshare and ip: ${reason}`,
    );
  }
  const node = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // However this process ends, the other one ends too.
  const ended = ['setpriv', '--pdeathsig', 'KILL'];
  const { status } = spawnSync('unshare', [...unshare, ...ended, 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh', ...node], {
    env: { ...process.env, [VARIABLE]: 'yes' },
    stdio: ['inherit', 'inherit', 'inherit'],
  });
  return status ?? 1;
}
