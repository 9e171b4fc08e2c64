import type { Millis } from '../lib/clock.ts';
import type {
  ChannelView,
  LeaveReason,
  ParticipantInfo,
  ServerMessage,
  ShouterView,
  SpaceView,
  TalkView,
} from '../protocol/messages.ts';

/** A participant as others in the room see it. */
export type ParticipantView = ParticipantInfo;
export type { ChannelView, LeaveReason, ShouterView, SpaceView, TalkView };

/** Messages with which a session answers its own client. All others come from the room. */
type AnswerType =
  | 'joined'
  | 'answer'
  | 'token_expires'
  | 'token_renewed'
  | 'done'
  | 'file_offered'
  | 'server_closing'
  | 'pong'
  | 'error';

/**
 * A message from the room to a participant, exactly as it is sent. A message to everyone in a room is one and the same
 * object.
 */
export type RoomEvent = Exclude<ServerMessage, { readonly type: AnswerType }>;

/** The events of this type. */
export type EventOf<T extends RoomEvent['type']> = Extract<RoomEvent, { readonly type: T }>;

/** Why a participant was removed from a room without having left. */
export type EndReason = 'replaced' | 'kicked' | 'room_closed' | 'server_closing' | 'owner_left';

/** The participant's client connection. Nothing is called after `ended`, nor after the participant has left. */
export interface ParticipantListener {
  /** The participant's address, for the operator only; null if addresses are hidden. */
  readonly address?: string | null;
  /** Understands `participants_joined` and `participants_left`. */
  readonly takesBatches?: boolean;
  /** Understands that large rooms list only some people. */
  readonly takesPages?: boolean;
  /** Shows the chat. */
  readonly takesChat?: boolean;
  /** Receives messages of programs. */
  readonly takesData?: boolean;
  /** Goes to another server that has the room. */
  readonly takesRedirects?: boolean;
  /** More is waiting to be sent to it than a working connection would have waiting. */
  readonly isBehind?: boolean;
  /** One or more simultaneous events, in this order. */
  event(...events: readonly RoomEvent[]): void;
  /** `retryAfterMs`: they may not come back before. */
  ended(reason: EndReason, retryAfterMs?: Millis): void;
}
