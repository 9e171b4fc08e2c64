/** The module built by `scripts/kernels.mjs` from `kernels.wat`, in base64. */
export declare const SIMD_CODE: string;
