import { notInstalled, TEST_PACKAGES } from '../../scripts/test/packages.mjs';

/**
 * Null if these Debian packages are installed, otherwise what is missing and how to get it. Installs nothing: `npm
 * test` does that before the tests. Throws for a package that is not in the table of test packages.
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
 * The `skip` option of a tap test: false if nothing is missing. If tests must be complete (`CI=true`), a missing part
 * is an error instead of a reason to skip.
 */
export function skipIfMissing(missing: string | null): string | false {
  if (missing === null) return false;
  if (process.env['CI'] === 'true') throw new Error(missing);
  return missing;
}
