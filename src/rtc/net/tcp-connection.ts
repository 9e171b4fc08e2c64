/** One TCP connection with framed datagrams (RFC 4571), as used by ICE over TCP (RFC 6544). */
import type { Socket } from 'node:net';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { plainAddress } from '../../lib/net/client-address.ts';
import type { DatagramSocket, RemoteAddress } from './datagram-port.ts';
import { FrameReader, frame } from './stream-framing.ts';

/** Limits of one connection. */
export interface TcpConnectionLimits {
  /** Time until a transport must have adopted it, with the first authentic STUN request. */
  readonly adoptionMs: Millis;
  /** Frames until then, the first of them STUN. */
  readonly framesBeforeAdoption: number;
  /**
   * Maximum number of bytes queued here when the system accepts no more; further real-time data is dropped, because it
   * would come too late.
   */
  readonly unsentBytes: number;
  /** How long the system may accept nothing at all. */
  readonly stallMs: Millis;
  /**
   * The system accepts half a minute of speech for a disconnected peer, and would deliver it all afterwards. So sending
   * stops when a peer is silent for longer than usual: for one and a half of its longest pauses, within these bounds.
   */
  readonly leastSilenceMs: Millis;
  readonly mostSilenceMs: Millis;
  /** A connection that is silent for this long is closed (RFC 7675 section 5.1). */
  readonly consentMs: Millis;
  /** Average read rate per millisecond; a peer that sends more is read later. */
  readonly readBytesPerMs: number;
  readonly readBurstBytes: number;
}

export const TCP_CONNECTION_LIMITS: TcpConnectionLimits = {
  adoptionMs: 5000,
  framesBeforeAdoption: 16,
  // A DTLS flight, or half a second of speech.
  unsentBytes: 4096,
  stallMs: 5000,
  // Longer than the interval of Chromium's and Firefox's consent checks.
  leastSilenceMs: 3000,
  mostSilenceMs: 7000,
  consentMs: 30_000,
  // Opus at its highest rate, doubled by RED, with a margin.
  readBytesPerMs: 200,
  readBurstBytes: 16_384,
};

const SILENCE_PER_PAUSE = 1.5;

export interface TcpCounters {
  /** Connections accepted. */
  accepted: number;
  /** Connections closed because they broke a rule or a limit. */
  refused: number;
  /** Datagrams dropped because the peer reads too slowly or is disconnected. */
  packetsDropped: number;
  framesIn: number;
}

export interface TcpConnectionOptions {
  readonly socket: Socket;
  readonly remote: RemoteAddress;
  readonly clock: Clock;
  readonly limits: TcpConnectionLimits;
  readonly counters: TcpCounters;
  readonly events: {
    readonly frame: (frame: Buffer, connection: TcpConnection) => void;
    readonly adopted: (connection: TcpConnection) => void;
    /** At most once. */
    readonly closed: (connection: TcpConnection) => void;
  };
}

export class TcpConnection implements DatagramSocket {
  readonly protocol = 'tcp';
  readonly remote: RemoteAddress;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #limits: TcpConnectionLimits;
  readonly #counters: TcpCounters;
  readonly #events: TcpConnectionOptions['events'];
  readonly #reader: FrameReader;
  #state: 'new' | 'adopted' | 'closed' = 'new';
  #frames = 0;
  /** Bytes that may be read now; below 0, reading pauses until it has recovered. */
  #readableBytes: number;
  #readAtMs: Millis;
  #heardAtMs: Millis;
  /** Decays slowly. */
  #longestPauseMs: Millis;
  /** Until it is adopted, then until it has been silent for too long. */
  #cancelDeadline: Cancel;
  #cancelStall: Cancel | undefined;
  #cancelPause: Cancel | undefined;

