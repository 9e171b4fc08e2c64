import type { Millis } from '../../lib/clock.ts';
import type { DatagramSocket } from './datagram-port.ts';

/** A remote address and port as seen from one local socket, or one TCP connection. */
export class NetworkPath {
  readonly socket: DatagramSocket;
  readonly address: string;
  readonly port: number;
  /** When the last authentic datagram arrived on this path. */
  lastHeardMs: Millis;

  constructor(socket: DatagramSocket, address: string, port: number, nowMs: Millis) {
    this.socket = socket;
    this.address = address;
    this.port = port;
    this.lastHeardMs = nowMs;
  }

  /** See `DatagramSocket.send`. */
  send(datagram: Uint8Array): boolean {
    return this.socket.send(datagram, this.port, this.address);
  }
}
