/**
 * The network side of one media worker: a UDP port and optionally TCP listeners with the same number, or a shared TCP
 * port.
 */
import type { Clock } from '../../lib/clock.ts';
import {
  type ClosedListener,
  type DatagramListener,
  type DatagramPort,
  type DatagramSocket,
  isPortInUse,
  type MediaAddress,
  type UnboundAddress,
} from './datagram-port.ts';
import { isShared, type SharedTcp } from './shared-tcp.ts';
import { TcpPort } from './tcp-port.ts';
import { type UdpCounters, UdpPort, type UdpPortOptions } from './udp-port.ts';

/** Delivers datagrams of TCP connections whose sockets are in another thread. */
export interface RelayedPort extends DatagramPort {
  /** Datagrams dropped because they would have come too late. */
  readonly packetsDropped: number;
}

export interface MediaPortOptions extends UdpPortOptions {
  /** Whether media may come over TCP as well. */
  readonly tcp: boolean;
  /** Set if TCP connections for media are accepted elsewhere. */
  readonly sharedTcp?: SharedTcp | undefined;
  readonly clock: Clock;
  /** Delivers them if they are in another thread; otherwise they arrive through `tcp.accept`. */
  readonly relayed?: RelayedPort;
}

/** Attempts to find a number that is free for both. */
const PORT_ATTEMPTS = 16;

export class MediaPort implements DatagramPort {
  /** Null where media comes over UDP only. */
  readonly tcp: TcpPort | null;
  readonly #udp: UdpPort;
  readonly #sharedTcp: SharedTcp | undefined;
  readonly #relayed: RelayedPort | undefined;
  #followed: Promise<readonly UnboundAddress[]> = Promise.resolve([]);

  private constructor(udp: UdpPort, tcp: TcpPort | null, { sharedTcp, relayed }: MediaPortOptions) {
    this.#udp = udp;
    this.tcp = tcp;
    this.#sharedTcp = sharedTcp;
    this.#relayed = relayed;
  }

  /** Throws an explanatory Error if something cannot be bound. */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    const { hosts, port, clock, sharedTcp } = options;
    // Addresses that were requested explicitly must be available.
    const skipsUsed = hosts.length === 0 && port !== 0;
    for (let attempt = 1; ; attempt++) {
      const udp = await UdpPort.open(options);
      if (!options.tcp) return new MediaPort(udp, null, options);
      const addresses = unshared(udp.addresses, sharedTcp);
      try {
        return new MediaPort(udp, await TcpPort.open({ addresses, clock, skipsUsed }), options);
      } catch (error) {
        await udp.close();
        const other = port === 0 && error instanceof Error && isPortInUse(error.cause);
        if (!other || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  /** Where media is received now; UDP first. */
  get addresses(): readonly MediaAddress[] {
    const udp = this.#udp.addresses;
    if (this.tcp === null) return udp;
    return [...udp, ...this.tcp.addresses, ...sharedAddresses(udp, this.#sharedTcp)];
  }

  /**
   * Receives media on these addresses and no others, without touching existing sockets. Resolves with the addresses
   * that cannot be bound now; never rejects. Calls are queued and run one at a time.
   */
  follow(hosts: readonly string[]): Promise<readonly UnboundAddress[]> {
    this.#followed = this.#followed.then(async () => {
      const unbound = await this.#udp.follow(hosts);
      const withoutTcp = await this.tcp?.follow(unshared(this.#udp.addresses, this.#sharedTcp));
      return [...unbound, ...(withoutTcp ?? [])];
    });
    return this.#followed;
  }

  /** See `UdpPort.socketAt`. */
  socketAt(address: string): DatagramSocket | undefined {
    return this.#udp.socketAt(address);
  }

  get udpCounters(): Readonly<UdpCounters> {
    return this.#udp.counters;
  }

  /** TCP packets dropped because they would have come too late. */
  get tcpPacketsDropped(): number {
    return (this.tcp?.counters.packetsDropped ?? 0) + (this.#relayed?.packetsDropped ?? 0);
  }

  listen(onDatagram: DatagramListener, onClosed: ClosedListener): void {
    this.#udp.listen(onDatagram);
    this.tcp?.listen(onDatagram, onClosed);
    this.#relayed?.listen(onDatagram, onClosed);
  }

  /** Idempotent. Resolves when everything is closed. */
  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.tcp?.close()]);
  }
}

/** The addresses on which this port itself must listen for TCP, because no one else shares a listener there. */
function unshared(udp: readonly MediaAddress[], sharedTcp: SharedTcp | undefined): readonly MediaAddress[] {
  return udp.filter((address) => sharedTcp === undefined || !isShared(sharedTcp, address));
}

function sharedAddresses(udp: readonly MediaAddress[], sharedTcp: SharedTcp | undefined): MediaAddress[] {
  if (sharedTcp === undefined) return [];
  const { port } = sharedTcp;
  return udp
    .filter((address) => isShared(sharedTcp, address))
    .map((address) => ({ ...address, protocol: 'tcp', port, shared: true }));
}
