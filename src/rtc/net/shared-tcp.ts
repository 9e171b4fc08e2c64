import { isIP } from 'node:net';
import { ipToBytes } from '../../lib/net/ip-address.ts';
import type { MediaAddress } from './datagram-port.ts';

/** A TCP port on which something else listens and passes on the connections for media. */
export interface SharedTcp {
  /** The IP address on which it listens. */
  readonly host: string;
  readonly port: number;
}

/** Whether connections to `address` arrive at the shared port. */
export function isShared({ host }: SharedTcp, { address, family }: MediaAddress): boolean {
  // The IPv6 wildcard accepts IPv4 as well.
  if (host === '::' || host === '0.0.0.0') return host === '::' || family === 4;
  const [listened, asked] = [ipToBytes(host), ipToBytes(address)];
  return isIP(host) !== 0 && listened !== null && asked !== null && Buffer.compare(listened, asked) === 0;
}
