import { isIP } from 'node:net';
import { isLoopback } from '../../lib/net/local-addresses.ts';
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { AnnouncedAddress } from './announcement.ts';

/** A browser tries each with each of its own; what stands further back in a long list is a container's or a tunnel's. */
const MAX_CANDIDATES_PER_PROTOCOL = 8;

/** Whether somebody is told loopback addresses: as others, only where nothing else is bound, or never, because they lead to their own machine. */
export type LoopbackUse = 'always' | 'if_alone' | 'never';

export interface CandidateOptions {
  /** In place of what is bound. */
  readonly announced: readonly AnnouncedAddress[];
  readonly loopback: LoopbackUse;
  /** Of the worker: with ports of its own outside as inside. */
  readonly index: number;
}

/** The addresses at which browsers are told to reach a worker that is bound to `bound`, those over UDP first. */
export function candidateAddresses(bound: readonly MediaAddress[], options: CandidateOptions): CandidateAddress[] {
  return (['udp', 'tcp'] as const).flatMap((protocol) => {
    const sockets = bound.filter((socket) => socket.protocol === protocol);
    const told = options.announced.length > 0 ? announced(sockets, options) : reachable(sockets, options);
    return told.slice(0, MAX_CANDIDATES_PER_PROTOCOL);
  });
}

function announced(sockets: readonly MediaAddress[], { announced, index }: CandidateOptions): CandidateAddress[] {
  return announced.flatMap(({ address, port }) => {
    // All sockets of a worker share one number. Somebody else's port forwarding may lead from one family to the other.
    const socket = sockets.find(({ family }) => family === isIP(address)) ?? sockets[0];
    if (socket === undefined) return [];
    // What all workers share has one number outside as well.
    const outside = port === null || socket.shared === true ? port : port + index;
    return { protocol: socket.protocol, address, port: outside ?? socket.port };
  });
}

function reachable(sockets: readonly MediaAddress[], { loopback }: CandidateOptions): CandidateAddress[] {
  const elsewhere = sockets.filter(({ address }) => !isLoopback(address));
  const isHidden = loopback === 'never' || (loopback === 'if_alone' && elsewhere.length > 0);
  const told = isHidden ? elsewhere : sockets;
  return told.map(({ protocol, address, port }) => ({ protocol, address, port }));
}
