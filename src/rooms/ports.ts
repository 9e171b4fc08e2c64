import type { Millis } from '../lib/clock.ts';
import type { Ban } from './ban-list.ts';
import type { EndReason, LeaveReason, ParticipantView } from './events.ts';
import type { RoomSettings } from './room-options.ts';

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

/** What moderators have decided for a room. */
export interface Decisions {
  readonly locked: boolean;
  /** Identities that stay muted when they come back, oldest first. */
  readonly muted: readonly string[];
  /** The same in the chat. */
  readonly mutedInChat: readonly string[];
}

/** A room, as it is kept. */
export interface KeptRoom extends Decisions {
  readonly name: string;
  /** It is there until it is closed. Another one is kept only while somebody is in it, for when its server dies. */
  readonly permanent: boolean;
  /** Hashed; null: none of its own. */
  readonly password: string | null;
  /** What was set for this room. Everything else is as the server's settings say. */
  readonly settings: Partial<RoomSettings>;
}

/** Somebody who was removed from a room, and cannot return with what they had been given until then. */
export interface Removal {
  /** As `roomKey` returns it. */
  readonly room: string;
  /** As `personKey` returns it. */
  readonly person: string;
  /** In milliseconds since 1970. */
  readonly untilMs: Millis;
}

/** What is kept, by table. */
export interface KeptRecords {
  /** By `roomKey`. */
  readonly rooms: KeptRoom;
  /** By id. */
  readonly bans: Ban;
  /** By room and person. */
  readonly removed: Removal;
}

export type KeptTable = keyof KeptRecords;

/** Is told of what others have changed; null: it was deleted. Must neither throw nor block. */
export type KeptListener = <T extends KeptTable>(table: T, key: string, record: KeptRecords[T] | null) => void;

/** Keeps what must not be lost when the server ends. */
export interface KeptStore {
  /** What is there now. */
  all<T extends keyof KeptRecords>(table: T): ReadonlyMap<string, KeptRecords[T]>;
  /** Replaces the record with this key; null deletes it. Neither throws nor blocks; the store reports its failures. */
  set<T extends keyof KeptRecords>(table: T, key: string, record: KeptRecords[T] | null): void;
  /** From now on. Those who listen are told in the order in which they began. */
  watch(listener: KeptListener): void;
  /** Others use it at the same time, so rooms that are not here are kept as well. */
  readonly isShared: boolean;
}

/** Everything is lost when the server ends. */
export const NOTHING_KEPT: KeptStore = { all: () => new Map(), set: () => {}, watch: () => {}, isShared: false };

/** Where a room is, or is to be from now on. */
export type Placement =
  | { readonly at: 'here' }
  /** At the node whose WebSocket has this URL, which may be a path behind the same name. */
  | { readonly at: 'elsewhere'; readonly url: string }
  /** Nobody knows yet. */
  | { readonly at: 'unknown'; readonly retryAfterMs: Millis };

/** Decides at which server of a cluster each room is. */
export interface Directory {
  /** By `roomKey`. Never rejects. */
  place(room: string): Promise<Placement>;
  /** The room is open here without having been placed: the operator has opened it. */
  opened(room: string): void;
  /** The room is closed here. */
  released(room: string): void;
}

/** A server by itself has all rooms. */
export const ALONE: Directory = { place: async () => ({ at: 'here' }), opened() {}, released() {} };
