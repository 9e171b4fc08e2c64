import type { MediaCloseReason } from '../media/plane.ts';

/** A participant as the others in the room see it. */
export interface ParticipantView {
  readonly id: string;
  /** Who this is for the one who made their join token; null without a token. */
  readonly identity: string | null;
  readonly name: string;
  readonly maySpeak: boolean;
  readonly mayModerate: boolean;
  readonly muted: boolean;
  /** Cannot unmute until a moderator allows it. */
  readonly mutedByModerator: boolean;
  readonly deafened: boolean;
  /** The media connection stands. */
  readonly connected: boolean;
}

export type LeaveReason = 'left' | 'connection_lost' | 'kicked';

/** What a participant is told. What goes to everybody in a room is one and the same object for all. */
export type RoomEvent =
  | { readonly type: 'participant_joined'; readonly participant: ParticipantView }
  | { readonly type: 'participant_updated'; readonly participant: ParticipantView }
  | { readonly type: 'participant_left'; readonly participantId: string; readonly reason: LeaveReason }
  /** What holds for the whole room has changed. */
  | { readonly type: 'room_updated'; readonly locked: boolean }
  /** Those who speak, with their level in dBov (RFC 6464: 0 is full scale, -127 silence). */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [participantId: string, levelDbov: number])[] }
  /** The participant's own media. */
  | { readonly type: 'media_connected' }
  /** It comes from an address where the participant cannot be answered yet. */
  | { readonly type: 'media_moved' }
  | { readonly type: 'media_closed'; readonly reason: MediaCloseReason };

/** Why a participant is no longer in the room without having left. */
export type EndReason = 'replaced' | 'kicked' | 'server_closing';

/** The participant's side of the wire. Nothing is called after `ended`, nor after the participant has left. */
export interface ParticipantListener {
  event(event: RoomEvent): void;
  ended(reason: EndReason): void;
}
