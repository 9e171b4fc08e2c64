/**
 * TCP connections whose sockets are in one thread and whose media is in another, because Node cannot move a socket
 * between threads. Everything about the socket stays with it (frames, limits, peers that do not read); whole datagrams
 * are passed between the threads.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { ClosedListener, DatagramListener, DatagramSocket, RemoteAddress } from '../../rtc/net/datagram-port.ts';
import type { RelayedPort } from '../../rtc/net/media-port.ts';
import { TcpPort, type TcpPortOptions } from '../../rtc/net/tcp-port.ts';

/** To the media thread. Connection numbers are never reused. */
export type RelayMessage =
  | {
      readonly type: 'opened';
      readonly connection: number;
      readonly remote: RemoteAddress;
      readonly local: RemoteAddress | undefined;
    }
  | { readonly type: 'datagram'; readonly connection: number; readonly datagram: Uint8Array }
  | { readonly type: 'closed'; readonly connection: number };

/** To the socket thread. */
export type RelayReply =
  | { readonly type: 'send'; readonly connection: number; readonly datagram: Uint8Array }
  | { readonly type: 'adopt'; readonly connection: number }
  | { readonly type: 'release'; readonly connection: number };

/** Shared by both ends: the number of datagrams taken by the socket thread, modulo 2^32. */
export function createRelayMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Half a second of speech per connection. Anything that waits longer, because the other thread is busy, comes too late.
 */
const MAX_WAITING_PER_CONNECTION = 25;

export interface TcpRelayOptions {
  readonly clock: Clock;
  /** From `createRelayMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly post: (message: RelayMessage) => void;
  readonly limits?: TcpPortOptions['limits'];
}

/** The end with the sockets. */
export class TcpRelay {
  readonly #port: TcpPort;
  readonly #taken: Int32Array;
  readonly #sockets = new Map<number, DatagramSocket>();
  readonly #numbers = new Map<DatagramSocket, number>();
  readonly #post: (message: RelayMessage) => void;
  #lastNumber = 0;

  constructor({ clock, memory, post, limits }: TcpRelayOptions) {
    this.#port = new TcpPort({ clock, ...(limits !== undefined && { limits }) });
    this.#taken = new Int32Array(memory);
    this.#post = post;
    this.#port.listen(
      (datagram, remote, socket) => this.#receive(datagram, remote, socket),
      (_remote, socket) => this.#forget(socket),
    );
  }

  get counters(): TcpPort['counters'] {
    return this.#port.counters;
  }

  get connectionCount(): TcpPort['connectionCount'] {
    return this.#port.connectionCount;
  }

  /** See `TcpPort.accept`. */
  accept(socket: Socket): void {
    this.#port.accept(socket);
  }

  /** Handles a message from the other end. */
  handle(reply: RelayReply): void {
    if (reply.type === 'send') Atomics.add(this.#taken, 0, 1);
    // It may be gone by now.
    const socket = this.#sockets.get(reply.connection);
    switch (reply.type) {
      case 'send':
        // A connection has only one peer, so the address is unused.
        socket?.send(reply.datagram, 0, '');
        return;
      case 'adopt':
        socket?.adopt?.();
        return;
      case 'release':
        socket?.release?.();
        return;
    }
  }

  /** Closes all connections. Idempotent. */
  close(): Promise<void> {
    return this.#port.close();
  }

  #receive(datagram: Buffer, remote: RemoteAddress, socket: DatagramSocket): void {
    let connection = this.#numbers.get(socket);
    if (connection === undefined) {
      connection = ++this.#lastNumber;
      this.#numbers.set(socket, connection);
      this.#sockets.set(connection, socket);
      this.#post({ type: 'opened', connection, remote, local: socket.local });
    }
    // A copy, because posting a view would post the whole memory behind it.
    this.#post({ type: 'datagram', connection, datagram: new Uint8Array(datagram) });
  }

  #forget(socket: DatagramSocket): void {
    const connection = this.#numbers.get(socket);
    if (connection === undefined) return;
    this.#numbers.delete(socket);
    this.#sockets.delete(connection);
    this.#post({ type: 'closed', connection });
  }
}

export interface RelayedTcpPortOptions {
  /** From `createRelayMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly post: (reply: RelayReply) => void;
}

/** The end with the media. */
export class RelayedTcpPort implements RelayedPort {
  /** Datagrams dropped because too many others were waiting for the socket thread. */
  packetsDropped = 0;
  readonly #connections = new Map<number, RelayedConnection>();
  readonly #taken: Int32Array;
  readonly #post: (reply: RelayReply) => void;
  #posted = 0;
  #onDatagram: DatagramListener = () => {};
  #onClosed: ClosedListener = () => {};

  constructor({ memory, post }: RelayedTcpPortOptions) {
    this.#taken = new Int32Array(memory);
    this.#post = post;
  }

  listen(onDatagram: DatagramListener, onClosed: ClosedListener): void {
    this.#onDatagram = onDatagram;
    this.#onClosed = onClosed;
  }

  /** Handles a message from the other end. */
  handle(message: RelayMessage): void {
    const { connection: number } = message;
    if (message.type === 'opened') {
      const { remote, local } = message;
      const post = (reply: RelayReply): void => this.#say(reply);
      this.#connections.set(number, new RelayedConnection({ number, remote, local, post }));
      return;
    }
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    if (message.type === 'datagram') {
      const { buffer, byteOffset, byteLength } = message.datagram;
      this.#onDatagram(Buffer.from(buffer, byteOffset, byteLength), connection.remote, connection);
      return;
    }
    this.#connections.delete(number);
    this.#onClosed(connection.remote, connection);
  }

  #say(reply: RelayReply): void {
    if (reply.type === 'send') {
      const waiting = (this.#posted - Atomics.load(this.#taken, 0)) | 0;
      if (waiting >= MAX_WAITING_PER_CONNECTION * this.#connections.size) {
        this.packetsDropped++;
        return;
      }
      this.#posted = (this.#posted + 1) | 0;
    }
    this.#post(reply);
  }
}

interface RelayedConnectionOptions {
  readonly number: number;
  readonly remote: RemoteAddress;
  readonly local: RemoteAddress | undefined;
  readonly post: (reply: RelayReply) => void;
}

class RelayedConnection implements DatagramSocket {
  readonly protocol = 'tcp';
  readonly remote: RemoteAddress;
  readonly local: RemoteAddress | undefined;
  readonly #number: number;
  readonly #post: (reply: RelayReply) => void;

  constructor({ number, remote, local, post }: RelayedConnectionOptions) {
    this.#number = number;
    this.remote = remote;
    this.local = local;
    this.#post = post;
  }

  send(datagram: Uint8Array): boolean {
    // A copy, because the caller reuses its memory.
    this.#post({ type: 'send', connection: this.#number, datagram: new Uint8Array(datagram) });
    return true;
  }

  adopt(): void {
    this.#post({ type: 'adopt', connection: this.#number });
  }

  release(): void {
    this.#post({ type: 'release', connection: this.#number });
  }
}
