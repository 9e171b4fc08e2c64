/**
 * The messages of the WebSocket at `/ws`, one JSON object a text message. `docs/protocol.md` describes them for people.
 * The page imports only the types of this file. Unknown fields are ignored, so that both sides can grow.
 */
import { z } from 'zod';
import type { ErrorCode } from '../lib/errors.ts';
import type { MediaCloseReason } from '../media/plane.ts';

export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('join'),
    room: z.string(),
    name: z.string(),
    muted: z.boolean().default(false),
    deafened: z.boolean().default(false),
    /** From the `joined` message of a connection that broke: this one takes its place, and the participant's media goes on. */
    resumeToken: z.string().max(128).optional(),
    /** A join token (JWT). */
    token: z.string().max(4096).optional(),
    /** Of the room. */
    password: z.string().max(256).optional(),
  }),
  z.object({
    type: z.literal('offer'),
    sdp: z.string(),
    /** It restarts ICE of the connection that there is (RFC 8445 section 2.4), which goes on. */
    restart: z.boolean().default(false),
  }),
  z.object({ type: z.literal('mute'), muted: z.boolean() }),
  z.object({ type: z.literal('deafen'), deafened: z.boolean() }),
  /** This one and the next two are for moderators. Muted: the participant cannot unmute. Not muted: they may. */
  z.object({ type: z.literal('mute_participant'), participantId: z.string().max(64), muted: z.boolean() }),
  z.object({
    type: z.literal('kick'),
    participantId: z.string().max(64),
    /** How long the identity of a token does not get in again; nobody without a token can be kept out. */
    banSeconds: z.number().int().min(0).max(86_400).default(0),
  }),
  z.object({ type: z.literal('lock'), locked: z.boolean() }),
  z.object({ type: z.literal('leave') }),
  z.object({ type: z.literal('ping'), id: z.number().optional() }),
]);

export type ClientMessage = z.infer<typeof clientMessageSchema>;
/** A client message as a client writes it: fields with a default may be left out. */
export type ClientMessageInput = z.input<typeof clientMessageSchema>;

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
