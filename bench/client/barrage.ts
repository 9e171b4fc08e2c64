import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Late datagrams are caught up, but at most this many at once: a socket's buffer is small. */
const MAX_BURST = 64;

export interface BarrageOptions {
  /** Destination port at 127.0.0.1. */
  readonly port: number;
  /** Addresses to send from, each with its own socket. On Linux all of 127.0.0.0/8 is this machine. */
  readonly addresses: readonly string[];
}

export interface BarrageRun {
  readonly perSecond: number;
  readonly seconds: number;
  /** Returns the next datagram, or `null` if it was sent in another way. */
  readonly next: () => Uint8Array | null;
}

/** Sends datagrams to one port at a steady rate, from many addresses in turn. */
export class Barrage {
  /** Bytes that came back to the senders. */
  bytesHeard = 0;
  readonly #sockets: readonly Socket[];
  #turn = 0;

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.on('message', ({ length }) => {
        this.bytesHeard += length;
      });
      socket.on('error', () => {});
    }
  }

  static async open({ port, addresses }: BarrageOptions): Promise<Barrage> {
    return new Barrage(
      await Promise.all(
        addresses.map(async (address) => {
          const socket = createSocket('udp4');
          socket.bind(0, address);
          await once(socket, 'listening');
          socket.connect(port, '127.0.0.1');
          await once(socket, 'connect');
          return socket;
        }),
      ),
    );
  }

  /** Resolves with the number of datagrams sent. */
  async run({ perSecond, seconds, next }: BarrageRun): Promise<number> {
    const startMs = performance.now();
    const total = Math.round(perSecond * seconds);
    let sent = 0;
    while (sent < total) {
      const elapsedMs = performance.now() - startMs;
      const due = Math.min(total, Math.floor((elapsedMs / 1000) * perSecond));
      for (const end = Math.min(due, sent + MAX_BURST); sent < end; sent++) this.#send(next());
      if (sent < due) await new Promise(setImmediate);
      else await sleep(1);
    }
    return sent;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #send(datagram: Uint8Array | null): void {
    if (datagram === null) return;
    this.#turn = (this.#turn + 1) % this.#sockets.length;
    this.#sockets[this.#turn]!.send(datagram);
  }
}

/** Returns this many addresses of 127.0.0.0/8 that nobody uses. */
export function loopbackAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `127.${1 + (index % 200)}.${index >> 8}.${1 + (index & 0x7f)}`);
}
