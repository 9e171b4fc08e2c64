/**
 * One UDP port number of this machine, with a socket on each address. Binding to addresses rather than the wildcard
 * means that a reply leaves from the address that was asked, even on a machine with several (browsers reject answers
 * from elsewhere).
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { addressesToBind } from '../../lib/net/local-addresses.ts';
import {
  bindFailureInWords,
  type DatagramListener,
  type DatagramPort,
  type DatagramSocket,
  isPortInUse,
  type MediaAddress,
  type UnboundAddress,
} from './datagram-port.ts';

export interface UdpPortOptions {
  /** IP addresses to bind; empty binds all of `addressesToBind`. */
  readonly hosts: readonly string[];
  /** 0 lets the system choose one that is free on all addresses. */
  readonly port: number;
}

export interface UdpCounters {
  datagramsIn: number;
  sendFailures: number;
  /** Errors reported by the system on a socket independently of sending, such as ICMP errors. */
  socketErrors: number;
}

/** Room for half a second of 1,000 talkers while the event loop is busy; the system may grant less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const SEND_BUFFER_BYTES = 2 * 1024 * 1024;
/** Attempts to find one port that is free on every address. */
const PORT_ATTEMPTS = 16;

export class UdpPort implements DatagramPort {
  readonly counters: UdpCounters;
  readonly #port: number;
  #sockets: readonly UdpSocket[];
  #listener: DatagramListener = () => {};
  #closed = false;

  private constructor(sockets: readonly UdpSocket[], port: number, counters: UdpCounters) {
    this.#sockets = sockets;
    this.#port = port;
    this.counters = counters;
  }

  /**
   * Binds all sockets. Throws an explanatory Error if a given host is not an address or cannot be bound, or if no
   * address could be bound. Enumerated addresses that cannot be bound are skipped.
   */
  static async open(options: UdpPortOptions): Promise<UdpPort> {
    const given = options.hosts.length > 0;
    const hosts = given ? [...new Set(options.hosts)] : addressesToBind();
    if (hosts.length === 0) throw new Error('this machine has no address to bind media to');
    for (const host of hosts) if (isIP(host) === 0) throw new Error(`media host "${host}" is not an IP address`);
    for (let attempt = 1; ; attempt++) {
      const sockets: UdpSocket[] = [];
      const counters: UdpCounters = { datagramsIn: 0, sendFailures: 0, socketErrors: 0 };
      let port = options.port;
      let failure: Error | undefined;
      let lastError: unknown;
      for (const host of hosts) {
        try {
          const socket = await UdpSocket.bind(host, port, counters);
          sockets.push(socket);
          port = socket.local.port;
        } catch (error) {
          // A port in use is never skipped, because another program would receive what is meant for us.
          if (!given && !isPortInUse(error)) {
            lastError = error;
            continue;
          }
          failure = new Error(`cannot bind UDP port ${port} on ${host}: ${bindFailureInWords(error, port)}`, {
            cause: error,
          });
          break;
        }
      }
      if (failure === undefined && sockets.length > 0) return new UdpPort(sockets, port, counters);
      for (const socket of sockets) socket.close();
      failure ??= new Error(
        `cannot bind UDP port ${port} on any address of this machine: ${bindFailureInWords(lastError, port)}`,
        { cause: lastError },
      );
      if (options.port !== 0 || !isPortInUse(failure.cause) || attempt === PORT_ATTEMPTS) throw failure;
    }
  }

  /** Where datagrams are received now. */
  get addresses(): readonly MediaAddress[] {
    return this.#sockets.map((socket) => socket.local);
  }

  /** The socket that is bound to this address, or to all addresses of its family; undefined if there is none. */
  socketAt(address: string): DatagramSocket | undefined {
    const any = isIP(address) === 4 ? '0.0.0.0' : '::';
    return (
      this.#sockets.find(({ local }) => local.address === address) ??
      this.#sockets.find(({ local }) => local.address === any)
    );
  }

