import type { LeaveReason, ParticipantInfo, RoomEntry, ServerMessage } from '../../src/protocol/messages.ts';
import type { RecordingEndReason, RecordingView } from '../../src/protocol/recording.ts';
import type { ListedRoom } from '../../src/protocol/rooms.ts';
import type { ChannelState } from './channels.ts';
import type { ChatEntry, ChatState } from './chat.ts';
import type { ConnectionState } from './connection-state.ts';
import type { DeviceError } from './device-error.ts';
import type { AudioDevices } from './devices.ts';
import type { Participant } from './participant.ts';
import type { Quality } from './quality.ts';
import type { GetToken } from './token-keeper.ts';
import type { VoiceError } from './voice-error.ts';

export interface JoinOptions {
  readonly room: string;
  readonly name: string;
  readonly muted?: boolean;
  readonly deafened?: boolean;
  /**
   * A join token from the server's operator, or a function that gets one from the application's server. It is called
   * before the first join, and whenever the previous token is about to expire or is refused.
   */
  readonly token?: string | GetToken;
  /** The password of the room, if it has one. */
  readonly password?: string;
}

export interface SwitchOptions {
  readonly password?: string;
  /** A join token of the same identity. Only needed if everyone needs a token. */
  readonly token?: string;
}

/** What participants say about themselves besides being muted or deafened. */
export interface PresenceState {
  /** They want to say something. It ends when they go to another room. */
  readonly handRaised?: boolean;
  /** They are not at the computer. */
  readonly away?: boolean;
  /** They agree to be recorded as long as they are in the room; without it nobody may hear them during a recording. */
  readonly agreesToRecording?: true;
}

export interface RecordingState {
  /** `recording`: news of the room in which they are. Otherwise they enter a room. */
  readonly type: 'joined' | 'moved' | 'recording';
  /** Null or omitted: the room is not recorded. */
  readonly recording?: RecordingView | null | undefined;
  /** Why it has ended. */
  readonly reason?: RecordingEndReason;
  /** Only when a room is entered: this participant may start and end a recording (`moderation.record`). */
  readonly mayRecord?: true | undefined;
  /** Only when a room is entered: with it this participant plays sounds to this room (`/sounds`). */
  readonly soundKey?: string | undefined;
}

/** Which page of the people in a room. */
export interface PeopleQuery {
  /** `next` of the page before; omitted for the first. */
  readonly after?: string;
  /** Part of a name. Case and accents do not matter. */
  readonly search?: string;
}

/** At most 100 people, in order of their arrival. */
export interface PeoplePage {
  readonly participants: readonly ParticipantInfo[];
  /** For the next page; null after the last. */
  readonly next: string | null;
}

export type ListPeople = (query?: PeopleQuery) => Promise<PeoplePage>;

export interface VoiceEvents {
  state: ConnectionState;
  /**
   * Everyone in the room by id, including this participant, whenever someone joins, leaves or changes. In a large room
   * only moderators, raised hands and those who have spoken lately (see `count`).
   */
  participants: ReadonlyMap<string, ParticipantInfo>;
  /**
   * What the server has told this participant about their join, with secrets of theirs.
   * @internal
   */
  joined: Extract<ServerMessage, { readonly type: 'joined' }>;
  participantJoined: ParticipantInfo;
  participantLeft: { readonly participant: ParticipantInfo; readonly reason: LeaveReason };
  /** The server muted this participant: a moderator did it, or the join token does not allow speaking. */
  muted: boolean;
  /** How others get into the room, whenever this participant enters one. */
  entry: RoomEntry;
  /** Nobody new can join the room, or everyone can again. */
  locked: boolean;
  /**
   * How many people are in the room, if not all are among the participants, whenever that changes; otherwise undefined.
   * `VoiceClient.listPeople` finds the others.
   */
  count: number | undefined;
  /** So many only listen to the room, and are not among the participants; on entering, and when it changes. */
  listeners: number;
  /**
   * False when the server has not answered for a second, though the connection stands: it hangs, or the network does.
   * True when it answers again.
   */
  answering: boolean;
  /** This participant is in this room now: they switched, or the operator has moved them. The audio continues there. */
  moved: string;
  /**
   * The server admits nobody new, and shuts down when everyone has left, or after `endsInMs` if that is given. Null
   * cancels it.
   */
  draining: { readonly endsInMs: number | null } | null;
  /** The participants whom this one hears with a gain other than 1, by id: from 0 (silent) to 2. No one else knows. */
  hearing: ReadonlyMap<string, number>;
  /** Whether the room is recorded, whenever this participant enters one, and whenever a recording begins or ends. */
  recording: RecordingState;
  /** The room's channels, and who speaks to this participant in them or whispers. */
  channels: ChannelState;
  /** The chat, whenever a line comes, changes or goes, and when its rules change. */
  chat: ChatState;
  /** A new line of the chat, also one's own. Lines of the history are not new. */
  chatLine: ChatEntry;
  /**
   * The list of rooms, empty while it is not watched; null if the server has none. Permanent rooms belong first, then
   * `order` and name decide.
   */
  rooms: readonly ListedRoom[] | null;
  /** The current speakers with their level in dBov (0 loudest, -127 silence), 5 to 10 times a second. */
  levels: ReadonlyMap<string, number>;
  /** Those who speak, loudest first, whenever somebody starts or stops. */
  activeSpeakers: readonly Participant[];
  /** The mix of everyone else, to be played by one audio element. A new stream after every new connection. */
  stream: MediaStream;
  /** What the browser knows about the connection, every two seconds while audio flows, right before `quality`. */
  report: RTCStatsReport;
  /** Every two seconds while audio flows, otherwise null. */
  quality: Quality | null;
  /** The server has replaced a join token that expires; it opens `room`. Keep it for a join after a reload. */
  token: { readonly token: string; readonly room: string };
  error: VoiceError;
  /** Only from a `VoiceRoom`: the browser plays nothing until `startAudio` is called from a click, or it plays again. */
  audioBlocked: boolean;
  /** Only from a `VoiceRoom`: the microphone that is sent from now on; null if it was closed or unplugged. */
  microphone: MediaStreamTrack | null;
  /** Only from a `VoiceRoom`: a device was plugged in or out, or its name is known now. */
  devices: AudioDevices;
  /** Only from a `VoiceRoom`: the microphone was unplugged, and there is no other. */
  deviceError: DeviceError;
}
