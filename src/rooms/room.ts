import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { ConnectOptions, MediaConnection, MediaPlane, MediaRoom, SpeakerLevel } from '../media/plane.ts';
import type { Admission } from './admission.ts';
import type { BanList } from './ban-list.ts';
import type { LeaveReason, ParticipantListener, ParticipantView, RoomEvent } from './events.ts';
import { Moderation, type ModeratorAction } from './moderation.ts';
import { Participant } from './participant.ts';

export interface RoomLimits {
  /** Those included whose connection broke and is waited for. */
  readonly maxParticipants: number;
  /** How long that is waited for while the media lives. */
  readonly resumeTimeoutMs: Millis;
}

export interface RoomOptions {
  readonly name: string;
  readonly plane: MediaPlane;
  readonly limits: RoomLimits;
  readonly bans: BanList;
  readonly clock: Clock;
  readonly log: Logger;
  /** The last participant is gone. */
  readonly onEmpty: () => void;
}

export interface JoinOptions {
  /** As `participantName` returns it. */
  readonly name: string;
  readonly admission: Admission;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** Of a participant whose place is taken if it is still here. */
  readonly resumeToken?: string | undefined;
  readonly listener: ParticipantListener;
}

/** The people in one room, and the room's side of the media plane. */
export class Room {
  readonly name: string;
  readonly #plane: MediaPlane;
  readonly #limits: RoomLimits;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onEmpty: () => void;
  readonly #participants = new Map<string, Participant>();
  /** `MediaConnection.id` → participant id. */
  readonly #participantOfConnection = new Map<number, string>();
  readonly #moderation: Moderation;
  #media: MediaRoom | undefined;
  #closed = false;

  constructor({ name, plane, limits, bans, clock, log, onEmpty }: RoomOptions) {
    this.name = name;
    this.#plane = plane;
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log.child({ room: name });
    this.#onEmpty = onEmpty;
    this.#moderation = new Moderation({
      room: name,
      participants: this.#participants,
      bans,
      tellAll: (event) => this.#tellAll(event),
      log: this.#log,
    });
  }

  get size(): number {
    return this.#participants.size;
  }

  /** Nobody new gets in. */
  get locked(): boolean {
    return this.#moderation.locked;
  }

  /** Everybody in the room, those who are here longest first. */
  get participants(): ParticipantView[] {
    return Array.from(this.#participants.values(), (participant) => participant.view);
  }

  /** As whom the holder of this resume token was let in, while their place is kept. */
  admissionOf(resumeToken: string): Admission | undefined {
    return this.#holderOf(resumeToken)?.admission;
  }

  /**
   * A new participant, or the one whose token this is with another connection: their name and their media stay as they are.
   * Throws `AppError` `room_full` or `room_locked`.
   */
  join({ name, admission, muted, deafened, resumeToken, listener }: JoinOptions): Participant {
    const resumed = this.#holderOf(resumeToken);
    if (resumed !== undefined) {
      resumed.resume(listener, { muted, deafened });
      this.#log.info({ participant: resumed.id, name: resumed.name }, 'participant resumed');
      return resumed;
    }
    const previous = this.#holderOfIdentity(admission);
    if (previous === undefined) this.#moderation.checkNewcomer(admission);
    if (previous === undefined && this.size >= this.#limits.maxParticipants) throw new AppError('room_full');
    const id = previous?.id ?? randomUUID();
    const participant = new Participant({
      id,
      name,
      admission,
      muted,
      mutedByModerator: previous?.mutedByModerator ?? this.#moderation.isMuted(admission),
      deafened,
      returning: previous?.returning ?? false,
      // It stays the same for the whole life of the id: the `joined` message that would bring a new one may get lost.
      resumeToken: previous?.resumeToken ?? randomBytes(32).toString('base64url'),
      listener,
      room: this.#side,
      resumeTimeoutMs: this.#limits.resumeTimeoutMs,
      clock: this.#clock,
      log: this.#log.child({ participant: id }),
    });
    previous?.end('replaced');
    this.#participants.set(id, participant);
    this.#log.info(
      { participant: id, name, participants: this.size, replaced: previous !== undefined },
      'participant joined',
    );
    const type = previous === undefined ? 'participant_joined' : 'participant_updated';
    this.#tellOthers(participant, { type, participant: participant.view });
    return participant;
  }

  /** Ends every participant and frees the media. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const participant of this.#participants.values()) participant.end('server_closing');
    this.#participants.clear();
    this.#media?.close();
    this.#media = undefined;
  }

  readonly #side = {
    connect: (participant: Participant, options: ConnectOptions): MediaConnection => {
      this.#media ??= this.#plane.openRoom({ levels: (speaking) => this.#tellLevels(speaking) });
      const connection = this.#media.connect(options);
      this.#participantOfConnection.set(connection.id, participant.id);
      return connection;
    },
    disconnect: (connection: MediaConnection): void => {
      this.#participantOfConnection.delete(connection.id);
      connection.close();
    },
    updated: (participant: Participant): void => {
      this.#tellAll({ type: 'participant_updated', participant: participant.view });
    },
    moderate: (moderator: Participant, action: ModeratorAction): void => this.#moderation.act(moderator, action),
    left: (participant: Participant, reason: LeaveReason): void => {
      this.#participants.delete(participant.id);
      this.#log.info({ participant: participant.id, reason, participants: this.size }, 'participant left');
      if (this.size > 0) {
        this.#tellAll({ type: 'participant_left', participantId: participant.id, reason });
        return;
      }
      this.close();
      this.#onEmpty();
    },
  };

  #tellLevels(levels: readonly SpeakerLevel[]): void {
    const speaking: [string, number][] = [];
    for (const { connectionId, levelDbov } of levels) {
      const id = this.#participantOfConnection.get(connectionId);
      if (id !== undefined) speaking.push([id, levelDbov]);
    }
    this.#tellAll({ type: 'levels', speaking });
  }

  #holderOf(token: string | undefined): Participant | undefined {
    if (token === undefined) return undefined;
    for (const participant of this.#participants.values()) if (participant.holdsToken(token)) return participant;
    return undefined;
  }

  /** An identity is in a room once: whoever joins with it again, from a page that was loaded anew, takes their own place. */
  #holderOfIdentity({ identity }: Admission): Participant | undefined {
    if (identity === null) return undefined;
    for (const participant of this.#participants.values())
      if (participant.admission.identity === identity) return participant;
    return undefined;
  }

  #tellAll(event: RoomEvent): void {
    for (const participant of this.#participants.values()) participant.deliver(event);
  }

  #tellOthers(self: Participant, event: RoomEvent): void {
    for (const participant of this.#participants.values()) if (participant !== self) participant.deliver(event);
  }
}
