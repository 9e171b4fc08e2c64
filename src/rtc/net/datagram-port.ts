/** The transport of datagrams: UDP, or a TCP connection with framing. */
import { missingRight } from '../../lib/net/missing-right.ts';

export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
}

/** One bound UDP socket, or one TCP connection. */
export interface DatagramSocket {
  readonly protocol: 'udp' | 'tcp';
  /** The local end, if it is known. */
  readonly local?: { readonly address: string; readonly port: number } | undefined;
  /**
   * Sends without waiting; what cannot be sent is counted and dropped. True if the buffer may be reused, false if it
   * must not be touched any more. A connection has one peer and ignores the address.
   */
  send(datagram: Uint8Array, port: number, address: string): boolean;
  /** For connections: a transport has verified that this is one of its paths. */
  adopt?(): void;
  /** For connections: no transport needs this one any more. */
  release?(): void;
}

/** Receives a datagram and its source. The listener owns the buffer and must not throw. */
export type DatagramListener = (datagram: Buffer, remote: RemoteAddress, socket: DatagramSocket) => void;

/** A connection is gone; nothing follows. */
export type ClosedListener = (remote: RemoteAddress, socket: DatagramSocket) => void;

export interface DatagramPort {
  /** Sets the only receiver; without one, everything is dropped. */
  listen(onDatagram: DatagramListener, onClosed: ClosedListener): void;
}

/** One address at which media is received. */
export interface MediaAddress {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** The page uses this TCP port as well, and all workers share it. */
  readonly shared?: true;
}

/** An address at which media should be received and cannot be now. */
export interface UnboundAddress {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  /** In words that end without a full stop. */
  readonly reason: string;
}

/** Why a port could not be bound, in words that end without a full stop. */
export function bindFailureInWords(error: unknown, port: number): string {
  if (!(error instanceof Error)) return String(error);
  switch ('code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return 'the port is in use';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address';
    case 'EACCES':
      return missingRight(port);
    default:
      return error.message;
  }
}

export function isPortInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
