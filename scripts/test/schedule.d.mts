export function isSlow(file: string): boolean;
export function sharesBrowsers(file: string): boolean;
export function groupsOf(files: readonly string[]): string[][];
export function runAll(
  files: readonly string[],
  options: { readonly jobs: number; readonly first?: readonly (() => Promise<void>)[] },
  run: (file: string) => Promise<void>,
): Promise<void>;
