import type { ClientMessageInput, IceServer, ParticipantInfo, ServerMessage } from '../../src/protocol/messages.ts';
import { Backoff } from './backoff.ts';
import { Channels } from './channels.ts';
import type { CloseReason, ConnectionState, ErrorCode, VoiceError } from './connection-state.ts';
import { fatalReason, hasSound, isFatal } from './connection-state.ts';
import { Emitter } from './emitter.ts';
import { browserEnvironment, type Environment } from './environment.ts';
import { Hearing } from './hearing.ts';
import { joinMessage, type OwnState, withOwnState } from './join-message.ts';
import { MediaSession } from './media-session.ts';
import { Moderation } from './moderation.ts';
import { OutgoingTrack } from './outgoing-track.ts';
import { type ListChange, ParticipantList } from './participant-list.ts';
import { PlayerPose } from './player-pose.ts';
import { QualityWatch } from './quality-watch.ts';
import { SignalingSocket } from './signaling-socket.ts';
import type { JoinOptions, VoiceEvents } from './voice-events.ts';

/** How long the server may take to answer if the connection is in doubt, and if it is most likely lost. */
const DOUBT_MS = 2000;
const CHANGED_MS = 1000;

/**
 * A participant in one room: maintains the WebSocket and the WebRTC connection, and repairs both by itself;
 * `watchNetwork` tells it when to check. Uses no DOM; the page plays the `stream` and opens the microphone.
 */
