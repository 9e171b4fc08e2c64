/**
 * A test imports this first. It runs the test again on a network of three machines: the test is on the internet, and
 * the server is behind a router with NAT. The router forwards one TCP port for the page, and one UDP port for media
 * under another number.
 */
import { execFileSync } from 'node:child_process';
import { enterOwnNamespace, Namespace } from './network-namespace.ts';

export const ROUTER_ADDRESS = '198.51.100.1';
const OWN_ADDRESS = '198.51.100.2';
export const SERVER_ADDRESS = '10.0.0.2';
export const PAGE_PORT = 8080;
export const MEDIA_PORT = 40_000;
export const FORWARDED_MEDIA_PORT = 50_000;

const RULES = `table ip nat {
  chain prerouting {
    type nat hook prerouting priority -100;
    iifname wan tcp dport ${PAGE_PORT} dnat to ${SERVER_ADDRESS}:${PAGE_PORT}
    iifname wan udp dport ${FORWARDED_MEDIA_PORT} dnat to ${SERVER_ADDRESS}:${MEDIA_PORT}
  }
  chain postrouting {
    type nat hook postrouting priority 100;
    oifname wan masquerade
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    ct status dnat accept
    iifname lan accept
  }
}`;

/** What this network needs and this machine lacks; null inside the network. */
export const missingForNat: string | null = enterOwnNamespace({
  packages: ['nftables', 'chromium'],
  setUp: [
    'ip link set lo up',
    'ip link add eth0 type veth peer name wan',
    'ip link add lan type veth peer name inside',
    // See `private-address.ts`.
    'ip link set eth0 addrgenmode none',
  ],
});

export interface NatNetwork {
  /** The command that runs what follows it on the machine of the server. */
  readonly onServer: readonly string[];
  close(): void;
}

export async function createNatNetwork(): Promise<NatNetwork> {
  const [router, server] = await Promise.all([Namespace.create(), Namespace.create()]);
  router.take('wan');
  router.take('lan');
  server.take('inside');
  router.run(
    `ip addr add ${ROUTER_ADDRESS}/24 dev wan`,
    'ip addr add 10.0.0.1/24 dev lan',
    'ip link set wan up',
    'ip link set lan up',
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    `nft '${RULES}'`,
  );
  server.run(
    `ip addr add ${SERVER_ADDRESS}/24 dev inside`,
    'ip link set inside up',
    'ip route add default via 10.0.0.1',
  );
  const here = `ip link set eth0 up && ip addr add ${OWN_ADDRESS}/24 dev eth0 && ip route add default via ${ROUTER_ADDRESS}`;
  execFileSync('sh', ['-c', here], { stdio: 'inherit' });
  return {
    onServer: server.enter,
    close: () => {
      router.close();
      server.close();
    },
  };
}
