import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** What it says is asked before a package starts a service (policy-rc.d(8)); 101 forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const NO_SERVICES = '#!/bin/sh\nexit 101\n';
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * Makes sure that these Debian packages are there: as root on Debian they are installed, otherwise nothing is changed.
 * Returns what is still missing and how to get it, null if nothing is.
 */
export function ensureDebianPackages(packages: readonly string[]): string | null {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return null;
  if (process.getuid?.() === 0 && run('apt-get', ['--version'])) {
    const options = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
    run('apt-get', [...options, 'update']);
    withoutServices(() => run('apt-get', [...options, 'install', '-y', '--no-install-recommends', ...missing]));
  }
  const still = missing.filter((name) => !isInstalled(name));
  return still.length === 0 ? null : `missing: ${still.join(', ')} (apt-get install ${still.join(' ')})`;
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

/** Servers among the packages are for the tests, which start their own. */
function withoutServices(install: () => void): void {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) writeFileSync(POLICY_FILE, NO_SERVICES, { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOurs) rmSync(POLICY_FILE, { force: true });
  }
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '$' + '{Status}', name], { encoding: 'utf8' });
  return stdout?.includes('install ok installed') ?? false;
}

function run(command: string, args: readonly string[]): boolean {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { env: environment, stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS }).status === 0;
}
