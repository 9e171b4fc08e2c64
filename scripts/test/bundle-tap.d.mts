export function tapPath(outdir: string): string;
export function bundleTap(root: string, outdir: string): Promise<void>;
