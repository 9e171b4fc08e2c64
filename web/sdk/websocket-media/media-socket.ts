/**
 * The WebSocket `/media`, which may stand still or break: then another one is opened beside it, and whichever carries
 * sound first is used. What is old is left out, and never waits.
 */
import type { MediaSocketAnswer } from '../../../src/protocol/media-socket-answers.ts';
import { readFrame, writeAcknowledgement, writeVoice } from './frame.ts';
import { SendWindow } from './send-window.ts';

export interface MediaSocketOptions {
  /** `wss://…/media` */
  readonly url: string;
  readonly room: string;
  readonly resumeToken: string;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Calls back once. Returns a function that cancels it. */
  readonly setTimer: (delayMs: number, callback: () => void) => () => void;
  readonly open: (url: string) => WebSocket;
  /** Sound can go now, for the first time or again. */
  readonly onAttached: () => void;
  /** Nothing has come for some seconds. Other sockets are tried. */
  readonly onLost: () => void;
  readonly onPacket: (packet: Uint8Array) => void;
  readonly onAnswer: (sdp: string | null) => void;
  /** The server knows the participant no longer. */
  readonly onGone: () => void;
}

export interface MediaSocketFigures {
  readonly roundTripMs: number | null;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Those of this voice that would have come too late. */
  readonly packetsDropped: number;
  /** How many sockets have been in use. */
  readonly sockets: number;
}

const TICK_MS = 100;
/** The server answers ten times a second. */
const SILENT_MS = 600;
const LOST_MS = 3000;
/**
 * How long a try may take, besides the round trips of its handshakes. Browsers make only one connection at a time to the
 * same server, and wait longer and longer after many that failed.
 */
const TRY_FOR_MS = 600;
const ROUND_TRIPS = 4;
/** A network that is gone for long is tried more rarely, and may be slow. */
const EAGER_TRIES = 12;
const PATIENT_TRY_FOR_MS = 4000;
/** The server ends a socket like this when WebRTC has taken over, which is then known here in a moment as well. */
const NORMAL = 1000;
const AFTER_NORMAL_MS = 1500;
const MAX_UNSENT_BYTES = 2000;
const GONE: ReadonlySet<string> = new Set(['unknown_participant', 'invalid_room']);

interface Line {
  readonly socket: WebSocket;
  readonly window: SendWindow;
  /** The number of the last frame that went over another line. */
  before: number;
  heardMs: number;
  /** The newest frame from the server. */
  received: number;
  receivedMs: number;
}

export class MediaSocket {
  readonly #options: MediaSocketOptions;
  #line: Line | null = null;
  /** Another one, which may take its place. */
  #other: Line | null = null;
  /** Not before that. */
  #nextTryMs = Number.NEGATIVE_INFINITY;
  #triesInARow = 0;
  #sequence = 0;
  #isLost = true;
  #isClosed = false;
  #cancelTick: () => void = () => {};
  #sent = 0;
  #received = 0;
  #dropped = 0;
  #sockets = 0;

  constructor(options: MediaSocketOptions) {
    this.#options = options;
    this.#tick();
  }

  get figures(): MediaSocketFigures {
    return {
      roundTripMs: this.#line?.window.roundTripMs ?? null,
      packetsSent: this.#sent,
      packetsReceived: this.#received,
      packetsDropped: this.#dropped,
      sockets: this.#sockets,
    };
  }

