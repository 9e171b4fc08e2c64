import type { FileResults } from './tap-results.mjs';

export function failureLines(results: Pick<FileResults, 'assertions' | 'problem'>): readonly string[];
