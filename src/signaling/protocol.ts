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
    /** From the `joined` message of a connection that broke: the server ends that one first, and the participant keeps its id. */
    resumeToken: z.string().max(128).optional(),
  }),
  z.object({ type: z.literal('offer'), sdp: z.string() }),
  z.object({ type: z.literal('mute'), muted: z.boolean() }),
  z.object({ type: z.literal('deafen'), deafened: z.boolean() }),
  z.object({ type: z.literal('leave') }),
  z.object({ type: z.literal('ping'), id: z.number().optional() }),
]);

export type ClientMessage = z.infer<typeof clientMessageSchema>;
/** A client message as a client writes it: fields with a default may be left out. */
export type ClientMessageInput = z.input<typeof clientMessageSchema>;

export interface ParticipantInfo {
  readonly id: string;
  readonly name: string;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** The media connection stands: this participant can hear and, unless muted, be heard. */
  readonly connected: boolean;
}

/** As `RTCIceServer` of the browsers. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export type LeaveReason = 'left' | 'connection_lost';

export type ServerMessage =
  | {
      readonly type: 'joined';
      readonly participantId: string;
      readonly room: string;
      /** Everybody in the room, the new participant included. */
      readonly participants: readonly ParticipantInfo[];
      readonly iceServers: readonly IceServer[];
      readonly resumeToken: string;
    }
  | { readonly type: 'answer'; readonly sdp: string }
  /** This participant's own media stands. */
  | { readonly type: 'media_connected' }
  /** This participant's own media is gone; a new offer from a new RTCPeerConnection starts it again. */
  | { readonly type: 'media_closed'; readonly reason: MediaCloseReason }
  | { readonly type: 'participant_joined'; readonly participant: ParticipantInfo }
  | { readonly type: 'participant_updated'; readonly participant: ParticipantInfo }
  | { readonly type: 'participant_left'; readonly participantId: string; readonly reason: LeaveReason }
  /** Those who speak now, with their level in dBov (0 loudest, -127 silence). Who is not listed is silent. */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [participantId: string, levelDbov: number])[] }
  /** The server closes this WebSocket now; join again after the given time. */
  | { readonly type: 'server_closing'; readonly retryAfterMs: number }
  | { readonly type: 'pong'; readonly id?: number }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string };
