import type { FileResults } from './tap-results.mjs';

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly lastWordsMs?: number;
}

export function runFile(
  file: string,
  options: RunOptions,
): Promise<FileResults & { readonly errorOutput: string; readonly tookMs: number }>;
export function killRunningFiles(): void;
