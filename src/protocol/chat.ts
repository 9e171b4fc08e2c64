/** The chat of a room, as messages contain it. */

/** A file that somebody has sent. It is at `/files/ID?key=KEY`, with the `fileKey` of whoever reads it. */
export interface ChatFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** That of an image that browsers show, as its content says, or `application/octet-stream`. */
  readonly type: string;
}

/** One line. */
export interface ChatLine {
  /** Unique, also across rooms and restarts. */
  readonly id: string;
  /** The id of the participant who wrote it. They may have left. */
  readonly from: string;
  /** As in `ParticipantInfo`, when they wrote it. */
  readonly identity: string | null;
  readonly name: string;
  /** Plain text of 1 to 2000 UTF-16 units, with line breaks (`\n`); with a file it may be empty. */
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly atMs: number;
  /** The ids of the participants mentioned in it. */
  readonly mentions: readonly string[];
  readonly edited: boolean;
  readonly file?: ChatFile;
}

/** The rules of a room's chat. */
export interface ChatRules {
  /** How many lines the server keeps for people who come later; 0: none. */
  readonly keptLines: number;
  /** It keeps them for this long, and never longer than the room exists. */
  readonly keptHours: number;
  /** Slow mode: how long one person waits between two lines; 0: off. Moderators do not wait. */
  readonly slowModeSeconds: number;
  /** Omitted if the server takes no files. */
  readonly files?: FileRules;
}

export interface FileRules {
  /** Of one file. */
  readonly maxBytes: number;
  /** It is kept for this long, and never longer than the room exists. */
  readonly keptMinutes: number;
}
