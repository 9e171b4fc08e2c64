import { isIP } from 'node:net';
import type { CandidateAddress } from '../rtc/sdp-answer.ts';
import type { UdpAddress } from '../rtc/udp-port.ts';
import type { MediaPlaneOptions } from './plane.ts';

/** The addresses at which browsers are told to reach a worker that is bound to `bound`. */
export function candidateAddresses(
  bound: readonly UdpAddress[],
  { announce, hideLoopback }: Pick<MediaPlaneOptions, 'announce' | 'hideLoopback'>,
): CandidateAddress[] {
  if (announce.length > 0) {
    return announce.map((address) => {
      // A forwarded port has the same number on both sides; with several sockets they share it, one per family.
      const family = isIP(address) === 6 ? 6 : 4;
      const { port } = bound.find((socket) => socket.family === family) ?? bound[0]!;
      return { address, port };
    });
  }
  const elsewhere = bound.filter(({ address }) => !isLoopback(address));
  const told = hideLoopback && elsewhere.length > 0 ? elsewhere : bound;
  return told.map(({ address, port }) => ({ address, port }));
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
