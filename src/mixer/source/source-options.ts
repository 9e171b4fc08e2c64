import type { TalkerLimit } from './talker-limit.ts';

export interface SourceOptions {
  /** The room's limit; by default everyone is heard. */
  readonly talkerLimit?: TalkerLimit;
  /** Whether to bring quiet and loud talkers to about the same level; off by default. */
  readonly levelling?: boolean;
}
