/** The chat of a room, as messages contain it. */

/** One line. */
export interface ChatLine {
  /** Unique, also across rooms and restarts. */
  readonly id: string;
  /** The id of the participant who wrote it. They may have left. */
  readonly from: string;
  /** As in `ParticipantInfo`, when they wrote it. */
  readonly identity: string | null;
  readonly name: string;
  /** Plain text of 1 to 2000 UTF-16 units, with line breaks (`\n`). */
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly atMs: number;
  /** The ids of the participants mentioned in it. */
  readonly mentions: readonly string[];
  readonly edited: boolean;
}

/** The rules of a room's chat. */
export interface ChatRules {
  /** How many lines the server keeps for people who come later; 0: none. */
  readonly keptLines: number;
  /** It keeps them for this long, and never longer than the room exists. */
  readonly keptHours: number;
  /** Slow mode: how long one person waits between two lines; 0: off. Moderators do not wait. */
  readonly slowModeSeconds: number;
}
