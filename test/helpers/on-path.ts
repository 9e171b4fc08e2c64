/**
 * An attacker on the network path between participants and a server, who sees everything and can change, drop, repeat
 * and spoof datagrams.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freePort } from '../../bench/lib/free-port.ts';

export interface PassingDatagram {
  /** The participant's address as text, which identifies the participant. */
  readonly participant: string;
  readonly direction: 'to-server' | 'to-participant';
  readonly datagram: Buffer;
}

const REMEMBERED = 20_000;
const FRONT_ADDRESS = '127.0.0.2';
const SERVER_ADDRESS = '127.0.0.1';

export class OnPath {
  /**
   * The port at which participants are told to reach the server. The server itself has the same port at its own
   * address.
   */
  readonly port: number;
  /** The datagrams that passed, oldest first. */
  readonly seen: PassingDatagram[] = [];
  /** Returns what is passed on instead; null for nothing. */
  alter: (passing: PassingDatagram) => Buffer | null = ({ datagram }) => datagram;
  readonly #front: Socket;
  readonly #backs = new Map<string, Socket>();

  private constructor(front: Socket) {
    this.#front = front;
    this.port = front.address().port;
    front.on('message', (datagram, { address, port }) => {
      const participant = `${address}:${port}`;
      this.#pass({ participant, direction: 'to-server', datagram }, (passed) => this.sendAs(participant, passed));
    });
  }

  static async open(): Promise<OnPath> {
    const front = await bound(FRONT_ADDRESS, await freePort());
    return new OnPath(front);
  }

  /** Flags for a server that participants reach only through this. */
  get serverFlags(): readonly string[] {
    return ['--media-host', SERVER_ADDRESS, '--media-port', String(this.port), '--announce', FRONT_ADDRESS];
  }

  /** In the order in which they first sent something. */
  get participants(): readonly string[] {
    return [...this.#backs.keys()];
  }

  /** Sends to the server from exactly the address by which it knows the participant. */
  sendAs(participant: string, datagram: Uint8Array): void {
    this.#back(participant).send(datagram, this.port, SERVER_ADDRESS);
  }

  /** What a participant sent to the server, the newest last, of the kind given by the first byte (RFC 7983). */
  sentBy(participant: string, kind: 'stun' | 'dtls' | 'media'): Buffer[] {
    return this.seen
      .filter(({ direction, participant: who }) => direction === 'to-server' && who === participant)
      .map(({ datagram }) => datagram)
      .filter((datagram) => kindOf(datagram) === kind);
  }

  close(): void {
    this.#front.close();
    for (const back of this.#backs.values()) back.close();
  }

  #pass(passing: PassingDatagram, send: (datagram: Buffer) => void): void {
    // The receivers, in this process, decrypt SRTP in place.
    this.seen.push({ ...passing, datagram: Buffer.from(passing.datagram) });
    if (this.seen.length > REMEMBERED) this.seen.shift();
    const passed = this.alter(passing);
    if (passed !== null) send(passed);
  }

  /** The server tells participants apart by address, so each gets its own socket. */
  #back(participant: string): Socket {
    let back = this.#backs.get(participant);
    if (back === undefined) {
      back = createSocket('udp4');
      const [address, port] = participant.split(':') as [string, string];
      back.on('message', (datagram) => {
        this.#pass({ participant, direction: 'to-participant', datagram }, (passed) =>
          this.#front.send(passed, Number(port), address),
        );
      });
      back.on('error', () => {});
      this.#backs.set(participant, back);
    }
    return back;
  }
}

/** By the first byte (RFC 7983). */
export function kindOf(datagram: Uint8Array): 'stun' | 'dtls' | 'media' | 'other' {
  const first = datagram[0] ?? 255;
  if (first < 4) return 'stun';
  if (first >= 20 && first < 64) return 'dtls';
  return first >= 128 && first < 192 ? 'media' : 'other';
}

/** A socket at an address of this machine that nobody knows, and what comes back to it. */
export class Stranger {
  readonly heard: Buffer[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (datagram) => this.heard.push(datagram));
  }

  /** Opens a socket that sends to the server's port. On Linux all of 127.0.0.0/8 is this machine. */
  static async open(serverPort: number, address: string, port = 0): Promise<Stranger> {
    return new Stranger(await bound(address, port), serverPort);
  }

  /** Resolves when the system has accepted it. */
  send(datagram: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.send(datagram, this.#port, SERVER_ADDRESS, () => resolve()));
  }

  get bytesHeard(): number {
    return this.heard.reduce((sum, { length }) => sum + length, 0);
  }

  close(): void {
    this.#socket.close();
  }
}

async function bound(address: string, port = 0): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}
