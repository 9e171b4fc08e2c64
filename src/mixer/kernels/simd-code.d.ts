/** The module that `scripts/kernels.mjs` makes of `kernels.wat`, in base64. */
export declare const SIMD_CODE: string;
