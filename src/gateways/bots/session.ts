/** The connection of one bot: a visible participant whose sound goes over this WebSocket. */
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError, type ErrorCode, toAppError } from '../../lib/errors.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { RelayedSeat } from '../../media/plane.ts';
import { type BotMessage, type BotStart, botMessageSchema } from '../../protocol/bot.ts';
import type { BotAnswer } from '../../protocol/bot-answers.ts';
import { checkedJson } from '../../protocol/checked.ts';
import type { Admission } from '../../rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../rooms/events.ts';
import type { Participant } from '../../rooms/participant.ts';
import type { RoomRegistry } from '../../rooms/registry.ts';
import type { FrameCodec } from './codec.ts';
import { HeardSound } from './heard-sound.ts';
import { SentSound } from './sent-sound.ts';

export interface BotSessionOptions {
  readonly socket: WebSocket;
  readonly registry: RoomRegistry;
  /** As the client spelled it. */
  readonly room: string;
  readonly admission: Admission;
  /** The address as limits count it, and for the operator. */
  readonly from: string;
  readonly address: string | null;
  readonly codec: FrameCodec;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onClosed: () => void;
}

/** Ten seconds of samples at once, and then twice as many as can be played. Small messages count as `LEAST_BYTES`. */
const BYTES = { perSecond: 250_000, burst: 1_500_000 } as const;
const LEAST_BYTES = 250;
const START_WITHIN_MS: Millis = 10_000;
const PING_EVERY_MS: Millis = 10_000;
/** A worker that has died is replaced in this time. */
const SIT_AGAIN_MS: Millis = 1000;
/** There is no seat now, but there will be one. */
const NO_SEAT_YET: ReadonlySet<ErrorCode> = new Set(['media_unavailable', 'server_busy']);
/** Two seconds of samples. Beyond it, frames are left out until some have been taken. */
const MAX_UNSENT_SOUND = 200_000;
const MAX_UNSENT_BYTES = 1_000_000;

export class BotSession implements ParticipantListener {
  readonly address: string | null;
  readonly takesBatches = true;
  readonly #options: BotSessionOptions;
  readonly #bytes: TokenBucket;
  #start: BotStart | undefined;
  #participant: Participant | undefined;
  #sent: SentSound | undefined;
  #heard: HeardSound | undefined;
  #isFull = false;
  #isMuted = false;
  /** As it has said itself. */
  #wantsMuted = false;
  #dropped = 0;
  #isAlive = true;
  #isOver = false;
  #isWithoutSeat = false;
  #cancelSitting: Cancel = () => {};
  #cancelTimer: Cancel;

