import { JanusSignaling } from '../janus/signaling.ts';
import { SignalingClient } from './signaling.ts';

/** How one participant joins a room and negotiates a connection, with any server. */
export interface RoomSignaling {
  /** Rejects if the server refuses. */
  join(room: string, name: string): Promise<void>;
  /** Resolves with the server's answer to an offer. */
  negotiate(offerSdp: string): Promise<string>;
  /** Present if the server knows about muting. */
  setMuted?(muted: boolean): void;
  /** The participant's id after joining, if other clients can refer to it. */
  readonly participantId?: string | undefined;
  /** Present if listeners can change how loudly they hear one other person. */
  hear?(participantId: string, gain: number): void;
  close(): void;
}

export type ServerKind = 'partyline' | 'janus';

/** `url` is the URL of the server's WebSocket. */
export function openSignaling(kind: ServerKind, url: string): Promise<RoomSignaling> {
  return kind === 'janus' ? JanusSignaling.open(url) : SignalingClient.open(url);
}
