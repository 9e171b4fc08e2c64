/** Where one media worker is reached: a UDP port and, if wanted, TCP listeners with the same number. */
import type { Clock } from '../lib/clock.ts';
import {
  type ClosedListener,
  type DatagramListener,
  type DatagramPort,
  isPortInUse,
  type MediaAddress,
} from './datagram-port.ts';
import { TcpPort } from './tcp-port.ts';
import { type UdpCounters, UdpPort, type UdpPortOptions } from './udp-port.ts';

export interface MediaPortOptions extends UdpPortOptions {
  /** Whether media may come over TCP as well. */
  readonly tcp: boolean;
  readonly clock: Clock;
}

/** Attempts to find a number that is free for both. */
const PORT_ATTEMPTS = 16;

export class MediaPort implements DatagramPort {
  /** UDP first. */
  readonly addresses: readonly MediaAddress[];
  /** Null where media comes over UDP only. */
  readonly tcp: TcpPort | null;
  readonly #udp: UdpPort;

  private constructor(udp: UdpPort, tcp: TcpPort | null) {
    this.#udp = udp;
    this.tcp = tcp;
    this.addresses = [...udp.addresses, ...(tcp?.addresses ?? [])];
  }

  /** Throws an Error in words if something cannot be bound. */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    const { hosts, port, clock } = options;
    // What somebody has asked for by its address must be there.
    const skipsUsed = hosts.length === 0 && port !== 0;
    for (let attempt = 1; ; attempt++) {
      const udp = await UdpPort.open(options);
      if (!options.tcp) return new MediaPort(udp, null);
      try {
        return new MediaPort(udp, await TcpPort.open({ addresses: udp.addresses, clock, skipsUsed }));
      } catch (error) {
        await udp.close();
        const other = port === 0 && error instanceof Error && isPortInUse(error.cause);
        if (!other || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  get udpCounters(): Readonly<UdpCounters> {
    return this.#udp.counters;
  }

  listen(onDatagram: DatagramListener, onClosed: ClosedListener): void {
    this.#udp.listen(onDatagram);
    this.tcp?.listen(onDatagram, onClosed);
  }

  /** Idempotent. Resolves when everything is closed. */
  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.tcp?.close()]);
  }
}
