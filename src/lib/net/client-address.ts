import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { ipv6Groups } from './ip-address.ts';

/** Proxies before the server; a chain is never as long as this. */
const MAX_HOPS = 16;
/** Headers by which proxies say for whom they ask; browsers send none of them. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const;

/**
 * What limits count an address by: IPv4 as it is, IPv6 by its first 64 bits, which is the least that a subscriber has
 * (RFC 6177), IPv4 inside IPv6 (`::ffff:192.0.2.1`, as sockets for both report it) as IPv4.
 */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const network = ipv6Groups(plain).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** Tells who is at the other end of a connection, of which some come through reverse proxies. */
export class TrustedProxies {
  readonly #proxies = new BlockList();
  readonly #onUntrusted: (peer: string) => void;

  /**
   * Addresses and networks (`10.0.0.0/8`) of proxies, as `isNetwork` accepts them. `onUntrusted` is told the address of each request that
   * says for whom it was forwarded, but comes from none of them.
   */
  constructor(networks: readonly string[], onUntrusted: (peer: string) => void = () => {}) {
    this.#onUntrusted = onUntrusted;
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const family = isIPv4(address) ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#proxies.addAddress(address, family);
      else this.#proxies.addSubnet(address, Number(bits), family);
    }
  }

  includes(address: string): boolean {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && this.#proxies.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  }

  /**
   * The last address that a trusted proxy vouches for. Each proxy adds to the end of `X-Forwarded-For` whom it was
   * talking to; what stands before that anybody could have written.
   */
  clientOf(remoteAddress: string, forwardedFor: string | undefined): string {
    let client = plainAddress(remoteAddress);
    const hops = forwardedFor?.split(',').slice(-MAX_HOPS) ?? [];
    while (this.includes(client)) {
      const hop = hops.pop();
      const before = hop === undefined ? undefined : addressIn(hop.trim());
      if (before === undefined) break;
      client = before;
    }
    return client;
  }

  clientOfRequest({ socket, headers }: IncomingMessage): string {
    const peer = socket.remoteAddress ?? '';
    if (FORWARDING.some((name) => headers[name] !== undefined) && !this.includes(peer))
      this.#onUntrusted(plainAddress(peer));
    return this.clientOf(peer, headers['x-forwarded-for']?.toString());
  }
}

/** Whether this is an IP address, or a network as `192.0.2.0/24`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Some proxies write the port, too: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function addressIn(hop: string): string | undefined {
  if (isIP(hop) !== 0) return plainAddress(hop);
  const { v4, v6 } = /^(?:(?<v4>[\d.]+)|\[(?<v6>[\da-f:.]+)\])(?::\d+)?$/i.exec(hop)?.groups ?? {};
  const address = v4 ?? v6 ?? '';
  return isIP(address) !== 0 ? plainAddress(address) : undefined;
}

/** Without a zone, and IPv4 if it is IPv4 inside IPv6. */
export function plainAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const plain = address.split('%', 1)[0]!;
  const groups = ipv6Groups(plain);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : plain;
}
