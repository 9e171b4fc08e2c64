/**
 * Passive ICE over TCP (RFC 6544) for browsers that UDP does not reach: listeners next to the UDP sockets. A connection
 * that STUN has not assigned yet holds little memory, and not for long; if there are too many, the oldest is closed.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { addressKey, plainAddress } from '../../lib/net/client-address.ts';
import { isFromReserve } from '../../lib/net/descriptor-reserve.ts';
import { Newcomers } from '../../lib/rates/newcomers.ts';
import {
  bindFailureInWords,
  type ClosedListener,
  type DatagramListener,
  type DatagramPort,
  isPortInUse,
  type MediaAddress,
  type UnboundAddress,
} from './datagram-port.ts';
import { TCP_CONNECTION_LIMITS, TcpConnection, type TcpConnectionLimits, type TcpCounters } from './tcp-connection.ts';

export interface TcpLimits extends TcpConnectionLimits {
  /** Connections not adopted yet: in total, and per IPv4 address or IPv6 /64. */
  readonly newConnections: number;
  readonly newConnectionsPerAddress: number;
}

export const TCP_LIMITS: TcpLimits = { ...TCP_CONNECTION_LIMITS, newConnections: 256, newConnectionsPerAddress: 32 };

export interface TcpPortOptions {
  /** The addresses of the UDP port. */
  readonly addresses: readonly MediaAddress[];
  readonly clock: Clock;
  /**
   * Skips addresses on which the port is in use instead of failing: an outgoing local connection, such as a reverse
   * proxy's, may occupy it for a while.
   */
  readonly skipsUsed?: boolean;
  readonly limits?: TcpLimits;
}

/** Connections waiting in the system: no more than can be accepted between two ticks without being noticed. */
const BACKLOG = 64;

interface Listener {
  readonly address: MediaAddress;
  readonly server: Server;
}

export class TcpPort implements DatagramPort {
  readonly counters: TcpCounters = { accepted: 0, refused: 0, packetsDropped: 0, framesIn: 0 };
  readonly #clock: Clock;
  readonly #limits: TcpLimits;
  #listeners: readonly Listener[] = [];
  readonly #connections = new Set<TcpConnection>();
  /** Connections not adopted yet. */
  readonly #new: Newcomers<TcpConnection>;
  #onDatagram: DatagramListener = () => {};
  #onClosed: ClosedListener = () => {};
  #closed: Promise<void> | undefined;

  /** Has no listeners of its own, for connections passed to `accept`. */
  constructor({ clock, limits = TCP_LIMITS }: Pick<TcpPortOptions, 'clock' | 'limits'>) {
    this.#clock = clock;
    this.#limits = limits;
    const { newConnections: max, newConnectionsPerAddress: maxPerOrigin } = limits;
    this.#new = new Newcomers({ max, maxPerOrigin }, (connection) => connection.refuse());
  }

  /** Listens on the addresses. Throws an explanatory Error if one of them cannot be bound. */
  static async open(options: TcpPortOptions): Promise<TcpPort> {
    const port = new TcpPort(options);
    for (const address of options.addresses) {
      try {
        port.#listeners = [...port.#listeners, await port.#listenAt(address)];
      } catch (error) {
        if (options.skipsUsed === true && isPortInUse(error)) continue;
        await port.close();
        throw new Error(
          `cannot listen on TCP port ${address.port} on ${address.address}: ${bindFailureInWords(error, address.port)} (without TCP: --media-tcp off)`,
          { cause: error },
        );
      }
    }
    return port;
  }

  /** Where it listens. */
  get addresses(): readonly MediaAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  /**
   * Listens on these addresses and no others; existing connections stay open. Resolves with the addresses on which it
   * cannot listen now; never rejects. Only one call may run at a time.
   */
  async follow(addresses: readonly MediaAddress[]): Promise<readonly UnboundAddress[]> {
    const before = new Map(this.#listeners.map((listener) => [listener.address.address, listener]));
    const unbound: UnboundAddress[] = [];
    const listeners: Listener[] = [];
    for (const wanted of addresses) {
      const { address, port } = wanted;
      try {
        listeners.push(before.get(address) ?? (await this.#listenAt(wanted)));
        before.delete(address);
      } catch (error) {
        unbound.push({ protocol: 'tcp', address, port, reason: bindFailureInWords(error, port) });
      }
    }
    this.#listeners = listeners;
    for (const { server } of this.#closed === undefined ? before.values() : listeners) void closeServer(server);
    return unbound;
  }

  /** All connections, and those not adopted yet. */
  get connectionCount(): { readonly all: number; readonly new: number } {
    return { all: this.#connections.size, new: this.#new.count };
  }

  listen(onDatagram: DatagramListener, onClosed: ClosedListener): void {
    this.#onDatagram = onDatagram;
    this.#onClosed = onClosed;
  }

  /** Takes over a connection, its own or one accepted elsewhere; data already read must have been put back. */
  accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    // Closed before it was examined.
    if (remoteAddress === undefined || remotePort === undefined || this.#closed !== undefined) {
      socket.destroy();
      return;
    }
    if (isFromReserve(socket)) {
      this.counters.refused++;
      socket.destroy();
      return;
    }
    this.counters.accepted++;
    // Connections accepted by an HTTP server would stay open after the peer has ended them.
    socket.allowHalfOpen = false;
    const connection = new TcpConnection({
      socket,
      remote: { address: plainAddress(remoteAddress), port: remotePort },
      clock: this.#clock,
      limits: this.#limits,
      counters: this.counters,
      events: {
        frame: (frame, from) => this.#onDatagram(frame, from.remote, from),
        adopted: (adopted) => this.#new.remove(adopted),
        closed: (gone) => {
          this.#new.remove(gone);
          this.#connections.delete(gone);
          this.#onClosed(gone.remote, gone);
        },
      },
    });
    this.#connections.add(connection);
    this.#new.add(connection, addressKey(remoteAddress));
  }

  /** Idempotent. Resolves when everything is closed. */
  close(): Promise<void> {
    this.#closed ??= Promise.all(this.#listeners.map(({ server }) => closeServer(server))).then(() => {});
    for (const connection of this.#connections) connection.release();
    return this.#closed;
  }

  async #listenAt(at: MediaAddress): Promise<Listener> {
    const { address, family, port } = at;
    const server = createServer((socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, ipv6Only: family === 6, exclusive: true, backlog: BACKLOG }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    // A connection that could not be accepted only affects its peer.
    server.on('error', () => {});
    return { address: { ...at, protocol: 'tcp' }, server };
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
