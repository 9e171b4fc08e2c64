import type { Millis } from '../lib/clock.ts';
import type { EndReason, LeaveReason, ParticipantView } from './events.ts';

export type RoomEndReason = 'empty' | 'room_closed' | 'server_closing';

/** A room, for those who only look at it. */
export interface RoomFact {
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly startedAtMs: Millis;
}

/** A participant, for those who only look at them. */
export interface ParticipantFact extends ParticipantView {
  /** When they came into the room, in milliseconds since 1970. */
  readonly joinedAtMs: Millis;
}

/** Is told what happens in all rooms, as it happens; it must neither throw nor take long. */
export interface RoomObserver {
  roomStarted(room: RoomFact): void;
  roomEnded(room: RoomFact, reason: RoomEndReason): void;
  participantJoined(room: RoomFact, participant: ParticipantFact): void;
  /** With `moved` they are in another room already. */
  participantLeft(room: RoomFact, participant: ParticipantFact, reason: LeaveReason | EndReason): void;
}
