import type { FileResults } from './tap-results.mjs';

export class Summary {
  add(file: string, results: Pick<FileResults, 'passed' | 'failed' | 'skipped' | 'assertions' | 'problem'>): void;
  readonly failures: readonly string[];
  readonly lines: readonly string[];
  exitCode(options: { readonly mustBeComplete: boolean }): number;
}
