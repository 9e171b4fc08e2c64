/**
 * Clients that ask another server than the one that has their room, and do not understand `redirect`: their WebSocket is
 * carried to the room's server. Each is a WebSocket inside a `PeerStream` of its own, so that one that reads slowly
 * holds up nobody else.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientOptions, WebSocket } from 'ws';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { NodeRecord } from './node-record.ts';
import { openPeerStream, PeerDoor, type PeerDoorOptions } from './peer-stream.ts';

/** Who is at the other end, as the server says that was asked. */
export interface PassedClient {
  readonly address: string;
  /** Whether it is on another machine than that server. */
  readonly isRemote: boolean;
}

export interface PassedClientsOptions {
  /** Those that live, as last heard. */
  readonly nodes: () => readonly NodeRecord[];
  readonly secret: string;
  /** Takes an upgrade request for the WebSocket of a client of another server. */
  readonly onClient: (client: PassedClient, request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** This connection is another server's, which carries somebody else's WebSocket. */
  readonly onServer: (connection: Socket) => void;
  readonly clock: Clock;
}

export interface PassedClientFigures {
  /** Clients that were to be passed on, by what came of it. */
  readonly passed: Readonly<Record<'opened' | 'refused', number>>;
  /** Of this server, that are carried to others now. */
  readonly carried: number;
  /** Requests of strangers. */
  readonly refused: number;
}

/** Connections that are being opened: as many as the other server's door bears at the same time, with those of others. */
const MAX_OPENING = 16;
const RETRY_MS: Millis = 500;
/** How long the other server may take to accept the WebSocket. */
const ANSWER_LIMIT_MS: Millis = 3000;
/** Of the list of a large room. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** The signaling that is inside a connection: nothing of it reaches the network. */
const INSIDE = 'ws://server.invalid/ws';
const ADDRESS = 'x-client-address';
const IS_REMOTE = 'x-client-is-remote';

export class PassedClients {
  readonly #options: PassedClientsOptions;
  readonly #door: PeerDoor;
  /** Reads what is inside the connections. It listens nowhere. */
  readonly #inside = createServer((_, response) => response.writeHead(404).end());
  readonly #arrived = new Set<Duplex>();
  readonly #passed = { opened: 0, refused: 0 };
  #opening = 0;
  #carried = 0;

  constructor(options: PassedClientsOptions) {
    this.#options = options;
    const { secret, clock, onClient, onServer } = options;
    this.#inside.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const client = clientIn(request);
      if (client === undefined) socket.destroy();
      else onClient(client, request, socket, head);
    });
    const onPeer: PeerDoorOptions['onPeer'] = ({ stream }, connection) => {
      onServer(connection);
      this.#arrive(stream);
    };
    this.#door = new PeerDoor({ purpose: 'client', secret, clock, onPeer });
  }

  get figures(): PassedClientFigures {
    return { passed: { ...this.#passed }, carried: this.#carried, refused: this.#door.refused };
  }

  /** Takes an upgrade request of another server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#door.upgrade(request, socket, head);
  }

  /**
   * Opens a WebSocket at the server that clients reach at this URL. Pings that come in it are not answered here.
   * Rejects with `server_busy`.
   */
  async open(url: string, client: PassedClient): Promise<WebSocket> {
    const node = this.#options.nodes().find((one) => one.url === url);
    try {
      if (node === undefined || this.#opening >= MAX_OPENING) throw new Error('it is not known, or others are waiting');
      const webSocket = await this.#open(node, client);
      this.#passed.opened++;
      this.#carried++;
      webSocket.once('close', () => this.#carried--);
      return webSocket;
    } catch {
      this.#passed.refused++;
      throw new AppError('server_busy', 'The server that has the room does not answer.', { retryAfterMs: RETRY_MS });
    }
  }

  /** Ends those that were passed to this server. */
  close(): void {
    this.#door.close();
    for (const stream of this.#arrived) stream.destroy();
    this.#inside.close();
  }

  async #open(node: NodeRecord, { address, isRemote }: PassedClient): Promise<WebSocket> {
    const { secret, clock } = this.#options;
    this.#opening++;
    try {
      const { stream } = await openPeerStream(node.peer, { purpose: 'client', secret, clock });
      return await openInside(stream, { [ADDRESS]: address, [IS_REMOTE]: isRemote ? '1' : '0' }, clock);
    } finally {
      this.#opening--;
    }
  }

  #arrive(stream: Duplex): void {
    this.#arrived.add(stream);
    stream.once('close', () => this.#arrived.delete(stream));
    this.#inside.emit('connection', stream);
  }
}

function openInside(stream: Duplex, headers: Record<string, string>, clock: Clock): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    // Node and ws take any stream, although their types name sockets only.
    const createConnection = (() => stream) as unknown as NonNullable<ClientOptions['createConnection']>;
    const options = { headers, autoPong: false, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES };
    const webSocket = new WebSocket(INSIDE, { ...options, createConnection });
    const cancel = clock.setTimer(clock.now() + ANSWER_LIMIT_MS, () => webSocket.terminate());
    // Whoever has it listens to its end.
    webSocket.on('error', () => {});
    webSocket.once('close', () => {
      cancel();
      stream.destroy();
      reject(new Error('it closed the connection'));
    });
    webSocket.once('open', () => {
      cancel();
      resolve(webSocket);
    });
  });
}

/** Undefined if a server says what none of this version says. */
function clientIn({ headers }: IncomingMessage): PassedClient | undefined {
  const address = headers[ADDRESS];
  // Clients at a Unix socket have none.
  if (typeof address !== 'string' || (address !== '' && isIP(address) === 0)) return undefined;
  return { address, isRemote: headers[IS_REMOTE] === '1' };
}