  constructor(options: BotSessionOptions) {
    const { socket, clock, log, address } = options;
    this.#options = options;
    this.address = address;
    this.#bytes = new TokenBucket({ ...BYTES, now: clock.now() });
    this.#cancelTimer = clock.setTimer(clock.now() + START_WITHIN_MS, () => this.#fail(new AppError('join_timeout')));
    socket.on('message', (data, isBinary) => this.#guard(() => this.#receive(data as Buffer, isBinary)));
    socket.on('ping', (data) => this.#guard(() => this.#count(data)));
    socket.on('pong', (data) => {
      this.#isAlive = true;
      this.#guard(() => this.#count(data));
    });
    socket.on('error', (error) => log.debug({ err: error }, 'bot websocket error'));
    socket.on('close', () => this.#closed());
  }

  /** The server is closing. */
  close(): void {
    this.#fail(new AppError('server_closing'));
  }

  terminate(): void {
    this.#options.socket.terminate();
  }

  /** From the room. */
  event(...events: readonly RoomEvent[]): void {
    for (const event of events) {
      if (event.type === 'levels') this.#heard?.speaking(event.speaking.map(([id]) => id));
      // The room is in the middle of telling everyone.
      else if (event.type === 'media_closed') queueMicrotask(() => this.#guard(() => this.#sit()));
      else if (event.type === 'moved') queueMicrotask(() => this.#guard(() => this.#moved()));
      else if (event.type === 'participant_updated' || event.type === 'participants_updated')
        queueMicrotask(() => this.#guard(() => this.#lookAtMute()));
    }
  }

  ended(reason: EndReason): void {
    this.#heard?.leave();
    this.#fail(new AppError(reason));
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    this.#count(data);
    if (isBinary) this.#takeFrame(data);
    else this.#handle(checkedJson(botMessageSchema, data));
  }

  #handle(message: BotMessage): void {
    if (message.type === 'start') {
      if (this.#start !== undefined) throw new AppError('already_joined');
      this.#join(message);
      return;
    }
    if (this.#participant === undefined) throw new AppError('not_joined');
    if (message.type === 'mute') this.#mute(this.#participant, message.muted);
    else if (this.#sent === undefined) throw new AppError('not_allowed', 'This bot sends nothing.');
    else if (message.type === 'clear') this.#sent.clear();
    else if (!this.#sent.mark(message.name)) throw new AppError('rate_limited', 'Too many marks are waiting.');
  }

  #join(start: BotStart): void {
    const { registry, room, admission, from, codec, clock, log } = this.#options;
    if (start.send !== null && !admission.maySpeak) throw new AppError('not_allowed', 'This bot may not speak.');
    const tell = (answer: BotAnswer): void => this.#tell(answer);
    const { participant } = registry.join({
      room,
      name: start.name,
      admission,
      from,
      via: 'bot',
      listener: this,
      state: { muted: start.send === null, deafened: start.receive !== 'mix' },
      hasMicrophone: start.send !== null,
    });
    this.#start = start;
    this.#participant = participant;
    // What a program says is said to be heard.
    participant.sound.agreeToRecording();
    if (start.send !== null) this.#sent = new SentSound({ kind: start.send, codec, clock, tell });
    this.#heard = new HeardSound({
      what: start.receive,
      kind: start.format,
      codec,
      clock,
      tell,
      send: (frame) => this.#sendSound(frame),
    });
    const { id, roomName } = participant;
    this.#tell({ type: 'started', room: roomName, participantId: id, time: Math.floor(clock.now() * 48) });
    this.#heard.enter(registry.room(roomName), id);
    this.#cancelTimer();
    this.#ping();
    this.#sit();
    this.#lookAtMute();
    log.info({ room: roomName, participant: id, send: start.send, receive: start.receive }, 'bot joined');
  }

  /** Takes a seat, or another one if the worker has died. Until there is one, the bot is in the room without sound. */
  #sit(): void {
    this.#cancelSitting();
    const participant = this.#participant;
    const start = this.#start;
    if (this.#isOver || participant === undefined || start === undefined) return;
    try {
      const seat = this.#takeSeat(participant, start);
      this.#sent?.seated(seat);
      this.#isWithoutSeat = false;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!NO_SEAT_YET.has(error.code)) throw thrown;
      this.#sent?.forget();
      const { clock } = this.#options;
      this.#cancelSitting = clock.setTimer(clock.now() + SIT_AGAIN_MS, () => this.#guard(() => this.#sit()));
      if (!this.#isWithoutSeat) this.#tellError(error);
      this.#isWithoutSeat = true;
    }
  }

  #takeSeat(participant: Participant, { send, receive, source: kind }: BotStart): RelayedSeat {
    const [speaks, listens] = [send !== null, receive === 'mix'];
    return participant.sit((media, options) =>
      media.connectRelayed({
        ...options,
        speaks,
        listens,
        kind,
        sink: {
          mix: (payload, timestamp, marker) => this.#heard?.mix(payload, timestamp, marker),
          played: (samples) => this.#sent?.played(samples),
        },
      }),
    );
  }

  #moved(): void {
    const participant = this.#participant;
    if (this.#isOver || participant === undefined) return;
    const { roomName, id } = participant;
    this.#tell({ type: 'moved', room: roomName });
    participant.sound.agreeToRecording();
    this.#heard?.enter(this.#options.registry.room(roomName), id);
    this.#lookAtMute();
  }

  #mute(participant: Participant, muted: boolean): void {
    this.#wantsMuted = muted;
    participant.setState({ muted });
  }

  /** Nobody sits there to unmute it, so it speaks again as soon as the moderators allow it, unless it wants silence. */
  #lookAtMute(): void {
    const participant = this.#participant;
    if (this.#isOver || participant === undefined || this.#sent === undefined) return;
    const { mutedByModerator } = participant;
    if (mutedByModerator === this.#isMuted) return;
    this.#isMuted = mutedByModerator;
    this.#tell({ type: 'muted', muted: mutedByModerator });
    if (!mutedByModerator && !this.#wantsMuted && participant.admission.maySpeak)
      participant.setState({ muted: false });
  }

  #takeFrame(frame: Buffer): void {
    if (this.#participant === undefined) throw new AppError('not_joined');
    const outcome = this.#sent?.receive(frame) ?? 'malformed';
    if (outcome === 'malformed') throw new AppError('malformed_message');
    const isFull = outcome === 'full';
    // Once, until there is room again.
    if (isFull && !this.#isFull) this.#tellError(new AppError('buffer_full'));
    this.#isFull = isFull;
  }

  #count({ length }: Buffer): void {
    const { clock, limitCounts } = this.#options;
    if (this.#bytes.take(clock.now(), Math.max(length, LEAST_BYTES))) return;
    limitCounts.hit('bytes_per_second');
    throw new AppError('too_many_messages');
  }

  #ping(): void {
    const { clock, socket } = this.#options;
    this.#cancelTimer = clock.setTimer(clock.now() + PING_EVERY_MS, () => {
      if (!this.#isAlive) {
        socket.terminate();
        return;
      }
      this.#isAlive = false;
      socket.ping();
      this.#ping();
    });
  }

  /** A slow bot misses what it would hear too late. */
  #sendSound(frame: Buffer): void {
    const { socket } = this.#options;
    if (socket.readyState !== WebSocket.OPEN || this.#isOver) return;
    if (socket.bufferedAmount > MAX_UNSENT_SOUND) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) this.#tell({ type: 'dropped', frames: this.#dropped });
    this.#dropped = 0;
    socket.send(frame);
  }

  #tell(answer: BotAnswer): void {
    const { socket, limitCounts } = this.#options;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) {
      limitCounts.hit('unsent_bytes');
      socket.terminate();
      return;
    }
    socket.send(JSON.stringify(answer));
  }

  #tellError({ code, message }: AppError): void {
    this.#tell({ type: 'error', code, message });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Errors that need no new connection are only told. */
  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    const { log, socket } = this.#options;
    const error = toAppError(thrown);
    if (error.kind.fault === 'server' && error.code === 'internal') log.error({ err: thrown }, 'bot message failed');
    this.#tellError(error);
    const { closeCode } = error.kind;
    // Without a room there is nothing to go on with.
    if (closeCode === null && this.#participant !== undefined) return;
    this.#end('left');
    socket.close(closeCode ?? 1008, error.code);
  }

  #closed(): void {
    this.#end('connection_lost');
    this.#options.onClosed();
  }

  #end(reason: 'left' | 'connection_lost'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#cancelSitting();
    this.#sent?.close();
    this.#heard?.leave();
    this.#participant?.leave(reason);
  }
}
