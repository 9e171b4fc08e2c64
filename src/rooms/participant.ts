import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type {
  AnySeat,
  MediaNetwork,
  MediaRoom,
  MemberState,
  MemberStateChange,
  ParticipantState,
  SeatOptions,
} from '../media/plane.ts';
import type { Admission } from './admission.ts';
import type { Capture, CaptureOptions } from './capture.ts';
import type { ChatAction } from './chat/room-chat.ts';
import { ClientLink } from './client-link.ts';
import type { EndReason, LeaveReason, ParticipantListener, ParticipantView, RoomEvent } from './events.ts';
import { FileKey } from './file-key.ts';
import type { Person } from './hearing.ts';
import { MemberSound } from './member-sound.ts';
import type { ModeratorAction } from './moderation.ts';
import { ParticipantMedia } from './participant-media.ts';
import { ParticipantMutes } from './participant-mutes.ts';
import type { ParticipantOptions, ParticipantRoom, Place } from './participant-options.ts';
import type { ParticipantFact } from './ports.ts';
import { Presence, type PresenceChange } from './presence.ts';
import type { DataAction } from './room-data.ts';
import { MovePacer } from './space/move-pacer.ts';
import type { Pose } from './space/room-space.ts';
import { Standing } from './standing.ts';
import type { TalkTarget } from './talk.ts';

/**
 * One person in a room. Their client's connection may break and be replaced; in between there is no listener, and the
 * media continues. After the end, every method does nothing.
 */
export class Participant {
  readonly id: string;
  readonly name: string;
  /** Whose companion this is: a sound that they share beside their voice. Undefined for a person. */
  readonly owner: Person | undefined;
  readonly #standing: Standing;
  /** Its holder may take this participant's place. Secret. */
  readonly resumeToken: string;
  readonly fileKey: FileKey;
  #joinedAtMs: Millis;
  /** When the token expires that was last shown for them, in milliseconds since 1970; undefined for guests. */
  tokenExpiresAtMs: Millis | undefined;
  #room: ParticipantRoom;
  readonly #clock: Clock;
  #log: Logger;
  readonly #link: ClientLink;
  readonly #mutes: ParticipantMutes;
  readonly #presence: Presence;
  readonly #moves: MovePacer;
  /** From the room. */
  readonly sound = new MemberSound(() => this.seat?.setState(this.memberState));
  readonly #media: ParticipantMedia;
  #ended = false;

