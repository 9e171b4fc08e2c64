import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError } from '../lib/errors.ts';
import type { ConnectOptions, MediaCloseReason, MediaConnection } from '../media/plane.ts';
import type { Admission } from './admission.ts';
import type { EndReason, LeaveReason, ParticipantListener, ParticipantView, RoomEvent } from './events.ts';
import type { ModeratorAction } from './moderation.ts';

/** What a participant needs of its room. */
export interface ParticipantRoom {
  /** Connects to the room's media. Throws `AppError` `sdp_too_large`, `invalid_sdp`, `media_unavailable` or `server_busy`. */
  connect(participant: Participant, options: ConnectOptions): MediaConnection;
  disconnect(connection: MediaConnection): void;
  updated(participant: Participant): void;
  /** Throws `AppError` `not_allowed` or `unknown_participant`. */
  moderate(moderator: Participant, action: ModeratorAction): void;
  left(participant: Participant, reason: LeaveReason): void;
}

export interface ParticipantOptions {
  readonly id: string;
  readonly name: string;
  readonly admission: Admission;
  readonly mutedByModerator: boolean;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** Has had media before, by an earlier connection of the same participant. */
  readonly returning: boolean;
  readonly resumeToken: string;
  readonly listener: ParticipantListener;
  readonly room: ParticipantRoom;
  /** Bound to the room and to this participant. */
  readonly log: Logger;
}

/** One person in a room, from the join of one connection to its end. Once ended, every method does nothing. */
export class Participant {
  readonly id: string;
  readonly name: string;
  readonly admission: Admission;
  /** Whoever holds it may take this participant's place. Secret. */
  readonly resumeToken: string;
  readonly #listener: ParticipantListener;
  readonly #room: ParticipantRoom;
  readonly #log: Logger;
  #muted: boolean;
  #mutedByModerator: boolean;
  #deafened: boolean;
  #connected = false;
  #returning: boolean;
  #media: MediaConnection | undefined;
  #ended = false;

  constructor(options: ParticipantOptions) {
    const { id, name, admission, muted, mutedByModerator, deafened, returning, resumeToken, listener, room, log } =
      options;
    this.id = id;
    this.name = name;
    this.admission = admission;
    this.resumeToken = resumeToken;
    this.#listener = listener;
    this.#room = room;
    this.#log = log;
    this.#muted = muted || mutedByModerator || !admission.maySpeak;
    this.#mutedByModerator = mutedByModerator;
    this.#deafened = deafened;
    this.#returning = returning;
  }

  get view(): ParticipantView {
    const { identity, maySpeak, mayModerate } = this.admission;
    return {
      id: this.id,
      identity,
      name: this.name,
      maySpeak,
      mayModerate,
      muted: this.#muted,
      mutedByModerator: this.#mutedByModerator,
      deafened: this.#deafened,
      connected: this.#connected,
    };
  }

  /** Has had media: here, or by an earlier connection of the same participant. */
  get returning(): boolean {
    return this.#returning;
  }

  /** Compares in constant time. */
  holdsToken(token: string): boolean {
    const own = Buffer.from(this.resumeToken);
    const other = Buffer.from(token);
    return own.length === other.length && timingSafeEqual(own, other);
  }

  get mutedByModerator(): boolean {
    return this.#mutedByModerator;
  }

  /** Throws `not_allowed` when somebody unmutes who may not. */
  setMuted(muted: boolean): void {
    if (this.#ended || muted === this.#muted) return;
    if (!muted && (this.#mutedByModerator || !this.admission.maySpeak)) throw new AppError('not_allowed');
    this.#muted = muted;
    this.#media?.setMuted(muted);
    this.#room.updated(this);
  }

  /** Nobody can be unmuted by another: with false the participant may do it, and stays muted until then. */
  setMutedByModerator(muted: boolean): void {
    if (this.#ended || muted === this.#mutedByModerator) return;
    this.#mutedByModerator = muted;
    if (muted) this.#muted = true;
    this.#media?.setMuted(this.#muted);
    this.#room.updated(this);
  }

  /** Does to another what only moderators may. Throws `not_allowed` or `unknown_participant`. */
  moderate(action: ModeratorAction): void {
    if (!this.#ended) this.#room.moderate(this, action);
  }

  setDeafened(deafened: boolean): void {
    if (this.#ended || deafened === this.#deafened) return;
    this.#deafened = deafened;
    this.#media?.setDeafened(deafened);
    this.#room.updated(this);
  }

  /**
   * Starts a media connection, in place of the one before if there is one, and returns the answer.
   * Throws `AppError` `sdp_too_large`, `invalid_sdp`, `media_unavailable` or `server_busy`; then the one before stays.
   */
  offer(sdp: string): string {
    this.#log.debug({ sdp }, 'offer');
    const connection: MediaConnection = this.#room.connect(this, {
      sdp,
      muted: this.#muted,
      deafened: this.#deafened,
      returning: this.#returning,
      events: {
        connected: () => this.#mediaConnected(connection),
        closed: (reason) => this.#mediaClosed(connection, reason),
      },
    });
    this.#log.debug({ sdp: connection.sdp }, 'answer');
    const before = this.#media;
    this.#media = connection;
    this.#returning = true;
    if (before !== undefined) {
      this.#room.disconnect(before);
      this.#setConnected(false);
    }
    return connection.sdp;
  }

  /** The participant goes; the others are told why. */
  leave(reason: LeaveReason): void {
    if (this.#ended) return;
    this.#close();
    this.#room.left(this, reason);
  }

  /** The participant is put out of the room; both sides are told. */
  kick(): void {
    if (this.#ended) return;
    this.end('kicked');
    this.#room.left(this, 'kicked');
  }

  /** The room lets go of the participant; its own side is told, the others are not. */
  end(reason: EndReason): void {
    if (this.#ended) return;
    this.#close();
    this.#listener.ended(reason);
  }

  /** Tells this participant's own side. */
  deliver(event: RoomEvent): void {
    if (!this.#ended) this.#listener.event(event);
  }

  #mediaConnected(connection: MediaConnection): void {
    if (connection !== this.#media) return;
    this.#log.info('media connected');
    this.deliver({ type: 'media_connected' });
    this.#setConnected(true);
  }

  #mediaClosed(connection: MediaConnection, reason: MediaCloseReason): void {
    if (connection !== this.#media) return;
    this.#media = undefined;
    this.#room.disconnect(connection);
    this.#tellMediaClosed(reason);
  }

  #tellMediaClosed(reason: MediaCloseReason): void {
    this.#log.info({ reason }, 'media closed');
    this.deliver({ type: 'media_closed', reason });
    this.#setConnected(false);
  }

  #setConnected(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#room.updated(this);
  }

  #close(): void {
    this.#ended = true;
    const media = this.#media;
    this.#media = undefined;
    if (media !== undefined) this.#room.disconnect(media);
  }
}