  /** Sends one packet, or leaves it out. `time` in samples at 48 kHz. */
  sendVoice(packet: Uint8Array, levelDbov: number, time: number): void {
    const line = this.#line;
    const nowMs = this.#options.now();
    if (line === null || line.socket.bufferedAmount > MAX_UNSENT_BYTES || line.window.isBehind(nowMs)) {
      this.#dropped++;
      return;
    }
    line.window.sent(nowMs);
    this.#sequence++;
    this.#sent++;
    line.socket.send(writeVoice({ sequence: this.#sequence, time, levelDbov, packet }));
  }

  /** The answer comes by `onAnswer`; null if there is none. */
  offer(sdp: string): void {
    if (this.#line === null) this.#options.onAnswer(null);
    else this.#line.socket.send(JSON.stringify({ type: 'offer', sdp }));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTick();
    if (this.#line !== null) drop(this.#line);
    this.#line = null;
    this.#dropOther();
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#cancelTick = this.#options.setTimer(TICK_MS, () => this.#tick());
    const nowMs = this.#options.now();
    const line = this.#line;
    if (line !== null) this.#acknowledge(line, nowMs);
    const silentMs = line === null ? Number.POSITIVE_INFINITY : nowMs - line.heardMs;
    if (silentMs < SILENT_MS) {
      this.#triesInARow = 0;
      this.#dropOther();
      return;
    }
    if (silentMs > LOST_MS && !this.#isLost) {
      this.#isLost = true;
      this.#options.onLost();
    }
    this.#tryAnother(nowMs);
  }

  #acknowledge({ socket, received, receivedMs }: Line, nowMs: number): void {
    if (socket.readyState !== 1 || socket.bufferedAmount > MAX_UNSENT_BYTES) return;
    socket.send(writeAcknowledgement(received, received === 0 ? 0 : nowMs - receivedMs));
  }

  #tryAnother(nowMs: number): void {
    if (nowMs < this.#nextTryMs) return;
    const { roundTripMs } = this.figures;
    const isEager = this.#triesInARow < EAGER_TRIES;
    this.#nextTryMs = nowMs + (isEager ? TRY_FOR_MS + ROUND_TRIPS * (roundTripMs ?? 0) : PATIENT_TRY_FOR_MS);
    this.#triesInARow++;
    this.#dropOther();
    this.#other = this.#open(nowMs);
  }

  #open(nowMs: number): Line {
    const socket = this.#options.open(this.#options.url);
    socket.binaryType = 'arraybuffer';
    const line: Line = {
      socket,
      window: new SendWindow(),
      before: 0,
      heardMs: nowMs,
      received: 0,
      receivedMs: 0,
    };
    const { room, resumeToken } = this.#options;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'attach', room, resumeToken }));
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#receive(line, data);
    socket.onclose = ({ code }) => this.#closed(line, code);
    return line;
  }

  #receive(line: Line, data: unknown): void {
    line.heardMs = this.#options.now();
    if (typeof data === 'string') this.#read(line, JSON.parse(data) as MediaSocketAnswer);
    else if (line === this.#line && data instanceof ArrayBuffer) this.#take(line, data);
  }

  #take(line: Line, data: ArrayBuffer): void {
    const frame = readFrame(data);
    if (frame?.kind === 'acknowledgement')
      line.window.acknowledge({ ...frame, sequence: frame.sequence - line.before }, line.heardMs);
    else if (frame?.kind === 'sound') {
      line.received = frame.sequence;
      line.receivedMs = line.heardMs;
      this.#received++;
      this.#options.onPacket(frame.packet);
    }
  }

  #read(line: Line, answer: MediaSocketAnswer): void {
    switch (answer.type) {
      case 'attached':
        this.#attached(line);
        break;
      case 'answer':
        if (line === this.#line) this.#options.onAnswer(answer.sdp);
        break;
      case 'error':
        if (GONE.has(answer.code)) {
          this.close();
          this.#options.onGone();
        } else if (line === this.#line) this.#options.onAnswer(null);
        break;
    }
  }

  #attached(line: Line): void {
    // An offer that went over the one before stays without an answer.
    if (this.#line !== null) {
      this.#options.onAnswer(null);
      drop(this.#line);
    }
    this.#other = null;
    line.before = this.#sequence;
    this.#line = line;
    this.#sockets++;
    this.#isLost = false;
    this.#options.onAttached();
  }

  #closed(line: Line, code: number): void {
    // It is tried again when this try would have ended: a server that refuses is not asked more often.
    if (line === this.#other) this.#other = null;
    if (line !== this.#line) return;
    this.#line = null;
    this.#options.onAnswer(null);
    this.#nextTryMs = code === NORMAL ? this.#options.now() + AFTER_NORMAL_MS : Number.NEGATIVE_INFINITY;
  }

  #dropOther(): void {
    if (this.#other !== null) drop(this.#other);
    this.#other = null;
  }
}

function drop({ socket }: Line): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}
