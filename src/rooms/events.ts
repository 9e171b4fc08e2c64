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
  /** The operator keeps what they say and hear, to find a fault. Everybody is told, because everybody may be heard in it. */
  readonly captured: boolean;
}

export type LeaveReason = 'left' | 'connection_lost' | 'kicked' | 'moved';

/** What a participant is told. What goes to everybody in a room is one and the same object for all. */
export type RoomEvent =
  | { readonly type: 'participant_joined'; readonly participant: ParticipantView }
  | { readonly type: 'participant_updated'; readonly participant: ParticipantView }
  /** Several at once. */
  | { readonly type: 'participants_updated'; readonly participants: readonly ParticipantView[] }
  | { readonly type: 'participant_left'; readonly participantId: string; readonly reason: LeaveReason }
  /** What holds for the whole room has changed. */
  | { readonly type: 'room_updated'; readonly locked: boolean }
  /** The participant is in another room from now on, and so is their media. */
  | {
      readonly type: 'moved';
      readonly room: string;
      readonly locked: boolean;
      /** Everybody there, the participant included. */
      readonly participants: readonly ParticipantView[];
    }
  /** The server takes nobody new; it ends when all have left, or after `endsInMs`. With false, it does not after all. */
  | { readonly type: 'server_draining'; readonly draining: boolean; readonly endsInMs: number | null }
  /** Those who speak, with their level in dBov (RFC 6464: 0 is full scale, -127 silence). */
  | { readonly type: 'levels'; readonly speaking: readonly (readonly [participantId: string, levelDbov: number])[] }
  /** The participant's own media. */
  | { readonly type: 'media_connected' }
  /** It comes from an address where the participant cannot be answered yet. */
  | { readonly type: 'media_moved' }
  | { readonly type: 'media_closed'; readonly reason: MediaCloseReason };

/** Why a participant is no longer in the room without having left. */
export type EndReason = 'replaced' | 'kicked' | 'room_closed' | 'server_closing';

/** The participant's side of the wire. Nothing is called after `ended`, nor after the participant has left. */
export interface ParticipantListener {
  /** The address that the participant connects from, for the operator alone; null where nobody is to see it. */
  readonly address?: string | null;
  event(event: RoomEvent): void;
  ended(reason: EndReason): void;
}
