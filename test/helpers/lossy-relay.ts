/**
 * A UDP relay in front of a media port. It loses packets in both directions, delays them unevenly and duplicates some:
 * a lossy network for real browsers.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freePort } from '../../bench/lib/free-port.ts';
import type { Prng } from './prng.ts';

export interface LossyRelayOptions {
  /** Where clients send to. The port is the one that the server binds on its own address. */
  readonly address: string;
  readonly serverAddress: string;
  readonly prng: Prng;
}

export class LossyRelay {
  /** Port of the relay and, at its own address, of the server. */
  readonly port: number;
  /** 0 to 1, for each packet independently. */
  loss = 0;
  /** Each packet waits for up to this long, so that some overtake others. */
  jitterMs = 0;
  /** 0 to 1: the share of packets that arrive twice. */
  duplication = 0;
  readonly #waiting = new Set<NodeJS.Timeout>();
  readonly #front: Socket;
  readonly #backs = new Map<string, Socket>();
  readonly #options: LossyRelayOptions;

  private constructor(front: Socket, options: LossyRelayOptions) {
    this.#front = front;
    this.port = front.address().port;
    this.#options = options;
    front.on('message', (datagram, { address, port }) => this.#pass(() => this.#back(address, port).send(datagram)));
  }

  static async open(options: LossyRelayOptions): Promise<LossyRelay> {
    const front = createSocket('udp4');
    front.bind(await freePort(), options.address);
    await once(front, 'listening');
    return new LossyRelay(front, options);
  }

  /**
   * From now on all clients, or only one of them (by the order of their first datagrams), come from another port, as
   * when a NAT has forgotten them. Packets to the old port are lost.
   */
  rebind(only?: number): void {
    [...this.#backs].forEach(([client, back], index) => {
      if (only !== undefined && index !== only) return;
      back.close();
      this.#backs.set(client, this.#createBack(client));
    });
  }

  close(): void {
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#front.close();
    for (const back of this.#backs.values()) back.close();
  }

  #pass(send: () => void): void {
    const { prng } = this.#options;
    if (prng() < this.loss) return;
    this.#delay(send);
    if (this.duplication > 0 && prng() < this.duplication) this.#delay(send);
  }

  #delay(send: () => void): void {
    if (this.jitterMs === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      send();
    }, this.jitterMs * this.#options.prng());
    this.#waiting.add(timer);
  }

  /** The server tells clients apart by address, so each gets its own socket. */
  #back(address: string, port: number): { send(datagram: Buffer): void } {
    const client = `${address}:${port}`;
    let back = this.#backs.get(client);
    if (back === undefined) {
      back = this.#createBack(client);
      this.#backs.set(client, back);
    }
    const { serverAddress } = this.#options;
    const socket = back;
    return { send: (datagram) => socket.send(datagram, this.port, serverAddress) };
  }

  #createBack(client: string): Socket {
    const [address, port] = client.split(':') as [string, string];
    const back = createSocket('udp4');
    back.on('message', (datagram) => this.#pass(() => this.#front.send(datagram, Number(port), address)));
    back.on('error', () => {});
    return back;
  }
}
