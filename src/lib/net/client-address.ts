import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { ipv6Groups } from './ip-address.ts';
import { isLoopback } from './local-addresses.ts';

/** Maximum number of proxies in a chain; real chains are never this long. */
const MAX_HOPS = 16;
/** Headers in which proxies name the client. Browsers send none of them. */
const FORWARDING = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const;

/**
 * The key by which limits count an address: IPv4 unchanged; IPv6 by its first 64 bits, the smallest allocation of a
 * subscriber (RFC 6177); IPv4-mapped IPv6 (`::ffff:192.0.2.1`, as reported by dual-stack sockets) as IPv4.
 */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const network = ipv6Groups(plain).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The other end of a connection, as Node names it. */
interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export interface TrustedProxiesOptions {
  /** Called with the address of each peer that sends a forwarding header but is no trusted proxy. */
  readonly onUntrusted?: (peer: string) => void;
  /**
   * The address of a peer that has none. All peers at a Unix socket have none, and one over TCP has none any more when
   * its connection is closed, so only for a server that listens nowhere else.
   */
  readonly withoutAddress?: string;
}

/** Determines the client's address of connections that may come through reverse proxies. */
export class TrustedProxies {
  readonly #proxies = new BlockList();
  /** Clients of open connections, as proxies have named them at the beginning; by `peerKey`. */
  readonly #named = new Map<string, string>();
  readonly #onUntrusted: (peer: string) => void;
  readonly #withoutAddress: string;

  /** `networks` are addresses and networks (`10.0.0.0/8`) of proxies, as `isNetwork` accepts them. */
  constructor(
    networks: readonly string[],
    { onUntrusted = () => {}, withoutAddress = '' }: TrustedProxiesOptions = {},
  ) {
    this.#onUntrusted = onUntrusted;
    this.#withoutAddress = withoutAddress;
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
   * A trusted proxy has said before the first byte for whom it has opened this connection. A peer has only one
   * connection at a port, so that this holds for TLS in it as well.
   * @returns ends it, when the connection is closed
   */
  name(peer: Peer, client: string): () => void {
    const key = peerKey(peer);
    this.#named.set(key, client);
    return () => this.#named.delete(key);
  }

  #addressOf(peer: Peer): string {
    const { remoteAddress = this.#withoutAddress } = peer;
    return this.#named.size === 0 ? remoteAddress : (this.#named.get(peerKey(peer)) ?? remoteAddress);
  }

  /**
   * The last address that a trusted proxy vouches for. Each proxy appends its peer to `X-Forwarded-For`; anyone could
   * have written the entries before that.
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
    const peer = this.#addressOf(socket);
    if (isForwarded(headers) && !this.includes(peer)) this.#onUntrusted(plainAddress(peer));
    return this.clientOf(peer, headers['x-forwarded-for']?.toString());
  }

  /** Whether a trusted proxy has passed on this request, so that its headers are the proxy's. */
  isFromProxy({ socket: { remoteAddress = this.#withoutAddress } }: IncomingMessage): boolean {
    return this.includes(remoteAddress);
  }

  /**
   * Whether the client is on another machine, where loopback addresses lead to itself. A client behind a proxy is where
   * the proxy says. If the proxy is not trusted, or its header cannot be parsed, the client may be anywhere.
   */
  isRemote({ socket, headers }: IncomingMessage): boolean {
    const { localAddress = '' } = socket;
    const remoteAddress = this.#addressOf(socket);
    const forwardedFor = headers['x-forwarded-for']?.toString();
    const [hop = ''] = forwardedFor?.split(',').slice(-1) ?? [];
    if (isForwarded(headers) && (!this.includes(remoteAddress) || addressIn(hop.trim()) === undefined)) return true;
    const client = this.clientOf(remoteAddress, forwardedFor);
    return !isLoopback(client) && client !== plainAddress(localAddress);
  }
}

function peerKey({ remoteAddress = '', remotePort = 0 }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}

function isForwarded(headers: IncomingMessage['headers']): boolean {
  return FORWARDING.some((name) => headers[name] !== undefined);
}

/** Whether this is an IP address, or a network such as `192.0.2.0/24`. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Some proxies append the port: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function addressIn(hop: string): string | undefined {
  if (isIP(hop) !== 0) return plainAddress(hop);
  const { v4, v6 } = /^(?:(?<v4>[\d.]+)|\[(?<v6>[\da-f:.]+)\])(?::\d+)?$/i.exec(hop)?.groups ?? {};
  const address = v4 ?? v6 ?? '';
  return isIP(address) !== 0 ? plainAddress(address) : undefined;
}

/** The address without a zone; IPv4-mapped IPv6 becomes IPv4. */
export function plainAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const plain = address.split('%', 1)[0]!;
  const groups = ipv6Groups(plain);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : plain;
}
