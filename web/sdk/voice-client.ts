import type { ClientMessageInput, IceServer, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';
import { Backoff } from './backoff.ts';
import type { Channels } from './channels.ts';
import type { Chat } from './chat.ts';
import type { CloseReason, ConnectionState, ErrorCode } from './connection-state.ts';
import { fatalReason, hasSound, isFatal } from './connection-state.ts';
import type { Data } from './data.ts';
import { Emitter } from './emitter.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { type JoinTarget, joinMessage, joinTarget, type OwnState } from './join-message.ts';
import { MediaSession } from './media-session.ts';
import type { Moderation } from './moderation.ts';
import { OutgoingTrack } from './outgoing-track.ts';
import type { Participant } from './participant.ts';
import type { PlayerPose } from './player-pose.ts';
import { QualityWatch } from './quality-watch.ts';
import { RoomServices, type RoomServicesOptions } from './room-services.ts';
import { RoomState } from './room-state.ts';
import type { Rooms } from './rooms.ts';
import { webSocketUrl } from './server-url.ts';
import { type SignalingEvents, SignalingSocket } from './signaling-socket.ts';
import { VoiceError } from './voice-error.ts';
import type { JoinOptions, ListPeople, PresenceState, SwitchOptions, VoiceEvents } from './voice-events.ts';

/** How long the server may take to answer if the connection is in doubt, and if it is most likely lost. */
const DOUBT_MS = 2000;
const CHANGED_MS = 1000;

/**
 * A participant in one room: maintains the WebSocket and the WebRTC connection, and repairs both by itself;
 * `watchNetwork` tells it when to check. Uses no DOM; the page plays the `stream` and opens the microphone.
 */
export class VoiceClient extends Emitter<VoiceEvents> {
  readonly #send = (message: ClientMessageInput): void => this.#socket?.send(message);
  /** For participants who `mayModerate`. */
  declare readonly moderation: Moderation;
  /** Speaks to channels and single people instead of everyone. */
  declare readonly channels: Channels;
  declare readonly chat: Chat;
  /** Messages between programs. */
  declare readonly data: Data;
  /** Other rooms, if the operator lets people see them. */
  declare readonly rooms: Rooms;
  /** A page of everyone in the room, also of those who are not listed in a large one. Rejects with a `VoiceError`. */
  declare readonly listPeople: ListPeople;
  /** Where this participant's player is, in games. */
  declare readonly player: PlayerPose;
  readonly #services: RoomServices;
  readonly #environment: Environment;
  #state: ConnectionState = { status: 'idle' };
  #target: JoinTarget | null = null;
  #firstJoin: { resolve: () => void; reject: (error: VoiceError) => void } | null = null;
  #backoff: Backoff;
  #socket: SignalingSocket | null = null;
  #media: MediaSession | null = null;
  #cancelRetry = () => {};
  readonly #quality: QualityWatch;
  readonly #room: RoomState;
  readonly #outgoing = new OutgoingTrack();
  #deafened = false;

  /** @param environment the client's access to the browser: that of a `WebSocketMedia`, if there is one */
  constructor(environment: Environment = browserEnvironment) {
    super();
    this.#environment = environment;
    this.#backoff = new Backoff(environment);
    this.#quality = new QualityWatch({
      environment,
      hasSound: () => this.#state.status === 'connected' && this.#state.media === 'connected',
      onReport: (report) => this.emit('report', report),
      onQuality: (quality) => this.emit('quality', quality),
    });
    const emit: RoomServicesOptions['emit'] = (name, payload) => this.emit(name, payload);
    this.#services = new RoomServices({ environment, send: this.#send, emit });
    Object.assign(this, this.#services);
    this.#room = new RoomState({
      ...{ environment, send: this.#send, moderation: this.moderation },
      emit,
      onSelf: () => this.#obeyMute(),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Everyone in the room by id, as the server describes them: a new object for each change. `people` has lasting ones. */
  get participants(): ReadonlyMap<string, ParticipantInfo> {
    return this.#room.participants;
  }

  /** Everyone in the room by id, including this participant, as objects with events. */
  get people(): ReadonlyMap<string, Participant> {
    return this.#room.roster.all;
  }

  /** This participant; undefined outside a room. */
  get localParticipant(): Participant | undefined {
    return this.people.get(this.participantId ?? '');
  }

  /** Those who speak, loudest first. */
  get activeSpeakers(): readonly Participant[] {
    return this.#room.roster.active;
  }

  /** The participants whom this one hears with a gain other than 1, by id. */
  get hearing(): ReadonlyMap<string, number> {
    return this.#room.gains;
  }

  /** This participant's id in the room; null before the first join. It survives a rejoin. */
  get participantId(): string | null {
    return this.#room.participantId;
  }

  /** The room's canonical name from the server; null before the first join. */
  get room(): string | null {
    return this.#room.name;
  }

  get muted(): boolean {
    return this.#outgoing.isMuted;
  }

  /** Neither muted by a moderator nor listen-only by token. */
  get mayUnmute(): boolean {
    const { self } = this.#room;
    return !self || (self.maySpeak && !self.mutedByModerator);
  }

  /** Nobody new can join the room. */
  get locked(): boolean {
    return this.#room.locked;
  }

  get deafened(): boolean {
    return this.#deafened;
  }

  /** Time from a message to the server to its answer, null before the first. */
  get signalingRttMs(): number | null {
    return this.#socket?.rttMs ?? null;
  }

  /**
   * Joins a room; `server` is its URL, such as `https://voice.example.org`, or that of its WebSocket. Resolves when the
   * server has admitted the participant (audio follows, see the `state`), otherwise rejects with a `VoiceError`. Never
   * throws. After that, losses are repaired automatically.
   */
  connect(server: string, options: JoinOptions): Promise<void> {
    if (this.#state.status !== 'idle' && this.#state.status !== 'closed')
      return Promise.reject(new VoiceError('already_connected', 'Leave the room first.'));
    this.#target = joinTarget(server, options, {
      send: this.#send,
      onRenewed: (token, room) => this.emit('token', { token, room }),
    });
    this.#outgoing.setMuted(options.muted ?? false);
    this.#deafened = options.deafened ?? false;
    this.#backoff = new Backoff(this.#environment);
    this.#setState({ status: 'connecting' });
    return new Promise((resolve, reject) => {
      this.#firstJoin = { resolve, reject };
      this.#open();
    });
  }

  /**
   * Sends this track from now on, or nothing with null. A clone is sent, which is silenced while muted: the caller's
   * track is unaffected, so that a level meter can detect speech while muted. The caller stops its own track.
   */
  setMicrophone(track: MediaStreamTrack | null): void {
    this.#outgoing.replace(track, (clone) => this.#media?.setTrack(clone));
    this.#tell({ hasMicrophone: track !== null });
  }

  /** Does nothing if this participant may not unmute. */
  setMuted(muted: boolean): void {
    if (!muted && !this.mayUnmute) return;
    this.#outgoing.setMuted(muted);
    this.#tell({ muted });
  }

  /** A deafened participant receives nothing to play. */
  setDeafened(deafened: boolean): void {
    this.#deafened = deafened;
    this.#tell({ deafened });
  }

  /** What the others see in the `info` of this participant. Omitted fields keep their value. */
  setPresence(presence: PresenceState): void {
    this.#send({ type: 'state', ...presence });
  }

  /**
   * Sets the gain with which this participant alone hears another one: 1 is unchanged, 0 is silence, 2 is twice the
   * amplitude. The room and this browser remember it for this person. Does nothing for someone who is not in the room.
   */
  hear(participantId: string, gain: number): void {
    this.#room.hear(participantId, gain);
  }

  /** Goes to another open room; the audio continues there. Rejects as a join does, and then nothing has changed. */
  async switchRoom(room: string, options?: SwitchOptions): Promise<void> {
    await this.#services.ask({ type: 'switch_room', room, ...options });
    Object.assign(this.#target ?? {}, { room, options: { ...this.#target?.options, ...options } });
  }

  /** Reconnects at once instead of at the planned time, for instance when the network is available again. */
  retryNow(): void {
    if (this.#state.status !== 'reconnecting' || this.#socket) return;
    this.#cancelRetry();
    this.#setState({ ...this.#state, nextTryAtMs: this.#environment.now() });
    this.#open();
  }

  /** Call if the connection is in doubt, for instance when a page that slept wakes up. */
  checkConnection(): void {
    this.retryNow();
    this.#socket?.probe(DOUBT_MS);
  }

  /** Call when the browser's network has changed. */
  networkChanged(): void {
    // An attempt over the lost network would only hang.
    if (this.#state.status === 'reconnecting') this.#abandonSocket();
    this.retryNow();
    this.#socket?.probe(CHANGED_MS);
    this.#media?.networkChanged();
  }

  /** Leaves the room. The client can `connect` again. */
  leave(): void {
    this.#socket?.send({ type: 'leave' });
    this.#close('left', '');
  }

  /** Leaves and releases the microphone's clone. */
  close(): void {
    this.leave();
    this.setMicrophone(null);
  }

  #open(): void {
    const target = this.#target;
    target?.token.obtain(
      () => {
        if (target === this.#target) this.#openSocket(target);
      },
      (reason) => {
        if (target === this.#target) this.#lost('token_unavailable', reason);
      },
    );
  }

  #openSocket(target: JoinTarget): void {
    const events: SignalingEvents = {
      open: () => this.#send(joinMessage({ ...target, chatAfter: this.chat.mark }, this.#own)),
      message: (message) => this.#receive(message),
      late: (isLate) => this.emit('answering', !isLate),
      closed: (closeCode) => {
        this.#socket = null;
        const reason = fatalReason(closeCode);
        if (reason !== undefined) this.#close(reason, '');
        else this.#lost('unreachable', '');
      },
    };
    try {
      this.#socket = new SignalingSocket(webSocketUrl(target.server), this.#environment, events);
    } catch (thrown) {
      // It is not a URL.
      this.#lost('unreachable', String(thrown));
    }
  }

  #receive(message: ServerMessage): void {
    this.#target?.token.receive(message);
    const isToldElsewhere = this.#services.receive(message);
    this.#room.receive(message);
    this.#media?.receive(message);
    switch (message.type) {
      case 'joined':
        this.#joined(message);
        break;
      case 'server_draining':
        this.emit('draining', message.draining ? { endsInMs: message.endsInMs } : null);
        break;
      case 'server_closing':
        this.#lost('server_closing', '', message.retryAfterMs);
        break;
      case 'error':
        if (!isToldElsewhere) this.#refused(message.code, message.message, message.retryAfterMs);
        break;
    }
  }

  #joined(message: Extract<ServerMessage, { type: 'joined' }>): void {
    if (this.#target) this.#target.resumeToken = message.resumeToken;
    this.#backoff.succeeded();
    this.#room.enter(message);
    if (this.#media) this.#media.resume(message.mediaResumed, message.iceServers);
    else this.#startMedia(message.iceServers);
    this.#obeyMute();
    this.#setState({ status: 'connected', media: this.#media?.state ?? 'connecting' });
    this.emit('draining', null);
    this.emit('joined', message);
    this.#room.announce(message);
    this.#firstJoin?.resolve();
    this.#firstJoin = null;
  }

  #startMedia(iceServers: readonly IceServer[]): void {
    this.#media = new MediaSession({
      environment: this.#environment,
      iceServers,
      track: this.#outgoing.track,
      sendOffer: (sdp, restart) => this.#socket?.send({ type: 'offer', sdp, ...(restart && { restart }) }),
      onStream: (stream) => this.emit('stream', stream),
      onState: (media) => {
        if (this.#state.status === 'connected') this.#setState({ status: 'connected', media });
        else if (this.#state.status === 'reconnecting')
          this.#setState({ ...this.#state, hasSound: hasSound(this.#state.reason, media) });
      },
      onError: (text) => this.emit('error', new VoiceError('media_failed', text)),
    });
    this.#quality.start(this.#media);
  }

  #refused(code: ErrorCode, text: string, retryAfterMs?: number): void {
    const token = this.#target?.token;
    if (this.#state.status === 'connected' && token?.renewalRefused(code)) return;
    if (!this.#firstJoin && token?.mayRetry(code)) this.#lost(code, text);
    else if (isFatal(code)) this.#close(code, text, retryAfterMs);
    else if (this.#state.status !== 'connected' || code === 'not_joined') this.#lost(code, text, retryAfterMs);
    else if (!this.#media?.refused(code, retryAfterMs)) this.emit('error', new VoiceError(code, text));
  }

  #abandonSocket(): void {
    this.#socket?.abandon();
    this.#socket = null;
  }

  /** The WebSocket is useless now. The audio is left alone: it may continue until the server has us back. */
  #lost(reason: CloseReason, text: string, minDelayMs = 0): void {
    this.#abandonSocket();
    if (this.#firstJoin) {
      this.#close(reason, text);
      return;
    }
    this.#media?.suspend();
    const delayMs = this.#backoff.lost(minDelayMs);
    this.#cancelRetry = this.#environment.setTimer(delayMs, () => this.#open());
    this.#services.lost();
    this.#room.setLevels(new Map());
    this.#setState({
      status: 'reconnecting',
      reason,
      attempt: this.#backoff.attempt,
      nextTryAtMs: this.#environment.now() + delayMs,
      hasSound: hasSound(reason, this.#media?.state),
    });
  }

  #close(reason: CloseReason, text: string, retryAfterMs?: number): void {
    if (this.#state.status === 'idle' || this.#state.status === 'closed') return;
    this.#cancelRetry();
    this.#quality.stop();
    this.#services.left();
    this.#socket?.close();
    this.#media?.close();
    this.#socket = this.#media = this.#target = null;
    this.#room.leave();
    this.#setState({ status: 'closed', reason, message: text, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    this.#firstJoin?.reject(new VoiceError(reason, text || `The connection has ended: ${reason}.`));
    this.#firstJoin = null;
  }

  /** Audio that nobody hears is not sent. */
  #obeyMute(): void {
    if (this.muted || this.mayUnmute) return;
    this.#outgoing.setMuted(true);
    this.emit('muted', true);
  }

  get #own(): OwnState {
    return { muted: this.muted, deafened: this.#deafened, hasMicrophone: this.#outgoing.track !== null };
  }

  /** Shows our own change at once; the server confirms it a moment later. */
  #tell(change: Partial<OwnState>): void {
    this.#send({ type: 'state', ...change });
    this.#room.updateSelf(this.#own);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.emit('state', state);
  }
}
