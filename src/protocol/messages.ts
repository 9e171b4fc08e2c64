/**
 * The messages of the WebSocket at `/ws`, one JSON object in each text message. `docs/protocol.md` describes them for people,
 * `client-messages.ts` checks what clients send. Both sides ignore fields they do not know, so that either can grow.
 */
import type { ErrorCode } from '../lib/errors.ts';

/** A client message as a client writes it. */
export type ClientMessageInput =
  | {
      readonly type: 'join';
      readonly room: string;
      readonly name: string;
      readonly muted?: boolean | undefined;
      readonly deafened?: boolean | undefined;
      /** From the `joined` message of a connection that broke: this one takes its place, and the participant's media goes on. */
      readonly resumeToken?: string | undefined;
      /** A join token (JWT). */
      readonly token?: string | undefined;
      /** Of the room. */
      readonly password?: string | undefined;
      /** This client understands `participants_joined` and `participants_left`. */
      readonly batches?: boolean | undefined;
    }
  | {
      readonly type: 'offer';
      readonly sdp: string;
      /** Restarts ICE of the current connection (RFC 8445 section 2.4), which goes on. */
      readonly restart?: boolean | undefined;
    }
  /** What this participant decides about themselves. Omitted fields keep their value. */
  | { readonly type: 'state'; readonly muted?: boolean | undefined; readonly deafened?: boolean | undefined }
  /** The same as `state` with one field, as clients of version 0.1 send it. */
  | { readonly type: 'mute'; readonly muted: boolean }
  | { readonly type: 'deafen'; readonly deafened: boolean }
  /** For moderators, like the next two. Muted: the participant cannot unmute. Not muted: they may. */
  | { readonly type: 'mute_participant'; readonly participantId: string; readonly muted: boolean }
  | {
      readonly type: 'kick';
      readonly participantId: string;
      /** How long the identity of a token is kept out. Participants without a token cannot be kept out. */
      readonly banSeconds?: number | undefined;
    }
  | { readonly type: 'lock'; readonly locked: boolean }
  | { readonly type: 'leave' }
  | { readonly type: 'ping'; readonly id?: number | undefined };

/** Why a participant's media has ended without their asking for it. */
export type MediaCloseReason = 'handshake_failed' | 'silent' | 'closed_by_peer' | 'media_failed';

export interface ParticipantInfo {
  readonly id: string;
  /** The claim `sub` of their join token; null without a token. */
  readonly identity: string | null;
  readonly name: string;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly muted: boolean;
  /** Muted by a moderator: cannot unmute until a moderator allows it. */
  readonly mutedByModerator: boolean;
  readonly deafened: boolean;
  /** The media connection stands: this participant can hear and, unless muted, be heard. */
  readonly connected: boolean;
  /** The operator of the server records what this participant says and hears, to find a fault. */
  readonly captured: boolean;
}

/** As `RTCIceServer` of the browsers. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export type LeaveReason = 'left' | 'connection_lost' | 'kicked' | 'moved';

export type ServerMessage =
  | {
      readonly type: 'joined';
      readonly participantId: string;
      readonly room: string;
      readonly locked: boolean;
      /** Everybody in the room, the new participant included. */
      readonly participants: readonly ParticipantInfo[];
      readonly iceServers: readonly IceServer[];
      readonly resumeToken: string;
      /** The media connection of before goes on; no offer is needed. */
      readonly mediaResumed: boolean;
    }
  | { readonly type: 'answer'; readonly sdp: string }
  /** This participant's own media stands. */
  | { readonly type: 'media_connected' }
  /** It comes from an address that ICE does not know, as when a NAT rebinds: an ICE restart brings the mix there at once. */
  | { readonly type: 'media_moved' }
  /** This participant's own media is gone; a new offer from a new RTCPeerConnection starts it again. */
  | { readonly type: 'media_closed'; readonly reason: MediaCloseReason }
  | { readonly type: 'participant_joined'; readonly participant: ParticipantInfo }
  | { readonly type: 'participant_updated'; readonly participant: ParticipantInfo }
  /** Where many change at the same time in a large room. */
  | { readonly type: 'participants_updated'; readonly participants: readonly ParticipantInfo[] }
  | { readonly type: 'participant_left'; readonly participantId: string; readonly reason: LeaveReason }
  /** For clients that take batches, like the next. It may name participants whom the client knows already, itself included. */
  | { readonly type: 'participants_joined'; readonly participants: readonly ParticipantInfo[] }
  /** It may name participants whom the client does not know. */
  | {
      readonly type: 'participants_left';
      readonly participants: readonly { readonly participantId: string; readonly reason: LeaveReason }[];
    }
  /** Locked: nobody new gets in. */
  | { readonly type: 'room_updated'; readonly locked: boolean }
  /** The operator has taken this participant into another room; their media goes on there, with the same connection. */
  | {
      readonly type: 'moved';
      readonly room: string;
      readonly locked: boolean;
      /** Everybody there, this participant included. */
      readonly participants: readonly ParticipantInfo[];
    }
  /**
   * The server takes nobody new, and ends when all have left or after `endsInMs`, if that is given; those who are here talk on.
   * With false it does not end after all.
   */
  | { readonly type: 'server_draining'; readonly draining: boolean; readonly endsInMs: number | null }
  /** Those who speak now, with their level in dBov (0 loudest, -127 silence). Who is not listed is silent. */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [participantId: string, levelDbov: number])[] }
  /** The server closes this WebSocket now; join again after the given time. */
  | { readonly type: 'server_closing'; readonly retryAfterMs: number }
  | { readonly type: 'pong'; readonly id?: number }
  /** `retryAfterMs` is there where it is worth trying again later. */
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly retryAfterMs?: number };
