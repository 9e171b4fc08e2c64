/**
 * The messages of the WebSocket at `/ws`, one JSON object per text message. `docs/protocol.md` documents them, and
 * `client-messages.ts` validates what clients send. Both sides ignore unknown fields, so that either can be extended.
 */
import type { ErrorCode } from '../lib/error-code.ts';
import type { ChannelView, ShouterView, TalkView } from './channel-views.ts';
import type { ChatLine, ChatRules } from './chat.ts';
import type { ConnectionGrade, MicrophoneState, ParticipantInfo } from './participant-info.ts';
import type { RecordingNews, RecordingRequest, RecordingView } from './recording.ts';
import type { ListedRoom } from './rooms.ts';
import type { LeaveReason, PeopleCount, PeopleNews, PeopleRequest } from './roster.ts';
import type { SpaceView } from './space-view.ts';

export type {
  ChannelView,
  ConnectionGrade,
  ErrorCode,
  LeaveReason,
  MicrophoneState,
  ParticipantInfo,
  ShouterView,
  SpaceView,
  TalkView,
};

/** A client message as a client writes it. */
export type ClientMessageInput =
  | {
      readonly type: 'join';
      readonly room: string;
      readonly name: string;
      readonly muted?: boolean | undefined;
      readonly deafened?: boolean | undefined;
      /** A microphone is in use, muted or not; true if omitted. */
      readonly hasMicrophone?: boolean | undefined;
      /**
       * From the `joined` message of a broken connection. This connection takes its place, and the participant's media
       * continues.
       */
      readonly resumeToken?: string | undefined;
      /** A join token (JWT). */
      readonly token?: string | undefined;
      /** The password of the room. */
      readonly password?: string | undefined;
      /** This client understands `participants_joined` and `participants_left`. */
      readonly batches?: boolean | undefined;
      /** This client shows the chat. Otherwise it receives nothing of it. */
      readonly chat?: boolean | undefined;
      /** The latest `mark` that it received: it knows the chat up to there. */
      readonly chatAfter?: string | undefined;
      /** This client receives messages of programs (`data`). */
      readonly data?: boolean | undefined;
      /** This client understands `redirect`. */
      readonly redirects?: boolean | undefined;
      /** This client understands that large rooms list only some people, and asks for others with `list_people`. */
      readonly pages?: boolean | undefined;
      /**
       * The `resumeToken` of a participant in the room: this is not a person, but sends a sound that they share beside
       * their voice.
       */
      readonly companionOf?: string | undefined;
    }
  | {
      readonly type: 'offer';
      readonly sdp: string;
      /** Restarts ICE (RFC 8445 section 2.4) on the current connection, which continues. */
      readonly restart?: boolean | undefined;
    }
  /** State that participants control themselves. Omitted fields keep their value. */
  | {
      readonly type: 'state';
      readonly muted?: boolean | undefined;
      readonly deafened?: boolean | undefined;
      readonly hasMicrophone?: boolean | undefined;
      /** They want to say something. It ends when they go to another room. */
      readonly handRaised?: boolean | undefined;
      /** They are not at the computer. */
      readonly away?: boolean | undefined;
      /** They agree to be recorded as long as they are in the room. */
      readonly agreesToRecording?: true | undefined;
    }
  /** Same as `state` with one field, as sent by clients of version 0.1. */
  | { readonly type: 'mute'; readonly muted: boolean }
  | { readonly type: 'deafen'; readonly deafened: boolean }
  /** How loud this participant hears another, from 0 (silent) to 2; 1 is unchanged. No one else receives this. */
  | { readonly type: 'hear'; readonly participantId: string; readonly gain: number }
  /**
   * To whom this participant speaks from now on: everyone in the room (the default), channels by name, and people to
   * whom they whisper. Nobody else hears them.
   */
  | {
      readonly type: 'talk_to';
      readonly room?: boolean | undefined;
      readonly channels?: readonly string[] | undefined;
      /** Ids of participants. */
      readonly to?: readonly string[] | undefined;
      /** Everyone in the room and in the rooms linked to it; only with the right to do so. */
      readonly shout?: boolean | undefined;
    }
  /** Joins or leaves an open channel, to speak in it and hear it. */
  | { readonly type: 'join_channel'; readonly channel: string }
  | { readonly type: 'leave_channel'; readonly channel: string }
  /** Where this participant's player looks, in degrees clockwise from above; 0 is the forward axis of the game. */
  | { readonly type: 'turn'; readonly yaw: number }
  /** Where this participant's player is, in the axes and units of the room, if its rules allow clients to say so. */
  | {
      readonly type: 'pose';
      readonly position: readonly [x: number, y: number, z: number];
      /** As in `turn`; if omitted, the direction stays as it is. */
      readonly yaw?: number | undefined;
    }
  /** For moderators, like the next two. If muted, the participant cannot unmute; otherwise they may. */
  | {
      readonly type: 'mute_participant';
      readonly participantId: string;
      readonly muted: boolean;
      /** The server answers with `done` or `error` and the same number. */
      readonly requestId?: number | undefined;
    }
  | {
      readonly type: 'kick';
      readonly participantId: string;
      /** How long the identity in their token is banned. Participants without a token cannot be banned. */
      readonly banSeconds?: number | undefined;
      readonly requestId?: number | undefined;
    }
  | { readonly type: 'lock'; readonly locked: boolean; readonly requestId?: number | undefined }
  /**
   * Renews the join token of this participant, so that they can join again after a restart of the server. With a token,
   * which must be for the same room and identity; without one the server issues it.
   */
  | { readonly type: 'renew_token'; readonly token?: string | undefined }
  /** Writes into the chat of the room, or with `to` to one participant alone. */
  | {
      readonly type: 'say';
      readonly text: string;
      readonly to?: string | undefined;
      /** Ids of participants. */
      readonly mentions?: readonly string[] | undefined;
      /** The id of a file that this participant has uploaded. */
      readonly file?: string | undefined;
      /** Comes back in `said` to this client, or in the error. */
      readonly requestId?: number | undefined;
    }
  /** Asks for a place for a file of this size, to be uploaded and then sent with `say`. */
  | {
      readonly type: 'offer_file';
      readonly name: string;
      readonly bytes: number;
      readonly requestId?: number | undefined;
    }
  /** Changes one's own line. */
  | {
      readonly type: 'edit';
      readonly id: string;
      readonly text: string;
      readonly mentions?: readonly string[] | undefined;
      readonly requestId?: number | undefined;
    }
  /** Deletes one's own line; moderators delete any. */
  | { readonly type: 'unsay'; readonly id: string; readonly requestId?: number | undefined }
  /** For moderators, like the next. A participant who is muted in the chat cannot write. */
  | {
      readonly type: 'mute_chat';
      readonly participantId: string;
      readonly muted: boolean;
      readonly requestId?: number | undefined;
    }
  /** How long one person has to wait between two lines; 0 switches this off. */
  | { readonly type: 'slow_mode'; readonly seconds: number; readonly requestId?: number | undefined }
  /** A message to the programs of the others, with either a payload or bytes. It is not kept. */
  | {
      readonly type: 'data';
      readonly topic: string;
      /** Any JSON. */
      readonly payload?: unknown;
      /** In base64. */
      readonly bytes?: string | undefined;
      /** Ids of participants; omitted: everyone else in the room. */
      readonly to?: readonly string[] | undefined;
      /** False: it is left out rather than late, for those whose connection is behind. */
      readonly reliable?: boolean | undefined;
      readonly requestId?: number | undefined;
    }
  | RecordingRequest
  | PeopleRequest
  /** Whether this client receives the list of rooms. */
  | { readonly type: 'watch_rooms'; readonly on: boolean; readonly requestId?: number | undefined }
  /** Goes to another open room with the same media connection, under the rules of a join there. */
  | {
      readonly type: 'switch_room';
      readonly room: string;
      readonly password?: string | undefined;
      /** A join token of the same identity. */
      readonly token?: string | undefined;
      readonly requestId?: number | undefined;
    }
  | { readonly type: 'leave' }
  | { readonly type: 'ping'; readonly id?: number | undefined };

