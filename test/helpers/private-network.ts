/**
 * Imported first by a test with real browsers: runs that test again inside a network namespace of its own, with the
 * address `PRIVATE_ADDRESS`. Nothing can leave it, and Firefox, which uses no loopback address for WebRTC, finds one that
 * it takes.
 */
import { spawnSync } from 'node:child_process';
import { ensureDebianPackages } from './debian-packages.ts';

export const PRIVATE_ADDRESS = '10.99.0.1';

/** `yes` inside, otherwise what is missing for getting there. */
const VARIABLE = 'TEST_PRIVATE_NETWORK';
const PACKAGES = ['chromium', 'firefox-esr', 'pulseaudio', 'iproute2', 'util-linux'];
/** An interface that leads nowhere. On the loopback interface Chromium would not know the address for one of its own. */
const SET_UP = [
  'ip link set lo up',
  'ip link add eth0 type veth peer name nowhere',
  'ip link set nowhere up',
  'ip link set eth0 up',
  `ip addr add ${PRIVATE_ADDRESS}/24 dev eth0`,
  'ip route add default via 10.99.0.254',
].join(' && ');

/** What real browsers need and this machine does not have; null if all of it is there. */
export const missingForBrowsers: string | null = process.env[VARIABLE] === 'yes' ? null : enter();

function enter(): string {
  const missing = ensureDebianPackages(PACKAGES);
  if (missing !== null) return missing;
  const unshare = process.getuid?.() === 0 ? ['--net'] : ['--net', '--map-root-user'];
  const probe = spawnSync('unshare', [...unshare, 'sh', '-c', SET_UP], { encoding: 'utf8' });
  if (probe.status !== 0) return `no network namespace: ${probe.stderr.trim()}`;
  const node = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', [...unshare, 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh', ...node], {
    env: { ...process.env, [VARIABLE]: 'yes' },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
