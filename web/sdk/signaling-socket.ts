import type { ClientMessageInput, ServerMessage } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';

const OPEN_TIMEOUT_MS = 6000;
const PING_INTERVAL_MS = 2000;
/**
 * A connection is dead after this many pings without a message from the server. Counted, because a frozen page cannot
 * measure time.
 */
const UNANSWERED_LIMIT = 4;
/** An answer that takes longer than this, and than a few round trips, is worth telling. */
const LATE_MS = 800;
const LATE_ROUND_TRIPS = 4;
/** RFC 6455 section 7.4.1: the client has finished. After any other code the server keeps the seat. */
const DONE = 1000;
const COMING_BACK = 4000;

export interface SignalingEvents {
  open(): void;
  message(message: ServerMessage): void;
  /** The server answers late, or not at all; false when it answers again. */
  late?(isLate: boolean): void;
  /** The connection is gone: `closeCode` of RFC 6455, 1006 if there was none. At most once, never after `close`. */
  closed(closeCode: number): void;
}

/** One WebSocket to the server: JSON in both directions, pings, and detection of connections that died silently. */
export class SignalingSocket {
  readonly #environment: Environment;
  readonly #events: SignalingEvents;
  #socket!: WebSocket;
  #cancelTimer = () => {};
  #cancelLate = () => {};
  #isLate = false;
  #closed = false;
  #unanswered = 0;
  #pingId = 0;
  /** The ping after which something last arrived. */
  #heard = 0;
  #pingSentMs = 0;
  #rttMs: number | null = null;

  constructor(url: string, environment: Environment, events: SignalingEvents) {
    this.#environment = environment;
    this.#events = events;
    this.#connect(url);
  }

  /** @param isLast the server at this URL has been named by another one, and may not name a third before we are there */
  #connect(url: string, isLast = false): void {
    this.#cancelTimer();
    const socket = this.#environment.openWebSocket(url);
    this.#socket = socket;
    this.#cancelTimer = this.#environment.setTimer(OPEN_TIMEOUT_MS, () => this.#fail(1006));
    socket.onopen = () => {
      this.#schedulePing();
      this.#events.open();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseServerMessage(data);
      if (message?.type === 'joined') isLast = false;
      if (message?.type === 'redirect' && !isLast) {
        this.#drop(COMING_BACK);
        this.#connect(new URL(message.url, url).href, true);
      } else if (message?.type) this.#receive(message);
    };
    socket.onclose = ({ code }) => this.#fail(code);
  }

  /** Time between the last ping and its pong; null before the first. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** Messages that can no longer be sent are dropped; `closed` reports the loss of the connection. */
  send(message: ClientMessageInput): void {
    if (!this.#closed && this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Checks whether the connection works: a ping must be answered within this time. */
  probe(timeoutMs: number): void {
    if (this.#closed || this.#socket.readyState !== 1) return;
    this.#cancelTimer();
    this.#unanswered += 1;
    const sent = this.#ping();
    this.#cancelTimer = this.#environment.setTimer(timeoutMs, () => {
      if (this.#heard < sent) this.#fail(1006);
      else this.#schedulePing();
    });
  }

  /** Closes it for good, which leaves the room. */
  close(): void {
    this.#end(DONE);
  }

  /** Closes it in order to open another, which resumes. */
  abandon(): void {
    this.#end(COMING_BACK);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    this.#cancelLate();
    this.#drop(code);
  }

  #drop(code: number): void {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(code);
  }

  #receive(message: ServerMessage): void {
    this.#unanswered = 0;
    this.#heard = this.#pingId;
    this.#setLate(false);
    if (message.type === 'redirect') this.#fail(1006);
    else if (message.type !== 'pong') this.#events.message(message);
    else if (message.id === this.#pingId) this.#rttMs = this.#environment.now() - this.#pingSentMs;
  }

  #schedulePing(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#environment.setTimer(PING_INTERVAL_MS, () => {
      if (this.#unanswered === UNANSWERED_LIMIT) this.#fail(1006);
      else {
        this.#unanswered += 1;
        this.#ping();
        this.#schedulePing();
      }
    });
  }

  #ping(): number {
    this.#pingId += 1;
    this.#pingSentMs = this.#environment.now();
    this.send({ type: 'ping', id: this.#pingId });
    if (this.#unanswered <= 1) {
      const lateMs = Math.max(LATE_MS, LATE_ROUND_TRIPS * (this.#rttMs ?? 0));
      this.#cancelLate = this.#environment.setTimer(lateMs, () => this.#setLate(true));
    }
    return this.#pingId;
  }

  #setLate(isLate: boolean): void {
    this.#cancelLate();
    if (isLate === this.#isLate) return;
    this.#isLate = isLate;
    this.#events.late?.(isLate);
  }

  #fail(closeCode: number): void {
    if (this.#closed) return;
    this.abandon();
    this.#events.closed(closeCode);
  }
}

/**
 * The server is trusted to follow the protocol. Anything that is not a message, or is from a later version, is ignored.
 */
function parseServerMessage(data: unknown): ServerMessage | null {
  try {
    return JSON.parse(String(data)) as ServerMessage | null;
  } catch {
    return null;
  }
}
