/** One TLS connection of a Mumble client: frames and messages, and the bounds of what it sends and is sent. */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { encodeFrame, FrameReader } from './wire/frames.ts';
import { MESSAGES, type MessageName, type Received, readMessage, TYPE } from './wire/messages.ts';
import { encodeMessage, type MessageValues } from './wire/protobuf.ts';
import { MAX_PACKET_BYTES } from './wire/voice-packet.ts';

export interface ConnectionEvents {
  message(message: Received): void;
  /** A type that this server does not know in detail. */
  unknown(type: number): void;
  /** A voice packet from the tunnel; a view that stays valid. */
  voice(packet: Uint8Array): void;
  /** It sends more than any client, and is disconnected. */
  tooMany(): void;
  /** At most once. */
  closed(): void;
}

/** Access tokens can be long and many. */
const MAX_LENGTH_BEFORE_LOGIN = 32_768;
const MAX_LENGTH = 65_536;
/** Clients send a few when they come, and one each time somebody clicks. */
const MESSAGES_PER_SECOND = { perSecond: 10, burst: 60 };
/**
 * Of voice in the tunnel, which comes a hundred times a second. What has waited in a broken network comes at once; who
 * sends more than that keeps this server from everything else.
 */
const VOICE_PER_SECOND = { perSecond: 300, burst: 6000 };
/** Beyond that, voice is left out, because late voice is worthless. About a second of a few talkers. */
const VOICE_BEHIND_BYTES = 65_536;
/** A client that reads so slowly is disconnected. */
const MAX_BEHIND_BYTES = 1_048_576;
/** A client that has to go and reads nothing keeps its place for so long. */
const END_WITHIN_MS: Millis = 10_000;

export class MumbleConnection {
  /** When anything last came from the client. */
  heardMs: Millis;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  readonly #frames: FrameReader;
  readonly #rate: TokenBucket;
  readonly #voiceRate: TokenBucket;
  #isClosed = false;
  /** Nothing more is read. */
  #isEnding = false;
  #cancelEnd: Cancel = () => {};

  constructor(socket: TLSSocket, clock: Clock, events: ConnectionEvents) {
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.heardMs = clock.now();
    this.#rate = new TokenBucket({ ...MESSAGES_PER_SECOND, now: this.heardMs });
    this.#voiceRate = new TokenBucket({ ...VOICE_PER_SECOND, now: this.heardMs });
    this.#frames = new FrameReader(MAX_LENGTH_BEFORE_LOGIN, (type, payload) => this.#receive(type, payload));
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.heardMs = clock.now();
      if (!this.#frames.push(bytes) && !this.#isEnding) this.terminate();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  /** SHA-1 of the client's certificate, in hexadecimal; null if it has none. */
  get certificateHash(): string | null {
    const der = this.#socket.getPeerX509Certificate()?.raw;
    return der === undefined ? null : createHash('sha1').update(der).digest('hex');
  }

  /** The client is in, and may send longer messages. */
  loggedIn(): void {
    this.#frames.maxLength = MAX_LENGTH;
  }

  /** More is waiting than a working connection would have waiting. */
  get isBehind(): boolean {
    return this.#socket.writableLength > VOICE_BEHIND_BYTES;
  }

  send<N extends MessageName>(name: N, values: MessageValues<(typeof MESSAGES)[N]>): void {
    if (this.#isClosed) return;
    this.#socket.write(encodeFrame(TYPE[name], encodeMessage<(typeof MESSAGES)[N]>(MESSAGES[name], values)));
    if (this.#socket.writableLength > MAX_BEHIND_BYTES) this.terminate();
  }

  /** Sends a voice packet through the tunnel. False if it was left out. */
  sendVoice(packet: Uint8Array): boolean {
    if (this.#isClosed || this.isBehind) return false;
    this.#socket.write(encodeFrame(TYPE.udpTunnel, packet));
    return true;
  }

  /** Messages that are sent meanwhile leave together. */
  together(send: () => void): void {
    this.#socket.cork();
    send();
    this.#socket.uncork();
  }

  /** Closes the connection when everything is sent. Nothing more is read. */
  end(): void {
    this.#isEnding = true;
    this.#frames.stop();
    this.#socket.destroySoon();
    this.#cancelEnd();
    if (!this.#isClosed)
      this.#cancelEnd = this.#clock.setTimer(this.#clock.now() + END_WITHIN_MS, () => this.terminate());
  }

  terminate(): void {
    this.#isEnding = true;
    this.#frames.stop();
    this.#socket.destroy();
  }

  #receive(type: number, payload: Uint8Array): void {
    const rate = type === TYPE.udpTunnel ? this.#voiceRate : this.#rate;
    if (!rate.take(this.#clock.now())) {
      this.#events.tooMany();
      this.terminate();
      return;
    }
    if (type === TYPE.udpTunnel) {
      if (payload.length <= MAX_PACKET_BYTES) this.#events.voice(payload);
      return;
    }
    const message = readMessage(type, payload);
    if (message === undefined) this.#events.unknown(type);
    else if (message === null) this.terminate();
    else this.#events.message(message);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelEnd();
    this.#frames.stop();
    this.#events.closed();
  }
}
