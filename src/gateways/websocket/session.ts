/** One WebSocket that carries the sound of a participant. */
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError, type ErrorCode, toAppError } from '../../lib/errors.ts';
import type { Limit, LimitCounts } from '../../lib/rates/limit-counts.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { answerOffer, type Offer } from '../../media/negotiation.ts';
import { checkedJson } from '../../protocol/checked.ts';
import { type MediaSocketMessage, mediaSocketMessageSchema } from '../../protocol/media-socket.ts';
import type { MediaSocketAnswer } from '../../protocol/media-socket-answers.ts';
import {
  MAX_VOICE_FRAME_LENGTH,
  readAcknowledgement,
  readVoice,
  type SentVoice,
  writeAcknowledgement,
  writeFrame,
} from '../sound-frame.ts';
import type { LegSocket, MediaLeg } from './media-leg.ts';
import { SendWindow } from './send-window.ts';

export interface MediaSocketCounters {
  framesIn: number;
  framesOut: number;
  /** Frames of the mix that would have come too late. */
  framesDropped: number;
}

export interface MediaSocketOptions {
  readonly socket: WebSocket;
  readonly connection: Duplex;
  /** Of the participant with this resume token. Throws `AppError` `unknown_participant`. */
  readonly legOf: (room: string, resumeToken: string) => MediaLeg;
  readonly client: Pick<Offer, 'address' | 'isRemote'>;
  readonly counters: MediaSocketCounters;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onClosed: () => void;
}

/** Packets of 10 ms and acknowledgements; and a second of them that a network has held back. */
const MESSAGES = { perSecond: 150, burst: 200 } as const;
/** Opus at its highest rate, with what else there is. */
const BYTES = { perSecond: 80_000, burst: 160_000 } as const;
/** Each costs a handshake. */
const OFFERS = { perSecond: 0.2, burst: 4 } as const;
const ATTACH_WITHIN_MS: Millis = 10_000;
/** Clients acknowledge ten times a second. */
const MAX_SILENCE_MS: Millis = 10_000;
const ACKNOWLEDGE_EVERY_MS: Millis = 90;
/** A client that sends such things has lost its way. */
const IS_BROKEN: ReadonlySet<ErrorCode> = new Set(['malformed_message', 'invalid_request']);
/** Of what is not left out, pongs and errors. A client that sends and reads nothing would fill the memory with them. */
const MAX_BEHIND_BYTES = 65_536;
/** A frame or two, and an answer. If the system does not take them, the network is slower than the sound. */
const MAX_UNSENT_BYTES = 2000;

export class MediaSocketSession implements LegSocket {
  readonly #options: MediaSocketOptions;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #offers: TokenBucket;
  readonly #window = new SendWindow();
  readonly #voice: SentVoice = { sequence: 0, time: 0, levelDbov: null, payload: new Uint8Array(0) };
  readonly #cancelAttach: Cancel;
  #leg: MediaLeg | undefined;
  #isOver = false;
  #heardMs: Millis;
  /** The newest frame that has come. */
  #sequence = 0;
  #arrivedMs: Millis = 0;
  #acknowledgedMs: Millis = Number.NEGATIVE_INFINITY;

