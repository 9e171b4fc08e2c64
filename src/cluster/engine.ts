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
  /** Renews the lease. Also forgets nodes that were not heard of for very long, and their rooms. */
  beat(beat: Beat): Promise<BeatAnswer>;
  claim(claim: Claim): Promise<ClaimAnswer>;
  /** Says again who owns a room. Returns who does: somebody else if their epoch is higher. */
  reassert(room: string, owner: Owner): Promise<Owner>;
  /** Gives a room to another node, which lives. Undefined if it is not the owner's any more, or that node does not live. */
  move(room: string, owner: Owner, target: string): Promise<Owner | undefined>;
  /** The room is closed. Does nothing if somebody else owns it by now. */
  release(room: string, owner: Owner): Promise<void>;
  /** Some of the rooms that this node has as far as the engine knows, at random, with their epochs. */
  someOwned(node: string): Promise<ReadonlyMap<string, number>>;
  /** Who has a room, alive or not. */
  ownerOf(room: string): Promise<Owner | undefined>;
  /** Ends the lease of a process that is certainly gone. */
  bury(node: string, incarnation: string): Promise<void>;
  /** Whether this reporter is the first to say that this run of a node has failed. Says the same when it is asked again. */
  reportFailure(incarnation: string, reporter: string): Promise<boolean>;
  close(): Promise<void>;
}

/** What the engine keeps for all nodes besides, whose content it does not know. */
export interface KeptChange {
  readonly key: string;
  /** Grows with each change of anything, also over an engine that loses what it had. */
  readonly version: number;
  /** Null: it was deleted. */
  readonly value: string | null;
}

export interface KeptPosition {
  readonly generation: string;
  readonly position: number;
  /** Everything is being read, and this is not the first page. */
  readonly isContinued: boolean;
}

export interface KeptPage {
  /** Another one if the engine has lost everything. */
  readonly generation: string;
  /** Of those who write here. */
  readonly layout: number;
  /** Where the next page begins. */
  readonly position: number;
  /** Where the last page ends now. If that is less than was known before, the engine has lost its last changes. */
  readonly top: number;
  /** The page is the first of everything that is kept, because not all changes since the last one are known any more. */
  readonly isWhole: boolean;
  readonly changes: readonly KeptChange[];
}

export interface KeptWrite {
  readonly key: string;
  /** Null deletes it. */
  readonly value: string | null;
  /** Only who owns this room, or a room that nobody owns, may write; null as an epoch: whichever it has. */
  readonly fence?: { readonly room: string; readonly node: string; readonly epoch: number | null } | undefined;
}

export type KeptAnswer =
  | { readonly result: 'written'; readonly version: number }
  | { readonly result: 'fenced' | 'full' };

/** Rejects as `Engine` does. */
export interface KeptLog {
  /** The next changes after this position, oldest first; none: that was the last page. */
  readKept(since: KeptPosition): Promise<KeptPage>;
  writeKept(write: KeptWrite): Promise<KeptAnswer>;
  /** Tells an engine that has lost something what it had. Does nothing if it knows something newer. */
  restoreKept(change: KeptChange): Promise<void>;
}

/** Raised when an older node would lose something. */
export const KEPT_LAYOUT = 1;

export interface KeptBounds {
  readonly records: number;
  /** Of so many deleted records the engine remembers that they were. */
  readonly deleted: number;
  /** Records that are read at once. */
  readonly page: number;
}

/** Far more than the bounds of rooms and bans allow. */
export const KEPT_BOUNDS: KeptBounds = { records: 60_000, deleted: 5000, page: 500 };

export class EngineDown extends Error {
  override readonly name = 'EngineDown';
}
