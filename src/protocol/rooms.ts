/** What people see of rooms that they are not in. */
import type { RoomEntry } from './messages.ts';

export interface ListedPerson {
  readonly name: string;
  readonly speaking: boolean;
}

export interface ListedRoom {
  /** With slashes for a place in the tree of rooms. */
  readonly name: string;
  /** The operator's, for people who choose a room; empty for none. */
  readonly description: string;
  readonly entry: RoomEntry;
  readonly locked: boolean;
  /** It exists also while nobody is in it. */
  readonly permanent: boolean;
  /** Lower numbers come first; rooms with the same number are in the order of their names. */
  readonly order: number;
  /** Null if people outside are not told: it is locked, or needs a password or a token. */
  readonly participants: number | null;
  /** Some of them: not all in a large room, or if there are very many rooms. */
  readonly people: readonly ListedPerson[];
}

/** The answer of `GET /people?room=NAME`; null if it is not told. */
export interface RoomPreview {
  /** Of those who have been there for longest. */
  readonly names: readonly string[];
  readonly participants: number;
}
