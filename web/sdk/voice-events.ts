import type { LeaveReason, ParticipantInfo } from '../../src/protocol/messages.ts';
import type { ConnectionState, VoiceError } from './connection-state.ts';
import type { Quality } from './quality.ts';

export interface JoinOptions {
  readonly room: string;
  readonly name: string;
  readonly muted?: boolean;
  readonly deafened?: boolean;
  /** A join token of the server's operator. */
  readonly token?: string;
  /** Of the room, if it has one. */
  readonly password?: string;
}

export interface VoiceEvents {
  state: ConnectionState;
  /** Everybody in the room by id, this participant included, whenever somebody comes, goes or changes. */
  participants: ReadonlyMap<string, ParticipantInfo>;
  participantJoined: ParticipantInfo;
  participantLeft: { readonly participant: ParticipantInfo; readonly reason: LeaveReason };
  /** This participant was muted by the server: a moderator did it, or the join token gives no right to speak. */
  muted: boolean;
  /** Nobody new gets into the room, or again everybody may. */
  locked: boolean;
  /** The operator has taken this participant into this room; the sound goes on there. */
  moved: string;
  /** The server takes nobody new, and ends when all have left, or after `endsInMs` if that is given. With null it does not. */
  draining: { readonly endsInMs: number | null } | null;
  /** Those who speak now with their level in dBov (0 loudest, -127 silence), 5 to 10 times a second. */
  levels: ReadonlyMap<string, number>;
  /** The mix of everybody else, to be played by one audio element. Another stream after every new connection. */
  stream: MediaStream;
  /** Every two seconds while sound flows, null when it does not. */
  quality: Quality | null;
  error: VoiceError;
}
