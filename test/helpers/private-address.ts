/** A test's own network that nothing can leave, with an address that is not a loopback address. */
import { enterOwnNamespace } from './network-namespace.ts';

export const PRIVATE_ADDRESS = '10.99.0.1';

const SET_UP = [
  'ip link set lo up',
  // An interface that leads nowhere. On the loopback interface, Chromium would not recognize the address as one of its
  // own.
  'ip link add eth0 type veth peer name nowhere',
  // Chromium gives up what it is loading when an address changes, and an IPv6 address changes a second after it was made:
  // by then it is known that nobody else has it.
  'ip link set nowhere addrgenmode none',
  'ip link set eth0 addrgenmode none',
  'ip link set nowhere up',
  'ip link set eth0 up',
  `ip addr add ${PRIVATE_ADDRESS}/24 dev eth0`,
  'ip route add default via 10.99.0.254',
];

/**
 * Runs the calling test again in a private network, for stacks that use no loopback address for WebRTC. Inside it
 * returns null, otherwise what is missing: some of these Debian packages, or something for the network.
 */
export function enterPrivateNetwork(packages: readonly string[]): string | null {
  return enterOwnNamespace({ packages, setUp: SET_UP });
}
