export declare function buildServedSdk(outdir: string): Promise<void>;
export declare function buildPackage(outdir: string): Promise<void>;
