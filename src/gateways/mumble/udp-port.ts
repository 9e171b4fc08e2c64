/**
 * Mumble's UDP port, with the same number as the TCP port. A datagram belongs to the session whose address it comes
 * from, or else to that session of the same host whose key decrypts it. There is a socket for each address at which
 * clients connect, because they take answers only from there.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/clock.ts';
import { withoutMapping } from '../../lib/net/ip-address.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { answerListPing, type ListFacts } from './list-ping.ts';
import type { CryptState } from './wire/crypt-state.ts';
import { MAX_PACKET_BYTES } from './wire/voice-packet.ts';

/** A session, as this port knows it. */
export interface UdpUser {
  readonly crypt: CryptState;
  /** From now on it can be sent packets by UDP, which `send` encrypts; null: no longer. */
  setPath(send: ((text: Uint8Array) => void) | null): void;
  /** A decrypted packet; a view that is valid during the call. */
  receiveDatagram(text: Uint8Array): void;
  /** A datagram from its address could not be decrypted. */
  undecryptable(): void;
}

export interface UdpFigures {
  readonly datagrams: number;
  /** Not decrypted, from an address that is known and from others. */
  readonly refused: number;
  readonly unknown: number;
  /** Attempts to find out whose a datagram from an unknown address is. */
  readonly trials: number;
  readonly listPings: number;
}

export interface UdpPortOptions {
  readonly host: string;
  readonly port: number;
  /** Null: the list of servers gets no answers. */
  readonly listFacts: (() => ListFacts) | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Decryptions for datagrams from unknown addresses: 2 % of a core at most. */
const TRIALS = { perSecond: 2000, burst: 500 };
/** The same for one host, so that others are found while somebody floods from there, or in its name. */
const TRIALS_OF_HOST = { perSecond: 500, burst: 200 };
/** Answers to the list of servers, which may go to a forged address. */
const LIST_PINGS = { perSecond: 200, burst: 200 };
/** More addresses than a machine has. */
const MAX_SOCKETS = 64;

/** The sessions whose TCP connections come from one host. */
interface Host {
  readonly users: Set<UdpUser>;
  readonly trials: TokenBucket;
}

interface Bound {
  readonly user: UdpUser;
  readonly key: string;
}

export class UdpPort {
  readonly #options: UdpPortOptions;
  #general: Socket | undefined;
  /** By the address of this machine. */
  readonly #sockets = new Map<string, Socket>();
  /** By the address and port of the peer. */
  readonly #bound = new Map<string, Bound>();
  readonly #keyOf = new Map<UdpUser, string>();
  /** By the host that a session's TCP connection comes from. */
  readonly #byHost = new Map<string, Host>();
  readonly #trials: TokenBucket;
  readonly #listPings: TokenBucket;
  /** The packet that is being sent, and views of its beginning by their length. */
  #packet = Buffer.alloc(MAX_PACKET_BYTES);
  readonly #views: Buffer[] = [];
  readonly #counts = { datagrams: 0, refused: 0, unknown: 0, trials: 0, listPings: 0 };

  constructor(options: UdpPortOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#trials = new TokenBucket({ ...TRIALS, now });
    this.#listPings = new TokenBucket({ ...LIST_PINGS, now });
  }

  get figures(): UdpFigures {
    return this.#counts;
  }

  /** Rejects with the error of the system. */
  async open(): Promise<void> {
    this.#general = await this.#bind(this.#options.host);
  }

