export function isSlow(file: string): boolean;
export function runAll(
  files: readonly string[],
  limits: { readonly jobs: number },
  run: (file: string) => Promise<void>,
): Promise<void>;
