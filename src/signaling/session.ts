import type { Logger } from 'pino';
import { type RawData, WebSocket } from 'ws';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import { AppError, type ErrorCode, toAppError } from '../lib/errors.ts';
import type { Limit, LimitCounts } from '../lib/rates/limit-counts.ts';
import type { Offer } from '../media/negotiation.ts';
import type { ClientMessage } from '../protocol/client-messages.ts';
import type { ServerMessage } from '../protocol/messages.ts';
import { WRONG_PROOF } from '../rooms/address-limits.ts';
import type { Admission } from '../rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../rooms/events.ts';
import type { Participant } from '../rooms/participant.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import { countJoin } from './count-join.ts';
import { decodeClientMessage } from './decode.ts';
import { encodeEvent, encodeMessage } from './encode.ts';
import { errorMessage } from './error-message.ts';
import type { JoinTrace } from './join-trace.ts';
import { MessageRates } from './message-rates.ts';
import { offeredFile } from './offered-file.ts';
import { Offers } from './offers.ts';
import { perform } from './participant-requests.ts';
import { Passage } from './passage.ts';
import { requestRecording } from './recording-requests.ts';
import { RoomSwitch } from './room-switch.ts';
import type { SessionLimits, SessionOptions, SignalingCounters } from './session-options.ts';
import { SilenceWatch } from './silence-watch.ts';
import { TokenRenewal } from './token-renewal.ts';

type SessionState =
  | { readonly status: 'lobby'; readonly cancelTimeout: Cancel }
  /** The join is being checked; messages wait until that is done. */
  | { readonly status: 'joining'; readonly cancelTimeout: Cancel; readonly waiting: ClientMessage[] }
  | { readonly status: 'joined'; readonly participant: Participant }
  /** Another server has the room. */
  | { readonly status: 'passed_on'; readonly passage: Passage }
  | { readonly status: 'ended' };

/** Two seconds of everything that a room sends in a storm. */
const BEHIND_BYTES = 65_536;
/** Maximum number of messages between `join` and its answer. */
const MAX_WAITING = 16;
/** RFC 6455 section 7.4.1: closed by the client, page left, or without a code. After others it may come back. */
const LEFT: ReadonlySet<number> = new Set([1000, 1001, 1005]);
/** How long a client should wait after the server announced that it is closing. */
const RETRY_AFTER_MS = 2000;

