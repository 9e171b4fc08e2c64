/**
 * What a cluster keeps in one place: who lives, and who owns which room. It decides nothing else, and nothing that
 * already runs waits for it. All times of a decision are the engine's own.
 */
import type { Millis } from '../lib/clock.ts';

export interface Beat {
  readonly node: string;
  /** Different in each run of a process. */
  readonly incarnation: string;
  /** What others are told of this node, signed. */
  readonly record: string;
  /** The lease ends so long after this. */
  readonly leaseMs: Millis;
}

export interface BeatAnswer {
  /** The engine's time. */
  readonly nowMs: Millis;
  /** Another process lives under the same name, so this one has no lease. */
  readonly isTaken: boolean;
  /** The lease was there and goes on. Otherwise this node is new to the engine, which may have lost everything. */
  readonly isRenewed: boolean;
  /** The records of all who have a lease, by node. */
  readonly nodes: ReadonlyMap<string, string>;
}

export interface Claim {
  readonly room: string;
  /** Who asks, with a lease of their own. */
  readonly node: string;
  readonly incarnation: string;
  /** Who is to own the room if nobody does. */
  readonly target: string;
  /** Refused if it is executed later: an engine that stood still executes what it was sent long ago. */
  readonly deadlineMs: Millis;
  /** The owner without a lease who was found before, is not reached, and may be replaced. */
  readonly insteadOf?: Owner | undefined;
}

export interface Owner {
  readonly node: string;
  /** Grows with each owner of a room. */
  readonly epoch: number;
}

export type ClaimAnswer =
  /** It belongs to this node, which lives; perhaps since this claim. */
  | { readonly result: 'owned'; readonly owner: Owner }
  /** It belongs to a node without a lease. */
  | { readonly result: 'orphan'; readonly owner: Owner }
  /** The claim came too late, or who asks or is to own it has no lease. */
  | { readonly result: 'refused' };

/** Every call rejects with `EngineDown` if there is no answer in time; it may be executed nevertheless. */
export interface Engine {
  readonly isUp: boolean;
  /** Renews the lease. */
  beat(beat: Beat): Promise<BeatAnswer>;
  claim(claim: Claim): Promise<ClaimAnswer>;
  /** Says again who owns a room. Returns who does: somebody else if their epoch is higher. */
  reassert(room: string, owner: Owner): Promise<Owner>;
  /** The room is closed. Does nothing if somebody else owns it by now. */
  release(room: string, owner: Owner): Promise<void>;
  /** Ends the lease of a process that is certainly gone. */
  bury(node: string, incarnation: string): Promise<void>;
  close(): Promise<void>;
}

export class EngineDown extends Error {
  override readonly name = 'EngineDown';
}
