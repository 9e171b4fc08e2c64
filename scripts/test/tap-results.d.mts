export interface FileResults {
  /** Tests at the top level of the file that passed. */
  readonly passed: number;
  /** The names of tests at the top level that failed. */
  readonly failed: readonly string[];
  /** At every level; names are joined by " > ". */
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
  /** What failed at every level, with what tap says about it. */
  readonly assertions: readonly { readonly title: string; readonly details: unknown }[];
  /** What the tests say about themselves. */
  readonly comments: readonly string[];
  /** What is wrong with the file as a whole. */
  readonly problem: string | null;
}

export class TapResults {
  write(text: string): void;
  end(): FileResults;
}