/** One WebSocket, and the participant that it represents after joining. */
export class Session implements ParticipantListener {
  readonly address: string | null;
  takesBatches = false;
  takesChat = false;
  takesRedirects = false;
  takesData = false;
  takesPages = false;
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  readonly #registry: RoomRegistry;
  readonly #limits: SessionLimits;
  readonly #counters: SignalingCounters;
  readonly #limitCounts: LimitCounts;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #mayJoin: (proves: boolean) => () => void;
  readonly #onClosed: () => void;
  #trace: JoinTrace | undefined;
  readonly #offers: Offers;
  readonly #rates: MessageRates;
  readonly #client: Pick<Offer, 'address' | 'isRemote'>;
  readonly #renewal: TokenRenewal;
  readonly #switch: RoomSwitch;
  readonly #answers = {
    reply: (message: ServerMessage) => this.#reply(message),
    done: (requestId: number | undefined) => this.#done(requestId),
    fail: (thrown: unknown, requestId?: number) => this.#fail(thrown, requestId),
  };
  #state: SessionState;
  readonly #silence: SilenceWatch;

  constructor(options: SessionOptions) {
    const { socket, registry, limits, counters, clock, log, onClosed } = options;
    this.#mayJoin = options.mayJoin ?? (() => () => {});
    this.address = options.address ?? null;
    this.#options = options;
    this.#socket = socket;
    this.#registry = registry;
    this.#limits = limits;
    this.#counters = counters;
    this.#limitCounts = options.limitCounts;
    this.#clock = clock;
    this.#log = log;
    this.#onClosed = onClosed;
    this.#client = { address: options.addressKey ?? '', isRemote: options.isRemote ?? false };
    this.#renewal = new TokenRenewal({ clock, registry, ...this.#answers });
    this.#switch = new RoomSwitch({
      ...{ clock, registry, from: this.#client.address, mayJoin: this.#mayJoin, fail: this.#answers.fail },
      represents: (participant) => this.#state.status === 'joined' && this.#state.participant === participant,
      done: (requestId) => {
        // The token may be another one.
        this.#renewal.start(this.#participant);
        this.#done(requestId);
      },
    });
    this.#offers = new Offers({ client: this.#client, limitCounts: options.limitCounts, clock, log });
    this.#rates = new MessageRates(limits.maxMessagesPerSecond, clock.now());
    this.#state = this.#lobby();
    this.#silence = new SilenceWatch({
      ...{ clock, pingIntervalMs: limits.pingIntervalMs },
      ping: () => socket.ping(),
      onDead: () => {
        this.#log.debug('websocket does not answer pings');
        this.terminate();
      },
    });
    socket.on('message', (data, isBinary) => this.#guard(() => this.#receive(data, isBinary)));
    // ws answers pings by itself, but many of them are as much load as many messages.
    for (const name of ['ping', 'pong'] as const)
      socket.on(name, () => {
        this.#silence.heard();
        this.#guard(() => this.#countOne());
      });
    socket.on('error', (error) => this.#log.debug({ err: error }, 'websocket error'));
    socket.on('close', (code) => this.#socketClosed(code));
  }

  get isBehind(): boolean {
    return this.#socket.bufferedAmount > BEHIND_BYTES;
  }

  event(...events: readonly RoomEvent[]): void {
    this.#options.connection?.cork();
    for (const event of events) {
      this.#send(encodeEvent(event));
      this.#trace?.see(event);
    }
    this.#options.connection?.uncork();
  }

  ended(reason: EndReason, retryAfterMs?: Millis): void {
    // The participant released this session, which must not end it in turn: another may already represent it.
    this.#stopServices();
    if (this.#state.status === 'joined') this.#state = { status: 'lobby', cancelTimeout: () => {} };
    if (reason === 'server_closing') this.close();
    else this.#fail(new AppError(reason, undefined, retryAfterMs === undefined ? {} : { retryAfterMs }));
  }

  /** Tells the client that the server is closing, and closes the WebSocket. */
  close(): void {
    if (this.#state.status === 'ended') return;
    this.#send(encodeMessage({ type: 'server_closing', retryAfterMs: RETRY_AFTER_MS }));
    this.#end(new AppError('server_closing'));
  }

  /** Ends the connection without the closing handshake. */
  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.status === 'ended') return;
    this.#silence.heard();
    this.#counters.messagesIn += 1;
    const bytes = data as Buffer;
    const isTooLarge = bytes.length > this.#limits.maxMessageBytes;
    if (isTooLarge || isBinary) this.#countOne();
    if (isTooLarge) throw this.#refusal('message_size', 'message_too_large');
    if (isBinary) throw new AppError('malformed_message', 'Binary messages are not supported.');
    this.#handleInTurn(this.#decode(bytes));
  }

  #decode(bytes: Buffer): ClientMessage {
    let message: ClientMessage | undefined;
    try {
      message = decodeClientMessage(bytes.toString('utf8'));
      return message;
    } finally {
      this.#countOne(message?.type);
    }
  }

  #handleInTurn(message: ClientMessage): void {
    if (this.#state.status === 'ended') return;
    const requestId = 'requestId' in message ? message.requestId : undefined;
    if (this.#state.status !== 'joining') this.#guard(() => this.#handle(message), requestId);
    else if (this.#state.waiting.length < MAX_WAITING) this.#state.waiting.push(message);
    else throw this.#refusal('messages_per_second', 'too_many_messages');
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'join':
        this.#askToJoin(message);
        break;
      case 'offer':
        this.#reply({ type: 'answer', sdp: this.#offers.answer(this.#participant, message, this.#trace) });
        break;
      case 'renew_token':
        this.#renewal.renew(this.#participant, message.token);
        break;
      case 'offer_file':
        this.#reply(offeredFile(this.#registry, this.#participant, message, this.#client.address));
        break;
      case 'watch_rooms':
        if (this.#participant && message.on) this.#registry.list.watch(this);
        else this.#registry.list.unwatch(this);
        this.#done(message.requestId);
        break;
      case 'switch_room':
        this.#switch.go(this.#participant, message);
        break;
      case 'record':
        requestRecording(this.#participant, message, { registry: this.#registry, ...this.#answers });
        break;
      case 'leave':
        this.#participant.leave('left');
        this.#stopServices();
        this.#state = this.#lobby();
        break;
      case 'ping':
        this.#reply({ type: 'pong', ...(message.id !== undefined && { id: message.id }) });
        break;
      default:
        perform(this.#participant, message, (requestId) => this.#done(requestId));
    }
  }

  #askToJoin(message: ClientMessage & { type: 'join' }): void {
    if (this.#state.status !== 'lobby') throw new AppError('already_joined');
    const lobby = this.#state;
    const joining = { status: 'joining', cancelTimeout: lobby.cancelTimeout, waiting: [] as ClientMessage[] } as const;
    this.#state = joining;
    const isWanted = () => this.#state === joining;
    this.#trace = this.#options.traceJoin?.(message.resumeToken !== undefined);
    const finish = (run: () => void) => {
      if (!isWanted()) return;
      this.#state = lobby;
      const context = { room: message.room, address: this.address, counters: this.#counters, log: this.#log };
      this.#guard(() => countJoin(run, this.#trace, context));
      for (const waiting of joining.waiting) this.#guard(() => this.#handleInTurn(waiting));
    };
    const proves = message.password !== undefined || message.token !== undefined;
    const refuse = (thrown: unknown) =>
      finish(() => {
        throw thrown;
      });
    let wasNotWrong: () => void;
    try {
      wasNotWrong = this.#mayJoin(proves);
    } catch (thrown) {
      refuse(thrown);
      return;
    }
    void this.#registry.admit({ ...message, from: this.#client.address }, isWanted).then(
      (admission) => {
        wasNotWrong();
        finish(() => this.#join(message, admission));
      },
      (thrown: unknown) => {
        const { code, url } = toAppError(thrown);
        if (!WRONG_PROOF.has(code)) wasNotWrong();
        if (url === undefined || message.redirects) refuse(thrown);
        else if (this.#options.passOn === undefined) refuse(new AppError(code));
        else
          void this.#options.passOn(url).then((there) => {
            if (isWanted()) this.#passedOn(there, [message, ...joining.waiting]);
            else there.terminate();
          }, refuse);
      },
    );
  }

  /** What the client has sent since its `join` follows that. */
  #passedOn(there: WebSocket, messages: readonly ClientMessage[]): void {
    if (this.#state.status === 'joining') this.#state.cancelTimeout();
    this.#silence.stop();
    for (const name of ['message', 'ping', 'pong'] as const) this.#socket.removeAllListeners(name);
    const passage = new Passage(this.#socket, there);
    this.#state = { status: 'passed_on', passage };
    this.#trace?.end('passed_on');
    for (const message of messages) passage.send(message);
  }

  #join(message: ClientMessage & { type: 'join' }, admission: Admission): void {
    const { muted, deafened, batches, chat, data, pages, redirects, ...request } = message;
    [this.takesBatches, this.takesChat, this.takesData, this.takesPages] = [batches, chat, data, pages];
    this.takesRedirects = redirects;
    const { participant, draining, history, ...joined } = this.#registry.join({
      ...{ ...request, admission, state: { muted, deafened } },
      from: this.#client.address,
      listener: this,
    });
    if (this.#state.status === 'lobby') this.#state.cancelTimeout();
    this.#state = { status: 'joined', participant };
    if (participant.view.connected) this.#trace?.end('connected');
    this.#reply({
      type: 'joined',
      participantId: participant.id,
      ...joined,
      iceServers: this.#options.iceServers(participant.id),
      resumeToken: participant.resumeToken,
    });
    this.#renewal.start(participant);
    if (history !== null) this.event(history);
    if (draining !== null) this.#reply({ type: 'server_draining', draining: true, ...draining });
  }

  get #participant(): Participant {
    if (this.#state.status !== 'joined') throw new AppError('not_joined');
    return this.#state.participant;
  }

  #lobby(): SessionState {
    const cancelTimeout = this.#clock.setTimer(this.#clock.now() + this.#limits.joinTimeoutMs, () => {
      this.#fail(this.#refusal('join_time', 'join_timeout'));
    });
    return { status: 'lobby', cancelTimeout };
  }

  #countOne(type?: ClientMessage['type']): void {
    if (!this.#rates.take(type, this.#clock.now())) throw this.#refusal('messages_per_second', 'too_many_messages');
  }

  #refusal(limit: Limit, code: ErrorCode): AppError {
    this.#limitCounts.hit(limit);
    return new AppError(code);
  }

  #guard(run: () => void, requestId?: number): void {
    try {
      run();
    } catch (thrown) {
      this.#fail(thrown, requestId);
    }
  }

  /** The only place where an error becomes a message and, depending on its kind, ends the connection. */
  #fail(thrown: unknown, requestId?: number): void {
    if (this.#state.status === 'ended') return;
    const error = toAppError(thrown);
    this.#counters.errors.set(error.code, (this.#counters.errors.get(error.code) ?? 0) + 1);
    if (error.kind.fault === 'server') this.#log.error({ err: thrown }, 'request failed');
    else this.#log.debug({ code: error.code }, 'request refused');
    this.#reply(errorMessage(error, requestId));
    this.#end(error);
  }

  #end(error: AppError): void {
    if (error.kind.closeCode === null) return;
    this.#release()?.leave('connection_lost');
    this.#socket.close(error.kind.closeCode, error.code);
  }

  #socketClosed(code: number): void {
    const participant = this.#release(code);
    if (LEFT.has(code)) participant?.leave('left');
    else participant?.lose(this.#silence.heardMs);
    this.#log.debug({ code }, 'websocket closed');
    this.#onClosed();
  }

  /** Releases everything; the client has closed its WebSocket with this code. Returns the participant of it, if any. */
  #release(code?: number): Participant | undefined {
    const before = this.#state;
    this.#state = { status: 'ended' };
    this.#silence.stop();
    this.#stopServices();
    if (before.status === 'lobby' || before.status === 'joining') before.cancelTimeout();
    if (before.status === 'passed_on') before.passage.close(code);
    return before.status === 'joined' ? before.participant : undefined;
  }

  /** The session represents nobody any more. */
  #stopServices(): void {
    this.#trace?.end('left');
    this.#renewal.stop();
    this.#registry.list.unwatch(this);
  }

  #done(requestId: number | undefined): void {
    if (requestId !== undefined) this.#reply({ type: 'done', requestId });
  }

  #reply(message: ServerMessage): void {
    this.#send(encodeMessage(message));
  }

  #send(text: string | Buffer): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limits.maxUnsentBytes) {
      this.#limitCounts.hit('unsent_bytes');
      this.#log.info({ unsentBytes: this.#socket.bufferedAmount }, 'websocket reads too slowly');
      this.terminate();
      return;
    }
    this.#socket.send(text, { binary: false });
  }
}
