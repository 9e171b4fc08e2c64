/** Somebody on the network path between participants and a server: sees all, and can change, drop, repeat and send in their names. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freePort } from '../../bench/lib/free-port.ts';

export interface PassingDatagram {
  /** The address of the participant, as text; a participant is known by it. */
  readonly participant: string;
  readonly direction: 'to-server' | 'to-participant';
  readonly datagram: Buffer;
}

const REMEMBERED = 20_000;
const FRONT_ADDRESS = '127.0.0.2';
const SERVER_ADDRESS = '127.0.0.1';

export class OnPath {
  /** Where participants are told that the server is; the server itself has the same port at its own address. */
  readonly port: number;
  /** What came by, the oldest first. */
  readonly seen: PassingDatagram[] = [];
  /** What is passed on instead; null for nothing. */
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

  /** Flags of a server that participants will reach through here only. */
  get serverFlags(): readonly string[] {
    return ['--media-host', SERVER_ADDRESS, '--media-port', String(this.port), '--announce', FRONT_ADDRESS];
  }

  /** In the order in which they were first heard of. */
  get participants(): readonly string[] {
    return [...this.#backs.keys()];
  }

  /** Sends to the server from the very address that it knows the participant by. */
  sendAs(participant: string, datagram: Uint8Array): void {
    this.#back(participant).send(datagram, this.port, SERVER_ADDRESS);
  }

  /** What a participant sent to the server, the newest last, of one kind by the first byte (RFC 7983). */
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
    // SRTP is decrypted in place by those who get it, in this process.
    this.seen.push({ ...passing, datagram: Buffer.from(passing.datagram) });
    if (this.seen.length > REMEMBERED) this.seen.shift();
    const passed = this.alter(passing);
    if (passed !== null) send(passed);
  }

  /** The server tells participants apart by their address, so each gets a socket. */
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

/** A socket at an address of this machine that nobody knows, and what it gets back. */
export class Stranger {
  readonly heard: Buffer[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (datagram) => this.heard.push(datagram));
  }

  /** Sends to the server's port. On Linux all of 127.0.0.0/8 is here. */
  static async open(serverPort: number, address: string, port = 0): Promise<Stranger> {
    return new Stranger(await bound(address, port), serverPort);
  }

  /** Resolves when the system has taken it. */
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
