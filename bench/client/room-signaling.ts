import { JanusSignaling } from '../janus/signaling.ts';
import { BroadcastSignaling } from './broadcast-signaling.ts';
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

/** `broadcast` is WHIP or WHEP. */
export type ServerKind = 'partyline' | 'janus' | 'broadcast';

/** `url` is the URL of the server's WebSocket, or with `broadcast` of the rooms there: `http://127.0.0.1:8080/whip/`. */
export async function openSignaling(kind: ServerKind, url: string): Promise<RoomSignaling> {
  if (kind === 'broadcast') return new BroadcastSignaling(url);
  return kind === 'janus' ? JanusSignaling.open(url) : SignalingClient.open(url);
}