export class VoiceClient {
  readonly #send = (message: ClientMessageInput): void => this.#socket?.send(message);
  /** For participants who `mayModerate`. */
  readonly moderation = new Moderation(this.#send);
  /** Speaks to channels and single people instead of everyone. */
  readonly channels = new Channels(this.#send, (state) => this.#emitter.emit('channels', state));
  /** Where this participant's player is, in games. */
  readonly player: PlayerPose;
  readonly #environment: Environment;
  readonly #emitter = new Emitter<VoiceEvents>();
  #state: ConnectionState = { status: 'idle' };
  #target: { url: string; options: JoinOptions; resumeToken: string | undefined } | null = null;
  #firstJoin: { resolve: () => void; reject: (error: VoiceError) => void } | null = null;
  #backoff: Backoff;
  #socket: SignalingSocket | null = null;
  #media: MediaSession | null = null;
  #cancelRetry = () => {};
  readonly #quality: QualityWatch;
  readonly #hearing: Hearing;
  readonly #participants = new ParticipantList();
  #participantId: string | null = null;
  #room: string | null = null;
  readonly #outgoing = new OutgoingTrack();
  #deafened = false;
  #locked = false;

  constructor(environment: Environment = browserEnvironment) {
    this.#environment = environment;
    this.#backoff = new Backoff(environment);
    this.#quality = new QualityWatch({
      environment,
      hasSound: () => this.#state.status === 'connected' && this.#state.media === 'connected',
      onQuality: (quality) => this.#emitter.emit('quality', quality),
    });
    this.player = new PlayerPose(environment, this.#send);
    this.#hearing = new Hearing({
      environment,
      send: this.#send,
      onChange: (gains) => this.#emitter.emit('hearing', new Map(gains)),
    });
  }

  /** The participants whom this one hears with a gain other than 1, by id. */
  get hearing(): ReadonlyMap<string, number> {
    return this.#hearing.gains;
  }

  /** Returns a function that removes the listener. Add listeners before `connect`. */
  on<Name extends keyof VoiceEvents>(name: Name, listener: (payload: VoiceEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get participants(): ReadonlyMap<string, ParticipantInfo> {
    return this.#participants.all;
  }

  /** This participant's id in the room; null before the first join. It survives a rejoin. */
  get participantId(): string | null {
    return this.#participantId;
  }

  /** The room's canonical name from the server; null before the first join. */
  get room(): string | null {
    return this.#room;
  }

  get muted(): boolean {
    return this.#outgoing.isMuted;
  }

  /** Neither muted by a moderator nor listen-only by token. */
  get mayUnmute(): boolean {
    return this.#self === undefined || (this.#self.maySpeak && !this.#self.mutedByModerator);
  }

  /** Nobody new can join the room. */
  get locked(): boolean {
    return this.#locked;
  }

  get deafened(): boolean {
    return this.#deafened;
  }

  /** Time from a message to the server to its answer, null before the first. */
  get signalingRttMs(): number | null {
    return this.#socket?.rttMs ?? null;
  }

  /**
   * Joins a room; `url` is that of the WebSocket. Resolves when the server has admitted the participant (audio follows,
   * see the `state`), otherwise rejects with a VoiceError. After that, losses are repaired automatically.
   */
  connect(url: string, options: JoinOptions): Promise<void> {
    if (this.#state.status !== 'idle' && this.#state.status !== 'closed') throw new Error('Leave the room first.');
    this.#target = { url, options, resumeToken: undefined };
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

  /**
   * Sets the gain with which this participant alone hears another one: 1 is unchanged, 0 is silence, 2 is twice the
   * amplitude. The room and this browser remember it for this person. Does nothing for someone who is not in the room.
   */
  hear(participantId: string, gain: number): void {
    const heard = this.#participants.except(this.#participantId).find(({ id }) => id === participantId);
    this.#hearing.set(heard, gain);
  }

  /** Reconnects at once instead of at the planned time, for instance when the network is available again. */
  retryNow(): void {
    if (this.#state.status !== 'reconnecting' || this.#socket !== null) return;
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
    if (target === null) return;
    this.#socket = new SignalingSocket(target.url, this.#environment, {
      open: () => this.#socket?.send(joinMessage(target, this.#own)),
      message: (message) => this.#receive(message),
      late: (isLate) => this.#emitter.emit('answering', !isLate),
      closed: (closeCode) => {
        this.#socket = null;
        const reason = fatalReason(closeCode);
        if (reason !== undefined) this.#close(reason, '');
        else this.#lost('unreachable', '');
      },
    });
  }

  #receive(message: ServerMessage): void {
    this.channels.receive(message);
    this.player.receive(message);
    switch (message.type) {
      case 'joined':
        this.#joined(message);
        break;
      case 'answer':
        this.#media?.answer(message.sdp);
        break;
      case 'media_moved':
        this.#media?.networkChanged();
        break;
      case 'media_closed':
        this.#media?.lostByServer();
        break;
      case 'participant_joined':
      case 'participants_joined':
      case 'participant_updated':
      case 'participants_updated':
      case 'participant_left':
      case 'participants_left':
        this.#listChanged(this.#participants.apply(message));
        break;
      case 'room_updated':
        this.#setLocked(message.locked);
        break;
      case 'moved':
        this.#entered(message);
        this.#emitter.emit('moved', message.room);
        break;
      case 'hearing':
        this.#hearing.confirmed(message.participantId, message.gain);
        break;
      case 'server_draining':
        this.#emitter.emit('draining', message.draining ? { endsInMs: message.endsInMs } : null);
        break;
      case 'levels':
        this.#emitter.emit('levels', new Map(message.speaking));
        break;
      case 'server_closing':
        this.#lost('server_closing', '', message.retryAfterMs);
        break;
      case 'error':
        this.#refused(message.code, message.message, message.retryAfterMs);
        break;
    }
  }

  #listChanged({ joined, left, isNews }: ListChange): void {
    if (!isNews) return;
    this.#obeyMute();
    this.#emitParticipants();
    this.#hearing.recall(joined);
    for (const participant of joined) this.#emitter.emit('participantJoined', participant);
    for (const leave of left) this.#emitter.emit('participantLeft', leave);
  }

  #joined(message: Extract<ServerMessage, { type: 'joined' }>): void {
    if (this.#target !== null) this.#target.resumeToken = message.resumeToken;
    this.#backoff.succeeded();
    this.#participantId = message.participantId;
    this.#entered(message);
    if (this.#media !== null) this.#media.resume(message.mediaResumed, message.iceServers);
    else this.#startMedia(message.iceServers);
    this.#obeyMute();
    this.#setState({ status: 'connected', media: this.#media?.state ?? 'connecting' });
    this.#emitter.emit('draining', null);
    this.#firstJoin?.resolve();
    this.#firstJoin = null;
  }

  #entered({ room, locked, entry, participants, hearing }: Extract<ServerMessage, { type: 'joined' | 'moved' }>): void {
    this.#room = room;
    this.#participants.replace(participants);
    this.#setLocked(locked);
    this.#emitter.emit('entry', entry);
    this.#emitParticipants();
    this.#hearing.enter(hearing, this.#participants.except(this.#participantId));
  }

  #startMedia(iceServers: readonly IceServer[]): void {
    this.#media = new MediaSession({
      environment: this.#environment,
      iceServers,
      track: this.#outgoing.track,
      sendOffer: (sdp, restart) => this.#socket?.send({ type: 'offer', sdp, ...(restart && { restart }) }),
      onStream: (stream) => this.#emitter.emit('stream', stream),
      onState: (media) => {
        if (this.#state.status === 'connected') this.#setState({ status: 'connected', media });
        else if (this.#state.status === 'reconnecting')
          this.#setState({ ...this.#state, hasSound: hasSound(this.#state.reason, media) });
      },
      onError: (text) => this.#emitter.emit('error', { code: 'media_failed', message: text }),
    });
    this.#quality.start(this.#media);
  }

  #refused(code: ErrorCode, text: string, retryAfterMs?: number): void {
    if (isFatal(code)) this.#close(code, text, retryAfterMs);
    else if (this.#state.status !== 'connected' || code === 'not_joined') this.#lost(code, text, retryAfterMs);
    else if (this.#media?.refused(code, retryAfterMs) !== true) this.#emitter.emit('error', { code, message: text });
  }

  #abandonSocket(): void {
    this.#socket?.abandon();
    this.#socket = null;
  }

  /** The WebSocket is useless now. The audio is left alone: it may continue until the server has us back. */
  #lost(reason: CloseReason, text: string, minDelayMs = 0): void {
    this.#abandonSocket();
    if (this.#firstJoin !== null) {
      this.#close(reason, text);
      return;
    }
    this.#media?.suspend();
    const delayMs = this.#backoff.lost(minDelayMs);
    this.#cancelRetry = this.#environment.setTimer(delayMs, () => this.#open());
    this.#emitter.emit('levels', new Map());
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
    this.#hearing.leave();
    this.player.left();
    this.#socket?.close();
    this.#media?.close();
    this.#socket = this.#media = this.#target = this.#participantId = this.#room = null;
    this.#participants.replace([]);
    this.#setState({ status: 'closed', reason, message: text, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    this.#firstJoin?.reject({ code: reason, message: text });
    this.#firstJoin = null;
  }

  /** Audio that nobody hears is not sent. */
  #obeyMute(): void {
    if (this.muted || this.mayUnmute) return;
    this.#outgoing.setMuted(true);
    this.#emitter.emit('muted', true);
  }

  #setLocked(locked: boolean): void {
    this.#locked = locked;
    this.#emitter.emit('locked', locked);
  }

  get #own(): OwnState {
    return { muted: this.muted, deafened: this.#deafened, hasMicrophone: this.#outgoing.track !== null };
  }

  get #self(): ParticipantInfo | undefined {
    return this.#participantId === null ? undefined : this.participants.get(this.#participantId);
  }

  /** Shows our own change at once; the server confirms it a moment later. */
  #tell(change: Partial<OwnState>): void {
    this.#socket?.send({ type: 'state', ...change });
    if (this.#self === undefined) return;
    this.#participants.set(withOwnState(this.#self, this.#own));
    this.#emitParticipants();
  }

  #emitParticipants(): void {
    this.#emitter.emit('participants', new Map(this.#participants.all));
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#emitter.emit('state', state);
  }
}
