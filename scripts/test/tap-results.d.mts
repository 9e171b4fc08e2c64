export interface FileResults {
  /** Number of tests at the top level of the file that passed. */
  readonly passed: number;
  /** The names of the failed tests at the top level. */
  readonly failed: readonly string[];
  /** Skipped tests at every level. Names are joined by " > ". */
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
  /** Failures at every level, with what tap says about them. */
  readonly assertions: readonly { readonly title: string; readonly details: unknown }[];
  /** Comments that the tests wrote. */
  readonly comments: readonly string[];
  /** What is wrong with the file as a whole. */
  readonly problem: string | null;
}

export class TapResults {
  write(text: string): void;
  readonly isComplete: boolean;
  end(): FileResults;
}

export class GroupResults {
  write(text: string): void;
  readonly isComplete: boolean;
  end(): ReadonlyMap<string, FileResults & { readonly tookMs: number }>;
}
