/** What the directory of a node is given, and what it counts. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { Engine } from './engine.ts';
import type { NodeRecord } from './node-record.ts';
import type { PeerState } from './peer-check.ts';

/** What a node says of itself now. */
export type OwnState = Pick<NodeRecord, 'load' | 'rooms' | 'people' | 'draining'>;

export interface ClusterDirectoryOptions {
  readonly engine: Engine;
  readonly node: Pick<NodeRecord, 'node' | 'version' | 'url' | 'peer' | 'region' | 'settings'>;
  /** All nodes have the same. */
  readonly secret: string;
  readonly leaseMs: Millis;
  /** What becomes of new rooms while the engine is away. */
  readonly whenDown: 'hash' | 'refuse';
  readonly ownState: () => OwnState;
  /** Whether there is such a room here. One that was placed here is not opened if its first visitor is refused. */
  readonly isOpen: (room: string) => boolean;
  readonly checkPeer: (url: string) => Promise<PeerState>;
  /** Another node owns this room now: those who are in it here have to go there. */
  readonly onLost: (room: string) => void;
  /** A node that is gone had a room that this one has found another owner for. */
  readonly onReplaced: (gone: NodeRecord) => void;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface DirectoryFigures {
  readonly nodes: number;
  readonly isEngineUp: boolean;
  readonly owned: number;
  /** By what came of them. */
  readonly claims: Readonly<Record<'won' | 'elsewhere' | 'refused', number>>;
  readonly takeovers: number;
  /** Rooms that another node owned when this one came back. */
  readonly fenced: number;
}
