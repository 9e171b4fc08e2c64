import { JanusSignaling } from '../janus/signaling.ts';
import { SignalingClient } from './signaling.ts';

/** How one participant joins a room and comes to a connection, with any server. */
export interface RoomSignaling {
  /** Rejects when the server refuses. */
  join(room: string, name: string): Promise<void>;
  /** The server's answer to an offer. */
  negotiate(offerSdp: string): Promise<string>;
  /** Where the server knows such a thing. */
  setMuted?(muted: boolean): void;
  close(): void;
}

export type ServerKind = 'partyline' | 'janus';

/** `url` is that of the server's WebSocket. */
export function openSignaling(kind: ServerKind, url: string): Promise<RoomSignaling> {
  return kind === 'janus' ? JanusSignaling.open(url) : SignalingClient.open(url);
}