/** Why a participant's media ended without their request. */
export type MediaCloseReason = 'handshake_failed' | 'silent' | 'closed_by_peer' | 'media_failed';

/** How others get into a room: by its name, with its password as well, or only with a join token each. */
export type RoomEntry = 'open' | 'password' | 'token';

/** Linear, from 0 to 2. */
export type ParticipantGain = readonly [participantId: string, gain: number];

/** Same as the browser's `RTCIceServer`. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export type ServerMessage =
  | (PeopleCount & {
      readonly type: 'joined';
      readonly participantId: string;
      /** The name of the room, as whoever opened it spelled it. */
      readonly room: string;
      readonly entry: RoomEntry;
      readonly locked: boolean;
      /** Everyone in the room, including the new participant, unless there is a `count`. */
      readonly participants: readonly ParticipantInfo[];
      readonly iceServers: readonly IceServer[];
      readonly resumeToken: string;
      /** With it this participant reads the files of the chat. Omitted if there are none. */
      readonly fileKey?: string;
      /** There is a list of rooms, which `watch_rooms` asks for. */
      readonly roomList: boolean;
      /** This participant may share a sound beside their voice. */
      readonly mayShareSound: boolean;
      /** The previous media connection continues; no offer is needed. */
      readonly mediaResumed: boolean;
      /** The participants whom this one hears with a gain other than 1. */
      readonly hearing: readonly ParticipantGain[];
      /** The room's channels that concern this participant. */
      readonly channels: readonly ChannelView[];
      /** Whether participants may whisper. */
      readonly mayWhisper: boolean;
      /** Those who speak to this participant other than to everyone. */
      readonly talking: readonly TalkView[];
      /** The linked rooms to which this participant may shout. */
      readonly shoutsTo: readonly string[];
      /** Those who shout in linked rooms now; omitted if nobody does. */
      readonly shouting?: readonly ShouterView[];
      /** Omitted in a room without space. */
      readonly space?: SpaceView;
      /** The room is being recorded; otherwise omitted. */
      readonly recording?: RecordingView;
      /** This participant may start and end a recording (`record`); otherwise omitted. */
      readonly mayRecord?: true;
      /** With it this participant plays sounds to the room (`/sounds`); omitted without the right. */
      readonly soundKey?: string;
      /** How many only listen, and are not in the list. */
      readonly listeners: number;
      /** Null: there is no chat in this room. */
      readonly chat: ChatRules | null;
    })
  | { readonly type: 'answer'; readonly sdp: string }
  /** This participant's own media connection is established. */
  | { readonly type: 'media_connected' }
  /**
   * It comes from an address unknown to ICE, for example after a NAT rebinding. An ICE restart moves the mix there at
   * once.
   */
  | { readonly type: 'media_moved' }
  /** This participant's own media connection is gone. A new offer from a new RTCPeerConnection starts another. */
  | { readonly type: 'media_closed'; readonly reason: MediaCloseReason }
  | PeopleNews
  /** Locked: nobody new can join. */
  | { readonly type: 'room_updated'; readonly locked: boolean }
  /**
   * This participant is in another room now: they have switched, or the operator has moved them. Their media continues
   * there on the same connection.
   */
  | (PeopleCount & {
      readonly type: 'moved';
      readonly room: string;
      readonly entry: RoomEntry;
      readonly locked: boolean;
      /** Everyone there, including this participant. */
      readonly participants: readonly ParticipantInfo[];
      /** As in `joined`, for this room, like all that follow. */
      readonly hearing: readonly ParticipantGain[];
      readonly channels: readonly ChannelView[];
      readonly mayWhisper: boolean;
      readonly talking: readonly TalkView[];
      readonly shoutsTo: readonly string[];
      readonly shouting?: readonly ShouterView[];
      /** Omitted in a room without space. */
      readonly space?: SpaceView;
      readonly recording?: RecordingView;
      readonly mayRecord?: true;
      readonly soundKey?: string;
      /** How many only listen, and are not in the list. */
      readonly listeners: number;
      readonly chat: ChatRules | null;
    })
  | RecordingNews
  /** So many people only listen to the room, and are not in the list. */
  | { readonly type: 'listeners'; readonly listeners: number }
  /** The list of rooms, in its order. It replaces what the client knew of it. */
  | { readonly type: 'rooms'; readonly rooms: readonly ListedRoom[] }
  /** Rooms of the list that are new or have changed, and the names of those that are no longer in it. */
  | { readonly type: 'rooms_changed'; readonly rooms: readonly ListedRoom[]; readonly closed: readonly string[] }
  /** The linked rooms to which this participant may shout have changed. */
  | { readonly type: 'shouts_to'; readonly rooms: readonly string[] }
  /** Those who shout in linked rooms from now on, so that they are heard here. */
  | { readonly type: 'shouting'; readonly shouters: readonly ShouterView[] }
  /** The room has a space with these rules from now on; null: it has none. */
  | { readonly type: 'space'; readonly space: SpaceView | null }
  /** From now on this participant hears another with this gain, as requested. */
  | { readonly type: 'hearing'; readonly participantId: string; readonly gain: number }
  /** The channels that concern this participant have changed. */
  | { readonly type: 'channels'; readonly channels: readonly ChannelView[] }
  /** How someone speaks to this participant has changed. */
  | {
      readonly type: 'talking';
      readonly participantId: string;
      readonly channels: readonly string[];
      readonly whispers: boolean;
    }
  /**
   * The server admits nobody new, and shuts down when everyone has left or after `endsInMs`, if given. Participants can
   * keep talking. False cancels the shutdown.
   */
  | { readonly type: 'server_draining'; readonly draining: boolean; readonly endsInMs: number | null }
  /** Current speakers with their level in dBov (0 loudest, -127 silence). Anyone not listed is silent. */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [participantId: string, levelDbov: number])[] }
  /** The join token of this participant expires. They stay in the room, but could not join again without another. */
  | { readonly type: 'token_expires'; readonly inMs: number }
  /** The answer to `renew_token`. `token` is present if the server issued it; it opens this room. */
  | { readonly type: 'token_renewed'; readonly room: string; readonly token?: string; readonly expiresInMs: number }
  /** The answer to `join`: another server of the cluster has the room, and its WebSocket is there. */
  | { readonly type: 'redirect'; readonly url: string }
  /** The server is closing this WebSocket. Join again after the given time. */
  | { readonly type: 'server_closing'; readonly retryAfterMs: number }
  | { readonly type: 'pong'; readonly id?: number }
  /** The request with this number has been carried out. */
  | { readonly type: 'done'; readonly requestId: number }
  /**
   * Somebody has written a line: to this participant alone if `to` is not null. Lines to one participant are not kept.
   * A client that has broken off tells the server the latest `mark` that it received.
   */
  | {
      readonly type: 'said';
      readonly line: ChatLine;
      readonly to: string | null;
      readonly mark: string;
      readonly requestId?: number;
    }
  /** The file may be uploaded in pieces: POST `/files/new/GRANT?at=OFFSET`. */
  | { readonly type: 'file_offered'; readonly grant: string; readonly requestId?: number }
  /** Replaces the line with this id. */
  | { readonly type: 'edited'; readonly line: ChatLine; readonly mark: string; readonly requestId?: number }
  /** The line is deleted. `by` is the participant who did it. */
  | {
      readonly type: 'unsaid';
      readonly id: string;
      readonly by: string;
      readonly mark: string;
      readonly requestId?: number;
    }
  /**
   * After `joined` and `moved`: the lines that are kept, or with `complete` false only what is new or changed, and the
   * ids of those deleted, since `chatAfter`. If complete, it replaces what the client knows of the room's chat.
   */
  | {
      readonly type: 'chat_history';
      readonly lines: readonly ChatLine[];
      readonly unsaid: readonly string[];
      readonly complete: boolean;
      readonly mark: string;
    }
  | { readonly type: 'chat_updated'; readonly chat: ChatRules | null }
  /** A message of another participant's program; `from` is null for the server of the application. */
  | {
      readonly type: 'data';
      readonly from: string | null;
      readonly topic: string;
      readonly payload?: unknown;
      readonly bytes?: string;
    }
  | {
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      /** Present if it is worth trying again later. */
      readonly retryAfterMs?: number;
      /** Of the request that failed, if it had one. */
      readonly requestId?: number;
    };
