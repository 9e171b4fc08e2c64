import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { AnySeat, MediaRoom, ParticipantState, Seat } from '../media/plane.ts';
import type { Admission } from './admission.ts';
import type { ChatAction } from './chat/room-chat.ts';
import type { LeaveReason, ParticipantListener, ParticipantView } from './events.ts';
import type { Person } from './hearing.ts';
import type { ModeratorAction } from './moderation.ts';
import type { Participant } from './participant.ts';
import type { PageQuery } from './people-pages.ts';
import type { DataAction } from './room-data.ts';
import type { Pose } from './space/room-space.ts';
import type { TalkTarget } from './talk.ts';

/** What a participant needs from its room. */
export interface ParticipantRoom {
  /** As `roomKey` returns it. */
  readonly key: () => string;
  readonly name: () => string;
  /** Takes a seat in the room's media with `take`. Throws what `take` throws. */
  seat<S extends AnySeat>(participant: Participant, take: (media: MediaRoom) => S): S;
  /** The participant has a new seat. */
  seated(participant: Participant): void;
  freeSeat(seat: Seat): void;
  /** Throws `unknown_participant`. */
  hear(listener: Participant, participantId: string, gain: number): void;
  /** Throws what `RoomTalk.set` throws. */
  talkTo(talker: Participant, target: TalkTarget): void;
  /** Throws what `RoomChannels.enter` and `exit` throw. */
  setInChannel(participant: Participant, channel: string, isIn: boolean): void;
  /** Where the participant's player looks, in degrees. */
  turn(participant: Participant, yaw: number): void;
  /** Throws what `RoomSpace.pose` throws. */
  pose(participant: Participant, pose: Pose): void;
  /** Throws what `RoomChat.act` and `RoomData.send` throw. */
  write(writer: Participant, action: ChatAction | DataAction): void;
  /** Sends them a page of the people here. Throws `server_busy`. */
  listPeople(asker: Participant, query: PageQuery & { readonly requestId?: number | undefined }): void;
  updated(participant: Participant): void;
  /** A change of the participant's state was delayed because there were too many. */
  heldBack(): void;
  /** Throws `AppError` `not_allowed` or `unknown_participant`. */
  moderate(moderator: Participant, action: ModeratorAction): void;
  left(participant: Participant, reason: LeaveReason): void;
}

export interface ParticipantOptions {
  readonly id: string;
  readonly name: string;
  readonly admission: Admission;
  readonly mutedByModerator: boolean;
  readonly mutedInChat: boolean;
  readonly state: ParticipantState;
  readonly hasMicrophone: boolean;
  /** How they are here, if not by a page. */
  readonly via: ParticipantView['via'];
  /** Whose companion this is; undefined for a person. */
  readonly owner: Person | undefined;
  /** Had a seat before, through an earlier connection of the same participant. */
  readonly returning: boolean;
  readonly resumeToken: string;
  /** When they joined the room, in milliseconds since 1970. */
  readonly joinedAtMs: Millis;
  readonly listener: ParticipantListener;
  readonly room: ParticipantRoom;
  /** How long the seat of a participant with a broken connection is kept while their media works. */
  readonly resumeTimeoutMs: Millis;
  readonly clock: Clock;
  /** Has the room and this participant as fields. */
  readonly log: Logger;
}

/** Where somebody is moved to. */
export interface Place extends Pick<ParticipantOptions, 'room' | 'joinedAtMs' | 'log'> {
  /** Undefined: the one that they have. */
  readonly admission: Admission | undefined;
}
