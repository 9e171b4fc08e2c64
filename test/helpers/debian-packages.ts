import { notInstalled, TEST_PACKAGES } from '../../scripts/test/packages.mjs';

/**
 * Null if these Debian packages are installed, otherwise what is missing and how to get it. Nothing is installed here:
 * `npm test` does it before the tests. Throws for a package that is not in the table it goes by.
 */
export function missingPackages(packages: readonly string[]): string | null {
  const unknown = packages.filter((name) => TEST_PACKAGES[name] === undefined);
  if (unknown.length > 0) throw new Error(`not in scripts/test/packages.mjs: ${unknown.join(', ')}`);
  const missing = notInstalled(packages);
  return missing.length === 0
    ? null
    : `missing: ${missing.join(', ')} (as root: node scripts/install-test-packages.mjs)`;
}

/**
 * What a test gives to tap as `skip`: false if nothing is missing. Where tests must be complete (`CI=true`) a missing part
 * is an error and no reason to skip.
 */
export function skipIfMissing(missing: string | null): string | false {
  if (missing === null) return false;
  if (process.env['CI'] === 'true') throw new Error(missing);
  return missing;
}
