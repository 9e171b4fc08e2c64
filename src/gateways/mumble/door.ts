/**
 * Where Mumble clients connect: who may, and when their TLS handshakes begin. A handshake takes the main thread a
 * millisecond or more, and after a restart all clients come back in the same second, so handshakes are paced.
 */
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError, toAppError } from '../../lib/errors.ts';
import { addressKey } from '../../lib/net/client-address.ts';
import { isFromReserve } from '../../lib/net/descriptor-reserve.ts';
import { AddressCount } from '../../lib/rates/address-count.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { AddressLimits } from '../../rooms/address-limits.ts';

export interface DoorOptions {
  readonly addresses: AddressLimits;
  readonly limitCounts: LimitCounts;
  readonly maxConnections: number;
  /** Time for a TLS handshake, from its turn on. */
  readonly handshakeTimeoutMs: Millis;
  /**
   * A handshake is complete.
   * @param loggedIn call it when the client is in; until then it counts as one of those of its address that are not
   */
  readonly opened: (socket: TLSSocket, loggedIn: () => void) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** At most half of a core. */
const HANDSHAKES = { perSecond: 200, burst: 8 };
/** Of all places, how many one address may have for clients that are not in yet. */
const WAITING_SHARE = 0.25;
/** However few places there are. */
const MIN_WAITING = 8;

export class Door {
  readonly #options: DoorOptions;
  readonly #tcp: TcpServer;
  /** It listens nowhere, and is given its connections. */
  readonly #tls: Server;
  readonly #sockets = new Set<Socket>();
  /** Those whose handshake has not begun, oldest first. */
  readonly #queue = new Set<Socket>();
  readonly #handshakes: TokenBucket;
  readonly #waiting: AddressCount;
  /** By both ends of a connection: its client is in. */
  readonly #logIns = new Map<string, () => void>();
  #cancelNext: Cancel | null = null;

  /** @param certificate what to present first */
  constructor(options: DoorOptions, certificate: SecureContextOptions) {
    const { maxConnections, handshakeTimeoutMs, clock } = options;
    this.#options = options;
    this.#handshakes = new TokenBucket({ ...HANDSHAKES, now: clock.now() });
    this.#waiting = new AddressCount(Math.max(MIN_WAITING, Math.floor(maxConnections * WAITING_SHARE)));
    this.#tls = createServer({
      ...certificate,
      // Whoever has a certificate is known by it; nobody vouches for it.
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeTimeoutMs,
    });
    this.#tls.on('secureConnection', (socket) =>
      options.opened(socket, this.#logIns.get(endsOf(socket)) ?? (() => {})),
    );
    this.#tls.on('tlsClientError', (_, socket) => socket.destroy());
    // Nothing is read before a handshake begins.
    this.#tcp = createTcpServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#tcp.maxConnections = maxConnections;
  }

  /** Opens the port. Rejects with the error of the system. */
  async listen(port: number, host: string): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(port, host, () => {
        this.#tcp.off('error', reject);
        resolve();
      });
    });
    // A connection that could not be accepted only affects its peer.
    this.#tcp.on('error', () => {});
    return this.#tcp.address() as AddressInfo;
  }

  /** From now on new connections are presented this certificate. */
  setCertificate(certificate: SecureContextOptions): void {
    this.#tls.setSecureContext(certificate);
  }

  /** Nobody comes in any more. Idempotent. */
  close(): void {
    this.#cancelNext?.();
    this.#cancelNext = null;
    this.#tcp.close();
    for (const socket of this.#queue) socket.destroy();
    this.#queue.clear();
  }

  /** Ends connections that are left, when everything is sent. */
  closeConnections(): void {
    for (const socket of this.#sockets) socket.destroySoon();
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (isFromReserve(socket)) {
      socket.destroy();
      return;
    }
    const { addresses, limitCounts, log } = this.#options;
    const key = addressKey(socket.remoteAddress ?? '');
    try {
      addresses.checkBan(socket.remoteAddress ?? '');
      addresses.connect(key);
      if (this.#waiting.isFull(key)) {
        limitCounts.hit('connections_per_address');
        throw new AppError('too_many_connections', 'The limit is per address.');
      }
    } catch (thrown) {
      log.debug({ code: toAppError(thrown).code }, 'Mumble connection refused');
      socket.destroy();
      return;
    }
    this.#keep(socket, key);
    this.#queue.add(socket);
    this.#next();
  }

  #keep(socket: Socket, key: string): void {
    this.#sockets.add(socket);
    const closed = this.#options.addresses.opened(key);
    const ends = endsOf(socket);
    const waited = this.#waiting.add(key);
    let isWaiting = true;
    const loggedIn = () => {
      if (!isWaiting) return;
      isWaiting = false;
      // A connection that was reset before its turn looks open here while its peer connects again from the same port.
      if (this.#logIns.get(ends) === loggedIn) this.#logIns.delete(ends);
      waited();
    };
    this.#logIns.set(ends, loggedIn);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#queue.delete(socket);
      loggedIn();
      closed();
    });
  }

  /** Begins the handshakes whose turn it is. */
  #next(): void {
    if (this.#cancelNext !== null) return;
    const { clock } = this.#options;
    for (const socket of this.#queue) {
      if (!this.#handshakes.take(clock.now())) {
        this.#cancelNext = clock.setTimer(clock.now() + Math.ceil(this.#handshakes.waitMs(clock.now())), () => {
          this.#cancelNext = null;
          this.#next();
        });
        return;
      }
      this.#queue.delete(socket);
      this.#tls.emit('connection', socket);
    }
  }
}

/** No two connections that are open have the same. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
