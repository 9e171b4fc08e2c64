export const TEST_PACKAGES: Readonly<Record<string, string>>;
export function notInstalled(packages: readonly string[]): string[];