  constructor(options: MediaSocketOptions) {
    const { socket, connection, clock, log } = options;
    const now = clock.now();
    this.#options = options;
    this.#heardMs = now;
    this.#messages = new TokenBucket({ ...MESSAGES, now });
    this.#bytes = new TokenBucket({ ...BYTES, now });
    this.#offers = new TokenBucket({ ...OFFERS, now });
    this.#cancelAttach = clock.setTimer(now + ATTACH_WITHIN_MS, () => this.#refuse('join_time', 'join_timeout'));
    // Frames that never complete a message cost time as well.
    connection.on('data', ({ length }: Buffer) => {
      if (!this.#isOver && !this.#bytes.take(clock.now(), length))
        this.#refuse('bytes_per_second', 'too_many_messages');
    });
    socket.on('message', (data, isBinary) => this.#guard(() => this.#receive(data as Buffer, isBinary)));
    for (const name of ['ping', 'pong'] as const) socket.on(name, () => this.#guard(() => this.#count()));
    socket.on('error', (error) => log.debug({ err: error }, 'media socket error'));
    socket.on('close', () => {
      this.#end();
      options.onClosed();
    });
  }

  close(): void {
    this.#fail(new AppError('server_closing'));
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  /** From the media plane. What would come too late is left out. */
  mix(payload: Uint8Array, timestamp: number, marker: boolean): void {
    const { socket, clock, counters } = this.#options;
    if (socket.readyState !== WebSocket.OPEN || this.#isOver) return;
    const nowMs = clock.now();
    if (this.#isClogged || this.#window.isBehind(nowMs)) {
      counters.framesDropped++;
      return;
    }
    const sequence = this.#window.sent(nowMs);
    counters.framesOut++;
    socket.send(writeFrame({ kind: 'opus', starts: marker, speaker: 0, sequence, time: timestamp }, payload));
  }

  replaced(): void {
    this.#fail(new AppError('replaced'));
  }

  over(): void {
    this.#end();
    this.#options.socket.close(1000);
  }

  /** Once a second: the TCP connection of a client that has gone may stay open for minutes. */
  look(): void {
    const { clock, socket } = this.#options;
    const isGone = clock.now() - this.#heardMs > MAX_SILENCE_MS;
    if (isGone || socket.bufferedAmount > MAX_BEHIND_BYTES) this.terminate();
  }

  get #isClogged(): boolean {
    const { connection, socket } = this.#options;
    return connection.writableLength > MAX_UNSENT_BYTES || socket.bufferedAmount > MAX_UNSENT_BYTES;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    this.#count();
    this.#heardMs = this.#options.clock.now();
    if (isBinary) this.#takeFrame(data);
    else this.#handle(checkedJson(mediaSocketMessageSchema, data));
  }

  #takeFrame(frame: Buffer): void {
    const { clock, counters } = this.#options;
    const leg = this.#leg;
    if (frame.length > MAX_VOICE_FRAME_LENGTH) throw new AppError('message_too_large');
    if (leg === undefined) throw new AppError('not_joined');
    const nowMs = clock.now();
    const acknowledgement = readAcknowledgement(frame);
    if (acknowledgement !== null) this.#window.acknowledge(acknowledgement, nowMs);
    else if (readVoice(frame, this.#voice)) {
      this.#sequence = this.#voice.sequence;
      this.#arrivedMs = nowMs;
      counters.framesIn++;
      leg.receive(this.#voice);
    } else throw new AppError('malformed_message', 'It is no frame of Opus.');
    leg.heard();
    this.#acknowledge(nowMs);
  }

  #acknowledge(nowMs: Millis): void {
    if (nowMs - this.#acknowledgedMs < ACKNOWLEDGE_EVERY_MS || this.#isClogged) return;
    this.#acknowledgedMs = nowMs;
    const heldMs = this.#sequence === 0 ? 0 : nowMs - this.#arrivedMs;
    this.#options.socket.send(writeAcknowledgement({ sequence: this.#sequence, heldMs }));
  }

  #handle(message: MediaSocketMessage): void {
    if (message.type === 'offer') {
      this.#answer(message.sdp);
      return;
    }
    if (this.#leg !== undefined) throw new AppError('already_joined');
    const leg = this.#options.legOf(message.room, message.resumeToken);
    leg.attach(this, message.stereo);
    this.#leg = leg;
    this.#cancelAttach();
    this.#tell({ type: 'attached' });
    this.#options.log.info({ room: leg.participant.roomName, participant: leg.participant.id }, 'media over WebSocket');
  }

  /** The new connection stands by until it is established. */
  #answer(sdp: string): void {
    const { clock, client, log, limitCounts } = this.#options;
    if (this.#leg === undefined) throw new AppError('not_joined');
    if (!this.#offers.take(clock.now())) {
      limitCounts.hit('offers_per_second');
      throw new AppError('too_many_offers');
    }
    this.#tell({
      type: 'answer',
      sdp: answerOffer(this.#leg.participant, { sdp, restart: false, ...client }, log),
    });
  }

  #count(): void {
    if (!this.#messages.take(this.#options.clock.now())) this.#refuse('messages_per_second', 'too_many_messages');
  }

  #refuse(limit: Limit, code: ErrorCode): void {
    this.#options.limitCounts.hit(limit);
    this.#fail(new AppError(code));
  }

  #tell(answer: MediaSocketAnswer): void {
    const { socket } = this.#options;
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(answer));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** A client that has its place may go on after errors that end nothing; another is of no use. */
  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const { log, socket } = this.#options;
    const error = toAppError(thrown);
    if (error.code === 'internal') log.error({ err: thrown }, 'media socket failed');
    this.#tell({ type: 'error', code: error.code, message: error.message });
    const { closeCode } = error.kind;
    if (closeCode === null && this.#leg !== undefined && !IS_BROKEN.has(error.code)) return;
    this.#end();
    socket.close(closeCode ?? 1008, error.code);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelAttach();
    this.#leg?.detach(this);
  }
}
