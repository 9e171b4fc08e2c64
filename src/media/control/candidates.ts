import { isIP } from 'node:net';
import { isLoopback } from '../../lib/net/local-addresses.ts';
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { AnnouncedAddress } from './announcement.ts';

/**
 * A browser pairs each of them with each of its own. Addresses further back in a long list belong to containers or
 * tunnels.
 */
const MAX_CANDIDATES_PER_PROTOCOL = 8;

/**
 * Whether a browser gets loopback addresses: like any others, only if nothing else is bound, or never, because they
 * would lead to its own machine.
 */
export type LoopbackUse = 'always' | 'if_alone' | 'never';

export interface CandidateOptions {
  /** Replaces the bound addresses. */
  readonly announced: readonly AnnouncedAddress[];
  readonly loopback: LoopbackUse;
  /** The worker's index, for an announced port range with one port per worker. */
  readonly index: number;
}

/** The addresses at which browsers reach a worker bound to `bound`, UDP first. */
export function candidateAddresses(bound: readonly MediaAddress[], options: CandidateOptions): CandidateAddress[] {
  return (['udp', 'tcp'] as const).flatMap((protocol) => {
    const sockets = bound.filter((socket) => socket.protocol === protocol);
    const chosen = options.announced.length > 0 ? announced(sockets, options) : reachable(sockets, options);
    return chosen.slice(0, MAX_CANDIDATES_PER_PROTOCOL);
  });
}

function announced(sockets: readonly MediaAddress[], { announced, index }: CandidateOptions): CandidateAddress[] {
  return announced.flatMap(({ address, port }) => {
    // All sockets of a worker use the same port. Port forwarding may translate between address families.
    const socket = sockets.find(({ family }) => family === isIP(address)) ?? sockets[0];
    if (socket === undefined) return [];
    // A port shared by all workers has a single number outside, too.
    const outside = port === null || socket.shared === true ? port : port + index;
    return { protocol: socket.protocol, address, port: outside ?? socket.port };
  });
}

function reachable(sockets: readonly MediaAddress[], { loopback }: CandidateOptions): CandidateAddress[] {
  const elsewhere = sockets.filter(({ address }) => !isLoopback(address));
  const isHidden = loopback === 'never' || (loopback === 'if_alone' && elsewhere.length > 0);
  const shown = isHidden ? elsewhere : sockets;
  return shown.map(({ protocol, address, port }) => ({ protocol, address, port }));
}
