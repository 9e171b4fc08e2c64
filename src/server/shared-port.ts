/**
 * One TCP port for the page over TLS and HTTP visitors, or for the page and media. The first bytes of a connection
 * decide. Until then it may hold little memory, and not for long; when too many are undecided, the oldest is closed.
 */
import type { Server as HttpServer } from 'node:http';
import { type Server as HttpsServer, Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SharedPortFigures } from '../admin/metrics/metrics.ts';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { addressKey, type TrustedProxies } from '../lib/net/client-address.ts';
import { isFromReserve } from '../lib/net/descriptor-reserve.ts';
import { type NewcomerLimits, Newcomers } from '../lib/rates/newcomers.ts';
import { type Beginning, beginningOf } from './first-bytes.ts';

export interface SharedPortLimits extends NewcomerLimits {
  /** Time limit for identifying a connection. */
  readonly decisionMs: Millis;
}

export const SHARED_PORT_LIMITS: SharedPortLimits = { max: 256, maxPerOrigin: 32, decisionMs: 5000 };

export interface SharedPortOptions {
  /** Listens on the port, now or later. Its connections go to the `connection` listeners registered now. */
  readonly server: HttpServer | HttpsServer;
  /** Handles HTTP if `server` speaks TLS; by default a sentence is returned. It gets `limits.decisionMs` in total. */
  readonly plainHttp?: HttpServer | undefined;
  /** See `MediaPlane.acceptTcp`. */
  readonly acceptMedia: (socket: Socket, localUfrag: string) => boolean;
  /** Proxies carry many people's connections, so these are not counted per address. */
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  readonly limits?: SharedPortLimits;
}

type ConnectionListener = (this: HttpServer | HttpsServer, socket: Socket) => void;

const SPEAKS_TLS =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThis port requires HTTPS: use https://\n';

export class SharedPort {
  readonly #options: SharedPortOptions;
  readonly #limits: SharedPortLimits;
  readonly #speaksTls: boolean;
  readonly #listeners: readonly ConnectionListener[];
  readonly #newcomers: Newcomers<Newcomer>;
  #refused = 0;
  #closed = false;

  constructor(options: SharedPortOptions) {
    const { server, limits = SHARED_PORT_LIMITS } = options;
    this.#options = options;
    this.#limits = limits;
    this.#speaksTls = server instanceof TlsServer;
    this.#newcomers = new Newcomers(limits, (newcomer) => this.#refuse(newcomer));
    this.#listeners = server.listeners('connection') as ConnectionListener[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  get figures(): SharedPortFigures {
    return { undecided: this.#newcomers.count, refused: this.#refused };
  }

  /** Closes undecided and further connections. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const newcomer of this.#newcomers) newcomer.end();
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket;
    // There may be no other error listener when it breaks.
    socket.on('error', () => {});
    // Closed before it was examined.
    if (remoteAddress === undefined || this.#closed) {
      socket.destroy();
      return;
    }
    if (isFromReserve(socket)) {
      this.#reset(socket);
      return;
    }
    const { clock, proxies } = this.#options;
    const newcomer = new Newcomer(socket, {
      decided: (beginning) => this.#decide(newcomer, beginning),
      closed: () => {
        cancelDeadline();
        this.#newcomers.remove(newcomer);
      },
    });
    const cancelDeadline: Cancel = clock.setTimer(clock.now() + this.#limits.decisionMs, () => this.#refuse(newcomer));
    this.#newcomers.add(newcomer, proxies.includes(remoteAddress) ? null : addressKey(remoteAddress));
  }

  #decide(newcomer: Newcomer, beginning: Beginning): void {
    const { server, plainHttp, acceptMedia } = this.#options;
    switch (beginning.kind) {
      case 'tls':
      case 'http':
        if (this.#speaksTls === (beginning.kind === 'tls')) {
          const socket = newcomer.handOver();
          for (const listener of this.#listeners) listener.call(server, socket);
          // TLS reads by itself, bypassing the stream.
          if (!this.#speaksTls) socket.resume();
        } else if (beginning.kind === 'http') newcomer.answer(plainHttp);
        else this.#refuse(newcomer);
        return;
      case 'media': {
        const socket = newcomer.handOver();
        if (acceptMedia(socket, beginning.localUfrag)) socket.resume();
        else this.#reset(socket);
        return;
      }
      default:
        this.#refuse(newcomer);
    }
  }

  #refuse(newcomer: Newcomer): void {
    this.#reset(newcomer.handOver());
  }

  #reset(socket: Socket): void {
    this.#refused++;
    socket.resetAndDestroy();
  }
}

interface NewcomerEvents {
  /** Never called with `open`. */
  readonly decided: (beginning: Beginning) => void;
  /** It is no longer a newcomer. Called at most once. */
  readonly closed: () => void;
}

/** A connection whose protocol is not known yet, or that is being told that it used the wrong port. */
class Newcomer {
  readonly #socket: Socket;
  readonly #events: NewcomerEvents;
  #bytes: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(socket: Socket, events: NewcomerEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('data', this.#read);
    socket.once('end', this.#end);
    socket.once('close', this.#end);
  }

  /** Returns the socket with all read data put back, paused, and without our listeners. */
  handOver(): Socket {
    this.#stopReading();
    this.#socket.off('close', this.#end);
    this.#finish();
    return this.#socket;
  }

  /** Answers that this is the wrong protocol. The connection remains a newcomer until it is closed. */
  answer(server: HttpServer | undefined): void {
    const socket = this.#socket;
    this.#stopReading();
    if (server === undefined) socket.end(SPEAKS_TLS);
    else server.emit('connection', socket);
    socket.resume();
  }

  end(): void {
    this.#end();
  }

  #stopReading(): void {
    const socket = this.#socket;
    socket.off('data', this.#read);
    socket.off('end', this.#end);
    socket.pause();
    if (this.#bytes.length > 0) socket.unshift(this.#bytes);
    this.#bytes = Buffer.alloc(0);
  }

  readonly #read = (piece: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
    const beginning = beginningOf(this.#bytes);
    if (beginning.kind !== 'open') this.#events.decided(beginning);
  };

  readonly #end = (): void => {
    this.#socket.destroy();
    this.#finish();
  };

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.closed();
  }
}
