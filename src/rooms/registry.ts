import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { MediaPlane } from '../media/plane.ts';
import type { AccessControl, AdmissionRequest } from './access.ts';
import type { Admission } from './admission.ts';
import type { ParticipantListener, ParticipantView } from './events.ts';
import { participantName, roomName } from './names.ts';
import type { Participant } from './participant.ts';
import { Room, type RoomLimits } from './room.ts';

export interface RegistryLimits extends RoomLimits {
  readonly maxRooms: number;
}

export interface RegistryOptions {
  readonly plane: MediaPlane;
  readonly limits: RegistryLimits;
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface JoinRequest {
  readonly room: string;
  readonly name: string;
  /** As `admit` gave it. */
  readonly admission: Admission;
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly resumeToken?: string | undefined;
  readonly listener: ParticipantListener;
}

export interface Joined {
  readonly participant: Participant;
  readonly room: string;
  readonly locked: boolean;
  /** Everybody in the room, the new participant included. */
  readonly participants: readonly ParticipantView[];
  /** The participant was here before, and their media goes on. */
  readonly mediaResumed: boolean;
}

/** What has happened since the start, and what is now. */
export interface RoomFigures {
  readonly rooms: number;
  readonly participants: number;
  readonly joins: number;
}

/** All rooms. A room is there from its first participant to its last. */
export class RoomRegistry {
  readonly #plane: MediaPlane;
  readonly #limits: RegistryLimits;
  readonly #access: AccessControl;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rooms = new Map<string, Room>();
  #joins = 0;
  #closed = false;

  constructor({ plane, limits, access, clock, log }: RegistryOptions) {
    this.#plane = plane;
    this.#limits = limits;
    this.#access = access;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * As whom somebody may join. Who holds the place of a participant was let in once and is not asked again. Rejects as
   * `AccessControl.admit` does; `isWanted` tells whether the one who asks is still there.
   */
  async admit(
    request: AdmissionRequest & { readonly resumeToken?: string | undefined },
    isWanted: () => boolean,
  ): Promise<Admission> {
    if (this.#closed) throw new AppError('server_closing');
    const { room, resumeToken } = request;
    const kept = resumeToken === undefined ? undefined : this.#rooms.get(roomName(room))?.admissionOf(resumeToken);
    return kept ?? this.#access.admit(request, isWanted);
  }

  /** Throws `AppError` `invalid_room`, `invalid_name`, `room_full`, `room_locked`, `too_many_rooms` or `server_closing`. */
  join({ room: wantedRoom, name: wantedName, ...options }: JoinRequest): Joined {
    if (this.#closed) throw new AppError('server_closing');
    const name = options.admission.name ?? participantName(wantedName);
    const room = this.#roomNamed(roomName(wantedRoom));
    const participant = room.join({ name, ...options });
    this.#joins += 1;
    return {
      participant,
      room: room.name,
      locked: room.locked,
      participants: room.participants,
      mediaResumed: participant.hasMedia,
    };
  }

  get figures(): RoomFigures {
    let participants = 0;
    for (const room of this.#rooms.values()) participants += room.size;
    return { rooms: this.#rooms.size, participants, joins: this.#joins };
  }

  /** Refuses joins from now on and ends everybody with `server_closing`. */
  close(): void {
    this.#closed = true;
    this.#access.close();
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
  }

  #roomNamed(name: string): Room {
    const existing = this.#rooms.get(name);
    if (existing !== undefined) return existing;
    if (this.#rooms.size >= this.#limits.maxRooms) throw new AppError('too_many_rooms');
    const room = new Room({
      name,
      plane: this.#plane,
      limits: this.#limits,
      bans: this.#access.bans,
      clock: this.#clock,
      log: this.#log,
      onEmpty: () => {
        this.#rooms.delete(name);
        this.#log.info({ room: name }, 'room closed');
      },
    });
    this.#rooms.set(name, room);
    this.#log.info({ room: name }, 'room opened');
    return room;
  }
}
