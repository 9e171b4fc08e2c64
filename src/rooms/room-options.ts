import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { LimitCounts } from '../lib/rates/limit-counts.ts';
import type { MediaPlane, MixSettings, ParticipantState } from '../media/plane.ts';
import type { LiveMode } from '../protocol/api/live-mode.ts';
import type { ChatRules } from '../protocol/chat.ts';
import type { RoomEntry } from '../protocol/messages.ts';
import type { Admission } from './admission.ts';
import type { BanList } from './ban-list.ts';
import type { FileStore } from './chat/file-store.ts';
import type { ChatKeeping } from './chat/room-chat.ts';
import type { ParticipantListener, ParticipantView, SpaceView } from './events.ts';
import type { ModeratorAction } from './moderation.ts';
import type { Participant } from './participant.ts';
import type { PersonalView } from './personal-sound.ts';
import type { Decisions, RoomEndReason, RoomObserver } from './ports.ts';
import type { Recorder, RecordingMode } from './recording/recorder.ts';
import type { PersonalRecordingView } from './recording/room-recording.ts';
import type { ResumeTokens } from './resume-token.ts';
import type { Room } from './room.ts';
import type { ListedPeople } from './room-roster.ts';
import type { TextCounts } from './text-counts.ts';

/** Settings of one room, which may differ from the server's defaults. */
export interface RoomSettings extends MixSettings {
  /** Includes participants whose connection broke and whose seat is kept. */
  readonly maxParticipants: number;
  /** Whether participants may whisper to each other. */
  readonly whispers: boolean;
  /** The keys of the rooms to which this one is linked if they name it as well, as `linkedNames` returns them. */
  readonly links: readonly string[];
  /** The teams among which people choose, as `teamNames` returns them. */
  readonly teams: readonly string[];
  readonly chat: boolean;
  /** How long one person waits between two lines of the chat; 0: not at all. */
  readonly slowModeSeconds: number;
  /** For people who look at the list of rooms; empty for none. */
  readonly description: string;
  /** The place in the list of rooms: lower numbers come first. */
  readonly order: number;
  /** Whether the list of rooms may have it. */
  readonly listed: boolean;
  readonly recording: RecordingMode;
  /** Who may listen over HTTP. */
  readonly live: LiveMode;
}

export interface RoomOptions {
  /** As `roomName` returns it. */
  readonly name: string;
  /** As `roomKey` returns it. */
  readonly key: string;
  /** The room stays open when its last participant leaves. */
  readonly permanent: boolean;
  readonly settings: RoomSettings;
  readonly plane: MediaPlane;
  /** How long the seat of a broken connection is kept while its media works. */
  readonly resumeTimeoutMs: Millis;
  readonly bans: BanList;
  readonly resumes: ResumeTokens;
  /** What its moderators had decided when the server last ran. */
  readonly decisions?: Decisions | undefined;
  /** How others get in now. */
  readonly entry: () => RoomEntry;
  readonly chatKeeping: ChatKeeping;
  /** The files of all chats. */
  readonly files: FileStore;
  readonly observer: RoomObserver;
  /** See `RoomRosterOptions`. */
  readonly rosterLimit: number;
  readonly limitCounts: LimitCounts;
  readonly textCounts: TextCounts;
  /** Undefined: nothing can be recorded on this server. */
  readonly recorder: Recorder | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The names in `links` have changed. */
  readonly onLinksChanged: () => void;
  readonly onDecided: (room: Room, action: ModeratorAction) => void;
  /** A participant is no longer in any room. */
  readonly onLeft: (participant: Participant) => void;
  /** The room is closed, by `close` or because its last participant left. */
  readonly onClosed: (reason: RoomEndReason) => void;
}

export interface JoinOptions {
  /** As `participantName` returns it. */
  readonly name: string;
  readonly admission: Admission;
  readonly state: ParticipantState;
  /** True if omitted. */
  readonly hasMicrophone?: boolean;
  /** How they are here, if not by a page. */
  readonly via?: ParticipantView['via'];
  /** The token of a participant whose place is taken if they are still here. */
  readonly resumeToken?: string | undefined;
  /** Whether to admit people who have no place here yet. */
  readonly takesNewcomers: boolean;
  /** Whose companion this is; undefined for a person. */
  readonly owner?: Participant | undefined;
  readonly listener: ParticipantListener;
}

/** A room as the operator sees it. */
export interface RoomInfo extends RoomSettings {
  readonly name: string;
  readonly permanent: boolean;
  /** In milliseconds since 1970. */
  readonly startedAtMs: Millis;
  readonly locked: boolean;
  readonly participants: number;
  /** Those who only listen, and are not in the room. */
  readonly listeners: number;
  /** Number of current speakers. */
  readonly speaking: number;
}

/** A room as a participant who enters receives it. */
export interface RoomView extends ListedPeople, PersonalView, PersonalRecordingView {
  /** Its name. */
  readonly room: string;
  readonly entry: RoomEntry;
  readonly locked: boolean;
  readonly chat: ChatRules | null;
  /** With it this participant plays sounds to the room; omitted without the right. */
  readonly soundKey?: string;
  /** How many only listen. */
  readonly listeners: number;
  /** Omitted without space. */
  readonly space?: SpaceView;
}
