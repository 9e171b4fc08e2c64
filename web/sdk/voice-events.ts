import type { LeaveReason, ParticipantInfo, RoomEntry } from '../../src/protocol/messages.ts';
import type { ChannelState } from './channels.ts';
import type { ConnectionState, VoiceError } from './connection-state.ts';
import type { Quality } from './quality.ts';

export interface JoinOptions {
  readonly room: string;
  readonly name: string;
  readonly muted?: boolean;
  readonly deafened?: boolean;
  /** A join token from the server's operator. */
  readonly token?: string;
  /** The password of the room, if it has one. */
  readonly password?: string;
}

export interface VoiceEvents {
  state: ConnectionState;
  /** Everyone in the room by id, including this participant, whenever someone joins, leaves or changes. */
  participants: ReadonlyMap<string, ParticipantInfo>;
  participantJoined: ParticipantInfo;
  participantLeft: { readonly participant: ParticipantInfo; readonly reason: LeaveReason };
  /** The server muted this participant: a moderator did it, or the join token does not allow speaking. */
  muted: boolean;
  /** How others get into the room, whenever this participant enters one. */
  entry: RoomEntry;
  /** Nobody new can join the room, or everyone can again. */
  locked: boolean;
  /**
   * False when the server has not answered for a second, though the connection stands: it hangs, or the network does.
   * True when it answers again.
   */
  answering: boolean;
  /** The operator has moved this participant to this room; the audio continues there. */
  moved: string;
  /**
   * The server admits nobody new, and shuts down when everyone has left, or after `endsInMs` if that is given. Null
   * cancels it.
   */
  draining: { readonly endsInMs: number | null } | null;
  /** The participants whom this one hears with a gain other than 1, by id: from 0 (silent) to 2. No one else knows. */
  hearing: ReadonlyMap<string, number>;
  /** The room's channels, and who speaks to this participant in them or whispers. */
  channels: ChannelState;
  /** The current speakers with their level in dBov (0 loudest, -127 silence), 5 to 10 times a second. */
  levels: ReadonlyMap<string, number>;
  /** The mix of everyone else, to be played by one audio element. A new stream after every new connection. */
  stream: MediaStream;
  /** Every two seconds while audio flows, otherwise null. */
  quality: Quality | null;
  error: VoiceError;
}
