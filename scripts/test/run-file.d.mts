import type { FileResults } from './tap-results.mjs';

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly lastWordsMs?: number;
  /** How long a process may take to exit after its plan. */
  readonly exitMs?: number;
}

export type RunResults = FileResults & { readonly errorOutput: string; readonly tookMs: number };

export function runFile(file: string, options: RunOptions): Promise<RunResults>;
export function runGroup(
  tap: string,
  files: Readonly<Record<string, string>>,
  options: RunOptions & { readonly first?: string | undefined },
): Promise<ReadonlyMap<string, RunResults>>;
export function killRunningFiles(): void;
