import type { Readable } from 'node:stream';

/** A file that the API sends. */
export interface Download {
  readonly contentType: string;
  /** For the client to save it as. */
  readonly name: string;
  /** Undefined: it is made while it is sent. */
  readonly size: number | undefined;
  /** Whether a part of it can be opened. */
  readonly takesRanges: boolean;
  /** The bytes from `from` to `to`, inclusive; all of them without ranges. */
  open(from: number, to: number): Readable;
}
