import type { LeaveReason, ParticipantInfo, ServerMessage } from '../protocol/messages.ts';

/** A participant as the others in the room see it. */
export type ParticipantView = ParticipantInfo;
export type { LeaveReason };

/** The messages by which a session answers its own client; all others come from the room. */
type AnswerType = 'joined' | 'answer' | 'server_closing' | 'pong' | 'error';

/** What a participant is told by their room, as it is sent. What goes to everybody in a room is one and the same object for all. */
export type RoomEvent = Exclude<ServerMessage, { readonly type: AnswerType }>;

/** Why a participant is no longer in the room without having left. */
export type EndReason = 'replaced' | 'kicked' | 'room_closed' | 'server_closing';

/** The participant's side of the wire. Nothing is called after `ended`, nor after the participant has left. */
export interface ParticipantListener {
  /** The address that the participant connects from, for the operator alone; null where nobody is to see it. */
  readonly address?: string | null;
  /** Understands `participants_joined` and `participants_left`. */
  readonly takesBatches?: boolean;
  /** One or several at the same time, in this order. */
  event(...events: readonly RoomEvent[]): void;
  ended(reason: EndReason): void;
}
