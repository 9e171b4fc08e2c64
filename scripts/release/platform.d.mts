export const CROSS_PACKAGES: readonly string[];