  constructor(options: ParticipantOptions) {
    const { id, name, admission, owner, returning, resumeToken, listener, room, log } = options;
    this.#clock = options.clock;
    this.id = id;
    this.name = name;
    this.owner = owner;
    this.#standing = new Standing(admission, room.key());
    this.tokenExpiresAtMs = admission.expiresAtMs;
    this.resumeToken = resumeToken;
    this.fileKey = new FileKey(resumeToken);
    this.#joinedAtMs = options.joinedAtMs;
    this.#room = room;
    this.#log = log;
    this.#mutes = new ParticipantMutes({
      ...options,
      maySpeak: () => this.admission.maySpeak,
      changed: () => {
        this.seat?.setState(this.memberState);
        this.#room.updated(this);
      },
      heldBack: () => this.#room.heldBack(),
    });
    this.#presence = new Presence(options.hasMicrophone, options.via);
    this.#media = this.#createMedia(returning);
    this.#link = new ClientLink({
      listener,
      resumeTimeoutMs: options.resumeTimeoutMs,
      isMediaAlive: () => this.#media.isAlive,
      onGone: () => this.leave('connection_lost'),
      clock: this.#clock,
    });
    this.#moves = new MovePacer({
      clock: this.#clock,
      turn: (yaw) => this.#room.turn(this, yaw),
      pose: (pose) => this.#room.pose(this, pose),
    });
  }

  get admission(): Admission {
    return this.#standing.admission;
  }

  /** The key of the room that admitted them. */
  get home(): string {
    return this.#standing.home;
  }

  rightsIn(room: string, admission?: Admission): Admission {
    return this.#standing.rightsIn(room, admission);
  }

  get view(): ParticipantView {
    const { identity, maySpeak } = this.admission;
    const { state, byModerator } = this.#mutes;
    return {
      id: this.id,
      identity,
      name: this.name,
      maySpeak,
      mayModerate: this.mayModerate,
      ...state,
      microphone: !this.#presence.hasMicrophone || !maySpeak ? 'none' : state.muted ? 'muted' : 'open',
      mutedByModerator: byModerator,
      connected: this.#media.isAlive,
      captured: this.#media.isCaptured,
      ...(this.#media.isRelayed && { via: 'websocket' }),
      ...this.#presence.view,
      ...(this.owner !== undefined && { role: 'music', owner: this.owner.id }),
      ...(!this.mayChat && { mayChat: false }),
    };
  }

  /** The rights of a moderator are for one room. Someone who was moved has them again after moving back. */
  get mayModerate(): boolean {
    return this.rightsIn(this.#room.key()).mayModerate;
  }

  /** May speak to linked rooms; only in the room that admitted them. */
  get mayShout(): boolean {
    return this.rightsIn(this.#room.key()).mayShout === true;
  }

  get fact(): ParticipantFact {
    return { ...this.view, joinedAtMs: this.#joinedAtMs };
  }

  /**
   * The address of the client's current or last connection; null if addresses are hidden. Other participants never see
   * it.
   */
  get address(): string | null {
    return this.#link.address;
  }

  /** The quality of their media path, as far as known. */
  get network(): MediaNetwork {
    return this.#media.network;
  }

  /** When they joined the room, in milliseconds since 1970. */
  get joinedAtMs(): Millis {
    return this.#joinedAtMs;
  }

  /** Everything that is decided about this participant's place in the media. */
  get memberState(): MemberState {
    return { ...this.#mutes.state, ...this.sound.state };
  }

  /** See `Room.key`. */
  get roomKey(): string {
    return this.#room.key();
  }

  get roomName(): string {
    return this.#room.name();
  }

  /** The endpoint of this participant's media; undefined if there is none. */
  get seat(): AnySeat | undefined {
    return this.#media.seat;
  }

  /** Had a seat: here, or through an earlier connection of the same participant. */
  get returning(): boolean {
    return this.#media.returning;
  }

  /**
   * Moves to another room, which takes over the seat. `log` has that room as a field; another `admission` makes the room
   * the one that admitted them.
   */
  moveTo({ room, joinedAtMs, log, admission = this.admission }: Place): void {
    if (this.#standing.take(admission, room.key())) {
      this.tokenExpiresAtMs = admission.expiresAtMs;
      if (!admission.maySpeak) this.#mutes.silence();
    }
    this.#presence.entered();
    // It is in the room that they leave.
    this.#media.dropStandby();
    this.#room = room;
    this.#joinedAtMs = joinedAtMs;
    this.#log = log;
  }

  get mutedByModerator(): boolean {
    return this.#mutes.byModerator;
  }

  /** See `ParticipantMutes.set`. Throws `not_allowed`. */
  setState(change: MemberStateChange): void {
    // A companion hears nothing.
    if (!this.#ended) this.#mutes.set(this.owner === undefined ? change : { muted: change.muted });
  }

  /** What the others see of them besides `setState`. */
  setPresence(change: PresenceChange): void {
    if (!this.#ended && this.#presence.change(change)) this.#room.updated(this);
  }

  /** Nobody can be unmuted by someone else. With false, the participant may unmute, and stays muted until then. */
  setMutedByModerator(muted: boolean): void {
    if (!this.#ended) this.#mutes.setByModerator(muted);
  }

  /** May write in the chat. */
  get mayChat(): boolean {
    return this.admission.mayChat && !this.#mutes.inChat;
  }

  get mutedInChat(): boolean {
    return this.#mutes.inChat;
  }

  setMutedInChat(muted: boolean): void {
    if (!this.#ended && this.#mutes.setInChat(muted)) this.#room.updated(this);
  }

  /** Writes into the chat, or to programs. Throws what `RoomChat.act` and `RoomData.send` throw. */
  write(action: ChatAction | DataAction): void {
    if (!this.#ended) this.#room.write(this, action);
  }

  /**
   * Sets the linear gain with which this participant alone hears another one: 1 is unchanged, 0 is silence. Throws
   * `unknown_participant`.
   */
  hear(participantId: string, gain: number): void {
    if (!this.#ended) this.#room.hear(this, participantId, gain);
  }

  /** Receives a page of the people in the room. Throws `server_busy`. */
  listPeople(query: Parameters<ParticipantRoom['listPeople']>[1]): void {
    if (!this.#ended) this.#room.listPeople(this, query);
  }

  /** To whom this participant speaks. Throws what `RoomTalk.set` throws. */
  talkTo(target: TalkTarget): void {
    if (!this.#ended) this.#room.talkTo(this, target);
  }

  /** Joins or leaves an open channel. Throws what `RoomChannels.enter` and `exit` throw. */
  setInChannel(channel: string, isIn: boolean): void {
    if (!this.#ended) this.#room.setInChannel(this, channel, isIn);
  }

  /** Where this participant's player looks, in degrees. If too many arrive, only the last one counts. */
  turn(yaw: number): void {
    if (!this.#ended) this.#moves.turn(yaw);
  }

  /** Where this participant's player is, paced in the same way. Throws what `RoomSpace.pose` throws. */
  pose(pose: Pose): void {
    if (!this.#ended) this.#moves.pose(pose);
  }

  /** Performs a moderator's action on another participant. Throws `not_allowed` or `unknown_participant`. */
  moderate(action: ModeratorAction): void {
    if (!this.#ended) this.#room.moderate(this, action);
  }

  /**
   * Takes a seat in the room's media, replacing the previous one. Throws `AppError` `unknown_participant` after the end:
   * whoever was removed must not be heard or hear.
   * @param take creates a seat of its kind; if it throws, the previous seat stays and the error is passed on to the
   * caller
   */
  sit<S extends AnySeat>(take: (media: MediaRoom, options: SeatOptions) => S): S {
    if (this.#ended) throw new AppError('unknown_participant');
    return this.#media.sit(take);
  }

  /**
   * Captures the media of this participant unencrypted, across their connections. The room is notified while it runs.
   * Throws `AppError` `unknown_participant` or `capture_running`.
   */
  capture(options: CaptureOptions): Capture {
    if (this.#ended) throw new AppError('unknown_participant');
    return this.#media.capture(options);
  }

  /** The client's connection, last heard from at `heardMs`, is broken. The participant's seat is kept for a while. */
  lose(heardMs: Millis): void {
    if (this.#ended) return;
    this.#log.info('connection broke');
    this.#link.lose(heardMs);
  }

  /** Another connection replaces the previous one, which is notified if it still exists. */
  resume(listener: ParticipantListener, { muted, deafened }: ParticipantState, hasMicrophone: boolean): void {
    this.#link.release();
    this.setPresence({ hasMicrophone });
    this.setState(muted || this.#mutes.mayUnmute ? { muted, deafened } : { deafened });
    // Set late, so that the first event the client receives is the complete state.
    this.#link.attach(listener);
  }

  /** The participant leaves, and the others receive the reason. */
  leave(reason: LeaveReason): void {
    if (this.#ended) return;
    this.#close();
    this.#room.left(this, reason);
  }

  /** Removes the participant from the room and notifies both sides. `banMs`: how long they are banned. */
  kick(banMs?: Millis): void {
    if (this.#ended) return;
    this.end('kicked', banMs);
    this.#room.left(this, 'kicked');
  }

  /** The room releases the participant. Only their own client is notified; `retryAfterMs`: when to come back. */
  end(reason: EndReason, retryAfterMs?: Millis): void {
    if (this.#ended) return;
    const { listener } = this.#link;
    this.#close();
    listener?.ended(reason, retryAfterMs);
  }

  /** Their client understands `participants_joined` and `participants_left`. */
  get takesBatches(): boolean {
    return this.#link.listener?.takesBatches ?? false;
  }

  /** Their client understands that not everyone is listed. */
  get takesPages(): boolean {
    return this.#link.listener?.takesPages ?? false;
  }

  /** The connection of their client; null while it is broken. */
  get client(): ParticipantListener | null {
    return this.#link.listener;
  }

  /** Sends events to this participant's own client. */
  deliver(...events: readonly RoomEvent[]): void {
    if (!this.#ended) this.#link.deliver(...events);
  }

  #createMedia(returning: boolean): ParticipantMedia {
    return new ParticipantMedia(
      {
        memberState: () => this.memberState,
        log: () => this.#log,
        take: (take) => this.#room.seat(this, take),
        seated: () => this.#room.seated(this),
        free: (seat) => this.#room.freeSeat(seat),
        deliver: (event) => this.deliver(event),
        aliveChanged: () => {
          this.#presence.reconnected();
          this.#link.mediaChanged();
          this.#room.updated(this);
        },
        captureChanged: () => {
          if (!this.#ended) this.#room.updated(this);
        },
        reported: (network) => {
          if (!this.#ended && this.#presence.reported(network)) this.#room.updated(this);
        },
      },
      { returning, kind: this.owner === undefined ? 'voice' : 'music' },
      this.#clock,
    );
  }

  #close(): void {
    this.#ended = true;
    this.#link.close();
    this.#mutes.close();
    this.#moves.cancel();
    this.#media.close();
  }
}
