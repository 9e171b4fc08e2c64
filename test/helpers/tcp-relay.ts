/**
 * Sits in front of a media port: takes datagrams over UDP and forwards them over TCP, so that clients that only know
 * UDP use ICE over TCP.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, type Socket as TcpSocket } from 'node:net';
import { freePort } from '../../bench/lib/free-port.ts';
import { FrameReader, frame } from '../../src/rtc/net/stream-framing.ts';
import { kindOf } from './on-path.ts';

export interface TcpRelayOptions {
  /** Where clients send to. The port is the one that the server binds on its own address. */
  readonly address: string;
  readonly serverAddress: string;
}

export class TcpRelay {
  /** Port of the relay and, at its own address, of the server. */
  readonly port: number;
  readonly #front: Socket;
  readonly #options: TcpRelayOptions;
  readonly #backs = new Map<string, TcpSocket>();
  /** The client whose connection is blocked, and what it has sent in the meantime: it waits in the client's system. */
  #held: { readonly key: string; readonly waiting: Buffer[] } | undefined;

  private constructor(front: Socket, options: TcpRelayOptions) {
    this.#front = front;
    this.port = front.address().port;
    this.#options = options;
    front.on('message', (datagram, { address, port }) => {
      const key = keyOf(address, port);
      if (key === this.#held?.key) this.#held.waiting.push(frame(datagram));
      else if (this.#backs.has(key) || kindOf(datagram) === 'stun')
        this.#back(key, address, port).write(frame(datagram));
    });
  }

  static async open(options: TcpRelayOptions): Promise<TcpRelay> {
    const front = createSocket('udp4');
    front.bind(await freePort(), options.address);
    await once(front, 'listening');
    return new TcpRelay(front, options);
  }

  /**
   * From now on nothing gets through for the first client, in either direction, as in a tunnel. The connection stays
   * open.
   */
  holdFirst(): void {
    const [first] = this.#backs;
    if (first === undefined) return;
    const [key, back] = first;
    this.#held = { key, waiting: [] };
    back.pause();
  }

  /** Everything gets through again, including what both sides have sent in the meantime. */
  resume(): void {
    const back = this.#held && this.#backs.get(this.#held.key);
    for (const piece of this.#held?.waiting ?? []) back?.write(piece);
    back?.resume();
    this.#held = undefined;
  }

  /**
   * Ends all connections, as when a network changes. The next ICE check opens a new one. Until then nothing is sent, as
   * in browsers: media alone would not tell the server whose it is.
   */
  cut(): void {
    for (const back of this.#backs.values()) back.destroy();
    this.#backs.clear();
  }

  close(): void {
    this.#front.close();
    this.cut();
  }

  #back(key: string, address: string, port: number): TcpSocket {
    const known = this.#backs.get(key);
    if (known !== undefined) return known;
    const back = createConnection({ host: this.#options.serverAddress, port: this.port, noDelay: true });
    const reader = new FrameReader((datagram) => {
      this.#front.send(datagram, port, address);
      return true;
    });
    back.on('data', (piece: Buffer) => reader.read(piece));
    back.on('error', () => {});
    back.once('close', () => {
      if (this.#backs.get(key) === back) this.#backs.delete(key);
    });
    this.#backs.set(key, back);
    return back;
  }
}

function keyOf(address: string, port: number): string {
  return `${address}:${port}`;
}