  listen(listener: DatagramListener): void {
    this.#listener = listener;
    for (const socket of this.#sockets) socket.listen(listener);
  }

  /**
   * Binds the same port on these addresses and no others, without touching existing sockets. Resolves with the
   * addresses that cannot be bound now; never rejects. Only one call may run at a time.
   */
  async follow(hosts: readonly string[]): Promise<readonly UnboundAddress[]> {
    const before = new Map(this.#sockets.map((socket) => [socket.local.address, socket]));
    const unbound: UnboundAddress[] = [];
    const bound: UdpSocket[] = [];
    for (const host of new Set(hosts)) {
      try {
        bound.push(before.get(host) ?? (await this.#add(host)));
        before.delete(host);
      } catch (error) {
        const reason = bindFailureInWords(error, this.#port);
        unbound.push({ protocol: 'udp', address: host, port: this.#port, reason });
      }
    }
    this.#sockets = bound;
    for (const socket of this.#closed ? bound : before.values()) void socket.close();
    return unbound;
  }

  async #add(host: string): Promise<UdpSocket> {
    const socket = await UdpSocket.bind(host, this.#port, this.counters);
    socket.listen(this.#listener);
    return socket;
  }

  /** Idempotent. Resolves when every socket is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }
}

/**
 * While nothing fails, so many sends in a row do not report their results, because Node makes an object and a callback
 * in the next tick for each report.
 */
const UNCHECKED_SENDS = 15;
/** After a failure, that many sends report theirs. */
const CHECKED_AFTER_FAILURE = 1000;

/** One bound socket. */
export class UdpSocket implements DatagramSocket {
  readonly protocol = 'udp';
  readonly local: MediaAddress;
  readonly #socket: Socket;
  readonly #counters: UdpCounters;
  #closed: Promise<void> | undefined;
  /** Sends before the next one that reports its result. */
  #unchecked = 0;
  /** Sends that report their results because one failed. */
  #suspicious = 0;

  private constructor(socket: Socket, counters: UdpCounters) {
    this.#socket = socket;
    this.#counters = counters;
    const { address, port, family } = socket.address();
    this.local = { protocol: 'udp', address, port, family: family === 'IPv6' ? 6 : 4 };
    socket.on('error', () => {
      counters.socketErrors++;
    });
  }

  static async bind(host: string, port: number, counters: UdpCounters): Promise<UdpSocket> {
    const v6 = isIP(host) === 6;
    const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6, lookup: v6 ? asIpv6 : asIpv4 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      socket.setSendBufferSize(SEND_BUFFER_BYTES);
    } catch {
      // The default sizes work, too, but with less room for a busy event loop.
    }
    return new UdpSocket(socket, counters);
  }

  listen(listener: DatagramListener): void {
    this.#socket.removeAllListeners('message');
    this.#socket.on('message', (datagram, remote) => {
      this.#counters.datagramsIn++;
      listener(datagram, remote, this);
    });
  }

  /**
   * Sends, and counts failures: all of them once one has been seen. Returns true if the system has accepted the
   * datagram, as it nearly always does at once; then the buffer may be reused. Returns false if the datagram still
   * waits; then the buffer must not be touched any more.
   */
  send(datagram: Uint8Array, port: number, address: string): boolean {
    if (this.#closed !== undefined) return true;
    try {
      if (this.#isUnchecked()) this.#socket.send(datagram, port, address);
      else this.#socket.send(datagram, port, address, this.#sent);
      return this.#socket.getSendQueueCount() === 0;
    } catch {
      this.#counters.sendFailures++;
      return false;
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#socket.close(resolve));
    return this.#closed;
  }

  readonly #sent = (error: Error | null): void => {
    if (error === null) return;
    this.#counters.sendFailures++;
    this.#unchecked = 0;
    this.#suspicious = CHECKED_AFTER_FAILURE;
  };

  #isUnchecked(): boolean {
    if (this.#unchecked > 0) {
      this.#unchecked--;
      return true;
    }
    if (this.#suspicious > 0) this.#suspicious--;
    else this.#unchecked = UNCHECKED_SENDS;
    return false;
  }
}

type Lookup = (
  host: string,
  options: unknown,
  callback: (error: null, address: string, family: number) => void,
) => void;

/**
 * Addresses are numeric, so no name is ever resolved, and nothing waits for the next tick as with the system's
 * resolver.
 */
const asIpv4: Lookup = (host, _options, callback) => callback(null, host, 4);
const asIpv6: Lookup = (host, _options, callback) => callback(null, host, 6);
