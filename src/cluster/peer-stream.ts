/**
 * A connection between two servers of a cluster, inside a connection to the HTTP port: TLS with a key from the cluster
 * secret instead of certificates (RFC 5489), so it is authenticated both ways, and what is recorded today cannot be
 * read by whoever learns the secret tomorrow. Somebody without the secret does not get past the handshake.
 */
import { hkdfSync } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Clock, Millis } from '../lib/clock.ts';

/** What a connection is for: media of a room over several servers, or the signaling of one client. */
export type PeerPurpose = 'worker' | 'client';

/** Where other servers ask for it, and the protocol that they name. */
export const PEER_PATHS = { worker: '/cluster/worker', client: '/cluster/client' } as const;
const PROTOCOL = 'partyline-peer-1';
/** Each has a key of its own, so that nobody in between can make one into the other. */
const KEYS = { worker: 'partyline peer 1', client: 'partyline client 1' } as const;
const IDENTITY = 'partyline';
const TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
} as const;
const HANDSHAKE_LIMIT_MS: Millis = 3000;
/**
 * Handshakes that are not over. One more takes the place of the oldest: strangers who begin them and never go on would
 * otherwise keep servers out, whose own are over in milliseconds.
 */
const MAX_PENDING = 32;

/** Where a connection begins and ends, as its own end sees it. */
export interface PeerAddresses {
  readonly here: string;
  readonly there: string;
}

export interface PeerStream extends PeerAddresses {
  readonly stream: Duplex;
}

export interface PeerStreamOptions {
  readonly purpose: PeerPurpose;
  readonly secret: string;
  readonly clock: Clock;
}

/** @param url of the other server's HTTP port. Rejects with an explanatory Error. */
export function openPeerStream(url: string, { purpose, secret, clock }: PeerStreamOptions): Promise<PeerStream> {
  const address = new URL(PEER_PATHS[purpose], url);
  const key = keyOf(secret, purpose);
  return new Promise((resolve, reject) => {
    const secureContext = createSecureContext(TLS);
    const request = address.protocol === 'https:' ? requestHttps : requestHttp;
    // The certificate of its page says nothing about it: the key does.
    const asking = request(address, {
      agent: false,
      rejectUnauthorized: false,
      // A proxy in between knows WebSockets.
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-protocol': PROTOCOL },
    });
    let secure: TLSSocket | undefined;
    const fail = (error: Error): void => {
      cancel();
      asking.destroy();
      secure?.destroy();
      reject(error);
    };
    const cancel = clock.setTimer(clock.now() + HANDSHAKE_LIMIT_MS, () => fail(new Error('it did not answer in time')));
    asking.on('error', fail);
    asking.on('response', (response) => {
      response.destroy();
      fail(new Error(`it answered with status ${response.statusCode}`));
    });
    asking.on('upgrade', (_, socket, head) => {
      socket.on('error', fail);
      if (head.length > 0) socket.unshift(head);
      const addresses = addressesOf(socket as Socket);
      secure = connectTls({
        secureContext,
        socket,
        pskCallback: () => ({ psk: key, identity: IDENTITY }),
        checkServerIdentity: () => undefined,
      });
      secure.on('error', fail);
      secure.on('close', () => fail(new Error('it closed the connection')));
      secure.on('end', () => secure?.destroy());
      secure.once('secureConnect', () => {
        cancel();
        if (addresses === undefined || secure === undefined) fail(new Error('it closed the connection'));
        else resolve({ ...addresses, stream: secure });
      });
    });
    asking.end();
  });
}

export interface PeerDoorOptions extends PeerStreamOptions {
  /** @param connection the one in which the stream is. */
  readonly onPeer: (peer: PeerStream, connection: Socket) => void;
}

/** Takes the connections of other servers. */
export class PeerDoor {
  readonly #options: PeerDoorOptions;
  readonly #key: Buffer;
  /** One for all: strangers can have none made. */
  readonly #context: SecureContext | undefined;
  /** Each ends one, oldest first. */
  readonly #pending = new Set<() => void>();
  #refused = 0;
  #closed = false;

  constructor(options: PeerDoorOptions) {
    this.#options = options;
    this.#key = keyOf(options.secret, options.purpose);
    this.#context = contextIfPossible();
  }

  /** Those without the secret, or that others have displaced. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes an upgrade request if it is for this door. */
  upgrade({ url, headers }: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (url !== PEER_PATHS[this.#options.purpose] || headers['sec-websocket-protocol'] !== PROTOCOL) return false;
    // Errors end the connection, and nobody has to know of them.
    socket.on('error', () => {});
    const addresses = addressesOf(socket as Socket);
    if (this.#closed || addresses === undefined || this.#context === undefined) {
      this.#refused++;
      socket.destroy();
      return true;
    }
    // What goes on inside it has limits of its own.
    (socket as Socket).setTimeout(0);
    if (this.#pending.size >= MAX_PENDING) this.#pending.values().next().value?.();
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`);
    if (head.length > 0) socket.unshift(head);
    this.#shake(socket as Socket, addresses, this.#context);
    return true;
  }

  /** Refuses everybody from now on. */
  close(): void {
    this.#closed = true;
    for (const refuse of this.#pending) refuse();
  }

  #shake(socket: Socket, addresses: PeerAddresses, secureContext: SecureContext): void {
    const { clock, onPeer } = this.#options;
    const secure = new TLSSocket(socket, {
      secureContext,
      isServer: true,
      pskCallback: (_: unknown, identity: string) => (identity === IDENTITY ? this.#key : null),
    } as ConstructorParameters<typeof TLSSocket>[1]);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.#pending.delete(refuse);
    };
    const refuse = (): void => {
      if (!isOver) this.#refused++;
      end();
      secure.destroy();
      socket.destroy();
    };
    this.#pending.add(refuse);
    const cancel = clock.setTimer(clock.now() + HANDSHAKE_LIMIT_MS, refuse);
    secure.on('error', refuse);
    secure.on('close', refuse);
    // Sockets of the HTTP server stay half open, but nobody here says anything to who has gone.
    secure.on('end', () => secure.destroy());
    secure.once('secure', () => {
      if (isOver) return;
      end();
      onPeer({ ...addresses, stream: secure }, socket);
    });
  }
}

/** Undefined where the system forbids this cipher: no other server gets in there, and no stranger's request fails. */
function contextIfPossible(): SecureContext | undefined {
  try {
    return createSecureContext(TLS);
  } catch {
    return undefined;
  }
}

function keyOf(secret: string, purpose: PeerPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', KEYS[purpose], 32));
}

/** IPv4 addresses as such; undefined if the connection is gone. */
function addressesOf({ localAddress, remoteAddress }: Socket): PeerAddresses | undefined {
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  return { here: plainAddress(localAddress), there: plainAddress(remoteAddress) };
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
