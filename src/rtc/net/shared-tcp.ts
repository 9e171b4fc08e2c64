import { isIP } from 'node:net';
import { ipToBytes } from '../../lib/net/ip-address.ts';
import type { MediaAddress } from './datagram-port.ts';

/** A TCP port that somebody else listens to, who hands on the connections that are for media. */
export interface SharedTcp {
  /** The IP address that is listened to. */
  readonly host: string;
  readonly port: number;
}

/** Whether connections to `address` come to the shared port. */
export function isShared({ host }: SharedTcp, { address, family }: MediaAddress): boolean {
  // Listening to the IPv6 wildcard takes IPv4 as well.
  if (host === '::' || host === '0.0.0.0') return host === '::' || family === 4;
  const [listened, asked] = [ipToBytes(host), ipToBytes(address)];
  return isIP(host) !== 0 && listened !== null && asked !== null && Buffer.compare(listened, asked) === 0;
}
