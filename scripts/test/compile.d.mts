export function compileSources(root: string, outdir: string): Promise<void>;
export function compiledPath(root: string, outdir: string, file: string): string;
export function isOutOfDate(root: string, builtFiles: readonly string[]): boolean;