  constructor({ socket, remote, clock, limits, counters, events }: TcpConnectionOptions) {
    const nowMs = clock.now();
    this.remote = remote;
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    this.#counters = counters;
    this.#events = events;
    this.#readableBytes = limits.readBurstBytes;
    this.#readAtMs = nowMs;
    this.#heardAtMs = nowMs;
    // Nothing is known yet.
    this.#longestPauseMs = limits.mostSilenceMs / SILENCE_PER_PAUSE;
    this.#reader = new FrameReader((datagram) => this.#receive(datagram));
    this.#cancelDeadline = clock.setTimer(nowMs + limits.adoptionMs, () => this.refuse());
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => this.#read(piece));
    // `close` follows and is handled.
    socket.on('error', () => {});
    socket.once('close', () => this.#end());
  }

  get local(): { readonly address: string; readonly port: number } | undefined {
    const { localAddress: address, localPort: port } = this.#socket;
    return address === undefined || port === undefined ? undefined : { address: plainAddress(address), port };
  }

  send(datagram: Uint8Array): boolean {
    if (this.#state === 'closed') return true;
    const waiting = this.#socket.writableLength;
    if ((waiting > 0 && waiting + datagram.length > this.#limits.unsentBytes) || this.#isCutOff()) {
      this.#counters.packetsDropped++;
      return true;
    }
    this.#socket.write(frame(datagram), this.#taken);
    if (waiting === 0) this.#watchForStall();
    return true;
  }

  adopt(): void {
    if (this.#state !== 'new') return;
    this.#state = 'adopted';
    this.#cancelDeadline();
    this.#watchConsent();
    this.#events.adopted(this);
  }

  release(): void {
    if (this.#state === 'closed') return;
    // Data accepted by the system is still sent. The rest is discarded.
    if (this.#socket.writableLength > 0) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    this.#end();
  }

  /** Closes a connection that broke a rule, leaving nothing in the system. */
  refuse(): void {
    if (this.#state === 'closed') return;
    this.#counters.refused++;
    this.#socket.resetAndDestroy();
    this.#end();
  }

  /** The system has accepted a frame. */
  readonly #taken = (): void => {
    if (this.#cancelStall === undefined) return;
    this.#cancelStall();
    this.#cancelStall = undefined;
    this.#watchForStall();
  };

  #watchForStall(): void {
    if (this.#state === 'closed' || this.#socket.writableLength === 0) return;
    this.#cancelStall = this.#clock.setTimer(this.#clock.now() + this.#limits.stallMs, () => this.refuse());
  }

  #watchConsent(): void {
    this.#cancelDeadline = this.#clock.setTimer(this.#heardAtMs + this.#limits.consentMs, () => {
      if (this.#clock.now() - this.#heardAtMs >= this.#limits.consentMs) this.refuse();
      else this.#watchConsent();
    });
  }

  #isCutOff(): boolean {
    const { leastSilenceMs, mostSilenceMs } = this.#limits;
    const silenceMs = Math.min(mostSilenceMs, Math.max(leastSilenceMs, SILENCE_PER_PAUSE * this.#longestPauseMs));
    return this.#clock.now() - this.#heardAtMs > silenceMs;
  }

  #read(piece: Buffer): void {
    if (this.#state === 'closed') return;
    const nowMs = this.#clock.now();
    const pauseMs = nowMs - this.#heardAtMs;
    this.#longestPauseMs = Math.max(pauseMs, this.#longestPauseMs - pauseMs / 4);
    this.#heardAtMs = nowMs;
    if (!this.#reader.read(piece)) {
      this.refuse();
      return;
    }
    const { readBytesPerMs, readBurstBytes } = this.#limits;
    const gained = (nowMs - this.#readAtMs) * readBytesPerMs;
    this.#readAtMs = nowMs;
    this.#readableBytes = Math.min(readBurstBytes, this.#readableBytes + gained) - piece.length;
    if (this.#readableBytes < 0 && !this.#isClosed()) this.#pause(nowMs - this.#readableBytes / readBytesPerMs);
  }

  /** Meanwhile the peer's own buffer fills up, and it has to wait. */
  #pause(untilMs: Millis): void {
    this.#socket.pause();
    this.#cancelPause?.();
    this.#cancelPause = this.#clock.setTimer(untilMs, () => this.#socket.resume());
  }

  /** Returns whether to continue reading. */
  #receive(datagram: Buffer): boolean {
    this.#counters.framesIn++;
    if (this.#state === 'new') {
      // It may be adopted by another thread shortly after its first frame; later frames are for that thread to judge.
      const isAllowed = this.#frames > 0 || mayBeStun(datagram);
      if (!isAllowed || ++this.#frames > this.#limits.framesBeforeAdoption) {
        this.refuse();
        return false;
      }
    }
    this.#events.frame(datagram, this);
    return !this.#isClosed();
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelDeadline();
    this.#cancelPause?.();
    this.#cancelStall?.();
    this.#events.closed(this);
  }
}

/** RFC 7983: the first byte of everything else is higher. */
function mayBeStun(datagram: Buffer): boolean {
  return datagram[0]! < 4;
}
