/** What the registry of rooms is given, and what it returns. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { MediaPlane, ParticipantState } from '../media/plane.ts';
import type { LiveMode } from '../protocol/api/live-mode.ts';
import type { ListedRoom } from '../protocol/rooms.ts';
import type { AccessControl } from './access.ts';
import type { Admission } from './admission.ts';
import type { FileLimits } from './chat/file-store.ts';
import type { ChatKeeping } from './chat/room-chat.ts';
import type { EventOf, ParticipantListener, ParticipantView } from './events.ts';
import type { Participant } from './participant.ts';
import type { Decisions, Directory, KeptStore, RoomObserver } from './ports.ts';
import type { Recorder, RecordingMode } from './recording/recorder.ts';
import type { RoomListMode } from './room-list.ts';
import type { RoomSettings, RoomView } from './room-options.ts';

export interface RegistryLimits {
  readonly maxRooms: number;
  /** Maximum number of rooms that one address may have open; 0: no limit. */
  readonly maxRoomsPerAddress: number;
  /** Default for rooms without their own limit. */
  readonly maxParticipants: number;
  /** Rooms with more people list only some of them; 0: all always do. */
  readonly rosterLimit?: number;
  /** How long the seat of a broken connection is kept while its media works. */
  readonly resumeTimeoutMs: Millis;
}

export interface ChatDefaults extends ChatKeeping {
  /** Whether rooms have a chat unless they say otherwise. */
  readonly enabled: boolean;
  /** No files if omitted. */
  readonly files?: FileLimits;
}

export interface RegistryOptions {
  readonly plane: MediaPlane;
  readonly limits: RegistryLimits;
  readonly access: AccessControl;
  readonly chat?: ChatDefaults;
  /** The teams of rooms that say nothing else, as `teamNames` returns them; none if omitted. */
  readonly teams?: readonly string[];
  /** Makes recordings; none if omitted. */
  readonly recorder?: Recorder | undefined;
  /** Whether rooms that say nothing else may be recorded; they may if omitted. */
  readonly recording?: RecordingMode;
  /** Who may listen over HTTP to rooms that say nothing else; nobody if omitted. */
  readonly live?: LiveMode;
  /** Which rooms people see without being in them; none if omitted. */
  readonly roomList?: RoomListMode;
  /** Whether participants may share sound beside their voices; true if omitted. */
  readonly shareSound?: boolean;
  /** All servers of a cluster have the same, so that people can resume at another one. */
  readonly resumeSecret?: string | undefined;
  /** Decides which server has which room; this one has all if omitted. */
  readonly directory?: Directory | undefined;
  /** What other servers list, as last heard; none if omitted. */
  readonly otherRooms?: (() => readonly ListedRoom[]) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: RoomObserver;
  readonly limitCounts?: LimitCounts;
  /** Keeps permanent rooms; nothing is kept if omitted. */
  readonly store?: KeptStore;
  /** Everyone who was there when `drain` was called has left, or its deadline has passed. */
  readonly onDrained?: () => void;
}

/** What may change while the server runs. */
export type RegistryDefaults = Partial<
  Pick<RegistryOptions, 'limits' | 'chat' | 'teams' | 'recording' | 'live' | 'shareSound'>
>;

export interface JoinRequest {
  readonly room: string;
  readonly name: string;
  /** From `admit`. */
  readonly admission: Admission;
  readonly state: ParticipantState;
  /** True if omitted. */
  readonly hasMicrophone?: boolean;
  /** How they are here, if not by a page. */
  readonly via?: ParticipantView['via'];
  /** The requester's address, as limits count it; a room that they open counts against it. */
  readonly from?: string | undefined;
  readonly resumeToken?: string | undefined;
  /** The resume token of the participant whose companion this is: it sends a sound that they share. */
  readonly companionOf?: string | undefined;
  /** How far the client knows the chat. */
  readonly chatAfter?: string | undefined;
  readonly listener: ParticipantListener;
}

export interface Joined extends RoomView {
  readonly participant: Participant;
  /** What the participant's client has missed of the chat; null if it shows none. */
  readonly history: EventOf<'chat_history'> | null;
  /** The participant was here before, and their media continues. */
  readonly mediaResumed: boolean;
  /** This participant can see the list of rooms. */
  readonly roomList: boolean;
  /** See `Participant.fileKey`; omitted if there are no files. */
  readonly fileKey?: string;
  /** This participant may share sound beside their voice. */
  readonly mayShareSound: boolean;
  /** The server is about to shut down. */
  readonly draining: { readonly endsInMs: Millis | null } | null;
}

/** A room opened by the operator. */
export interface NewRoom extends Partial<RoomSettings> {
  readonly name: string;
  readonly locked: boolean;
  /** In plain text or hashed. */
  readonly password?: string | undefined;
}

/** How the registry opens a room. */
export interface Opening {
  readonly permanent?: boolean;
  readonly settings?: Partial<RoomSettings>;
  /** The address that the room counts against. */
  readonly from?: string | undefined;
  readonly decisions?: Decisions | undefined;
}

/** Omitted settings keep their value. */
export interface RoomChange extends Partial<RoomSettings> {
  readonly locked?: boolean;
  /** Null restores the configured password, or none. */
  readonly password?: string | null;
}

/** Current totals. */
export interface RoomFigures {
  readonly rooms: number;
  readonly participants: number;
}

/** What a registry uses where its options say nothing. */
export const NO_FILES: FileLimits = { maxBytes: 0, maxTotalBytes: 0, keptMinutes: 0 };
export const CHAT: ChatDefaults = { enabled: true, keptLines: 100, keptHours: 24 };
export const NOBODY: RoomObserver = {
  roomStarted() {},
  roomEnded() {},
  participantJoined() {},
  participantLeft() {},
  channelChanged() {},
};

export function figuresOf(rooms: ReadonlyMap<string, { readonly size: number }>): RoomFigures {
  let participants = 0;
  for (const room of rooms.values()) participants += room.size;
  return { rooms: rooms.size, participants };
}

/** Of a room for which nothing was set. */
export function defaultSettings({ plane, limits, teams = [], chat, recording, live }: RegistryOptions): RoomSettings {
  return {
    ...plane.mix,
    maxParticipants: limits.maxParticipants,
    whispers: true,
    teams,
    chat: (chat ?? CHAT).enabled,
    slowModeSeconds: 0,
    description: '',
    order: 0,
    listed: true,
    recording: recording ?? 'allowed',
    live: live ?? 'off',
    links: [],
  };
}
