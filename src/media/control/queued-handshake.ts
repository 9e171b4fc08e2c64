/** The DTLS handshake of one connection. It costs nothing until the peer starts, and then waits for its turn. */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { DtlsSession } from '../../rtc/dtls/dtls-session.ts';
import type { HandshakeQueue } from './handshake-queue.ts';

/** Time limit for the peer to start. */
const BEGINNING_TIMEOUT_MS: Millis = 15_000;
/** A fragmented ClientHello. Peers repeat it while they wait. */
const MAX_HELD = 4;
/** RFC 5246 section 6.2.1: the content type of a handshake record. */
const HANDSHAKE_RECORD = 22;

export interface QueuedHandshakeOptions {
  readonly queue: HandshakeQueue;
  /** See `WebRtcOffer.address`. */
  readonly address: string;
  readonly clock: Clock;
  /** Creates the session when its turn comes. */
  readonly open: () => DtlsSession;
  /** The peer did not start in time. */
  readonly timedOut: () => void;
}

export class QueuedHandshake {
  readonly #options: QueuedHandshakeOptions;
  readonly #held: Uint8Array[] = [];
  #session: DtlsSession | null = null;
  /** Cancels the current wait. */
  #cancel: Cancel;
  #closed = false;

  constructor(options: QueuedHandshakeOptions) {
    this.#options = options;
    const { clock, timedOut } = options;
    this.#cancel = clock.setTimer(clock.now() + BEGINNING_TIMEOUT_MS, timedOut);
  }

  /** A DTLS datagram from the peer. */
  receive(datagram: Uint8Array): void {
    if (this.#closed) return;
    if (this.#session !== null) {
      this.#session.receive(datagram);
      return;
    }
    if (datagram[0] !== HANDSHAKE_RECORD || this.#held.length === MAX_HELD) return;
    this.#held.push(datagram);
    if (this.#held.length > 1) return;
    this.#cancel();
    this.#cancel = this.#options.queue.enter(this.#options.address, () => this.#begin());
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    this.#session?.close();
    this.#held.length = 0;
  }

  #begin(): void {
    if (this.#closed) return;
    const session = this.#options.open();
    this.#session = session;
    for (const datagram of this.#held.splice(0)) session.receive(datagram);
  }
}
