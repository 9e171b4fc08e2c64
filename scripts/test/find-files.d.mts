export function findTestFiles(root: string, paths: readonly string[], from?: string): string[];
