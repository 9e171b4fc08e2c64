/**
 * Imported first by a test with real browsers: runs that test again inside a network namespace of its own, with the
 * address `PRIVATE_ADDRESS`. Nothing can leave it, and Firefox, which uses no loopback address for WebRTC, finds one that
 * it takes.
 */
import { enterOwnNamespace } from './network-namespace.ts';

export const PRIVATE_ADDRESS = '10.99.0.1';

/** What real browsers need and this machine does not have; null if all of it is there. */
export const missingForBrowsers: string | null = enterOwnNamespace({
  packages: ['chromium', 'firefox-esr', 'pulseaudio', 'nftables'],
  setUp: [
    'ip link set lo up',
    // An interface that leads nowhere. On the loopback interface Chromium would not know the address for one of its own.
    'ip link add eth0 type veth peer name nowhere',
    'ip link set nowhere up',
    'ip link set eth0 up',
    `ip addr add ${PRIVATE_ADDRESS}/24 dev eth0`,
    'ip route add default via 10.99.0.254',
  ],
});