  /** Idempotent. */
  close(): void {
    this.#general?.close();
    this.#general = undefined;
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    // A closed socket throws.
    for (const user of this.#keyOf.keys()) user.setPath(null);
    this.#bound.clear();
    this.#keyOf.clear();
    this.#byHost.clear();
  }

  /**
   * A session whose TCP connection comes from `remote`, to `local`. Datagrams are looked for at that address; if it
   * cannot be bound, the tunnel remains.
   */
  add(user: UdpUser, remote: string, local: string): void {
    const known = this.#byHost.get(remote);
    const trials = new TokenBucket({ ...TRIALS_OF_HOST, now: this.#options.clock.now() });
    const of = known ?? { users: new Set(), trials };
    of.users.add(user);
    this.#byHost.set(remote, of);
    const { host } = this.#options;
    const isForAll = host === '0.0.0.0' || host === '::';
    if (!isForAll || this.#sockets.has(local) || this.#sockets.size >= MAX_SOCKETS) return;
    this.#bind(local).then(
      (socket) => {
        if (this.#general === undefined || this.#sockets.has(local)) socket.close();
        else this.#sockets.set(local, socket);
      },
      (error: unknown) => this.#options.log.debug({ err: error, local }, 'no UDP for Mumble at this address'),
    );
  }

  delete(user: UdpUser, remote: string): void {
    const users = this.#byHost.get(remote)?.users;
    users?.delete(user);
    if (users?.size === 0) this.#byHost.delete(remote);
    this.#unbind(user);
  }

  async #bind(address: string): Promise<Socket> {
    const isSix = isIPv6(address);
    const socket = createSocket({
      type: isSix ? 'udp6' : 'udp4',
      reuseAddr: true,
      // Every address is a number. Without this, Node would ask the resolver for each datagram.
      lookup: (host, _, callback) => callback(null, host, isSix ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(this.#options.port, address, () => {
        socket.removeAllListeners('error');
        resolve();
      });
    });
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'UDP socket of Mumble'));
    socket.on('message', (datagram, from) => this.#receive(socket, datagram, from));
    return socket;
  }

  #receive(socket: Socket, datagram: Buffer, from: RemoteInfo): void {
    this.#counts.datagrams++;
    // Nothing can be sent to port 0, and Node throws when it is tried.
    if (datagram.length > MAX_PACKET_BYTES || from.port === 0) return;
    const key = `${from.address} ${from.port}`;
    const bound = this.#bound.get(key);
    if (bound !== undefined) {
      const text = bound.user.crypt.decrypt(datagram);
      if (text !== null) {
        bound.user.receiveDatagram(text);
        return;
      }
    }
    if (this.#answerList(socket, datagram, from)) return;
    if (this.#findOwner(socket, datagram, from, key, bound?.user)) return;
    if (bound === undefined) this.#counts.unknown++;
    else {
      this.#counts.refused++;
      bound.user.undecryptable();
    }
  }

  /**
   * Those without an address come first, but a NAT may have given a new one to any, also one that another client had.
   * @param tried whose key does not decrypt it
   */
  #findOwner(socket: Socket, datagram: Buffer, from: RemoteInfo, key: string, tried: UdpUser | undefined): boolean {
    const host = this.#byHost.get(withoutMapping(from.address));
    if (host === undefined) return false;
    const nowMs = this.#options.clock.now();
    for (const wantsBound of [false, true]) {
      for (const user of host.users) {
        if (user === tried || this.#keyOf.has(user) !== wantsBound) continue;
        if (!host.trials.take(nowMs) || !this.#trials.take(nowMs)) return false;
        this.#counts.trials++;
        const text = user.crypt.decrypt(datagram);
        if (text === null) continue;
        if (tried !== undefined) this.#unbind(tried);
        this.#bindUser(user, key, socket, from);
        user.receiveDatagram(text);
        return true;
      }
    }
    return false;
  }

  #bindUser(user: UdpUser, key: string, socket: Socket, { address, port }: RemoteInfo): void {
    this.#unbind(user);
    this.#bound.set(key, { user, key });
    this.#keyOf.set(user, key);
    const { crypt } = user;
    user.setPath((text) => this.#send(socket, crypt, text, port, address));
  }

  /** Encrypts and sends. Errors go to the socket, because a callback costs an object for each packet. */
  #send(socket: Socket, crypt: CryptState, text: Uint8Array, port: number, address: string): void {
    const length = crypt.encryptTo(this.#packet, text);
    this.#views[length] ??= this.#packet.subarray(0, length);
    socket.send(this.#views[length], port, address);
    if (socket.getSendQueueCount() === 0) return;
    // The system nearly always takes a packet at once. This one waits, and must not be touched any more.
    this.#packet = Buffer.alloc(MAX_PACKET_BYTES);
    this.#views.length = 0;
  }

  #unbind(user: UdpUser): void {
    const key = this.#keyOf.get(user);
    if (key === undefined) return;
    this.#keyOf.delete(user);
    this.#bound.delete(key);
    user.setPath(null);
  }

  /** True if it was a question of the list of servers. */
  #answerList(socket: Socket, datagram: Buffer, { address, port }: RemoteInfo): boolean {
    const { listFacts, clock } = this.#options;
    if (listFacts === null) return false;
    const answer = answerListPing(datagram, listFacts);
    if (answer === null) return false;
    this.#counts.listPings++;
    if (this.#listPings.take(clock.now())) socket.send(answer, port, address, () => {});
    return true;
  }
}
