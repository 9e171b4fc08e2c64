import type { Millis } from '../lib/clock.ts';
import type { EndReason, LeaveReason, ParticipantView } from './events.ts';

export type RoomEndReason = 'empty' | 'room_closed' | 'server_closing';

/** A room, for observers. */
export interface RoomFact {
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly startedAtMs: Millis;
}

/** A participant, for observers. */
export interface ParticipantFact extends ParticipantView {
  /** When they joined the room, in milliseconds since 1970. */
  readonly joinedAtMs: Millis;
}

/** Members of a channel, as speakers or listeners, who are in the room. */
export interface ChannelFact {
  readonly change: 'joined' | 'left';
  /** Its name. */
  readonly channel: string;
  /** At most 100. */
  readonly participants: readonly ParticipantFact[];
}

/** Receives the events of all rooms as they happen. Must neither throw nor block. */
export interface RoomObserver {
  roomStarted(room: RoomFact): void;
  roomEnded(room: RoomFact, reason: RoomEndReason): void;
  participantJoined(room: RoomFact, participant: ParticipantFact): void;
  /** With `moved`, they are already in another room. */
  participantLeft(room: RoomFact, participant: ParticipantFact, reason: LeaveReason | EndReason): void;
  /** Not when participants leave the room, which ends their membership in its channels. */
  channelChanged(room: RoomFact, fact: ChannelFact): void;
}
