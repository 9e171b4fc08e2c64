// Installs the Debian packages that tests use, and prints which ones and what for. Without permission (not root, not
// Debian) it prints what is missing. Tests that need a missing package then count as skipped, and with CI=true as
// failed.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { notInstalled, TEST_PACKAGES } from './test/packages.mjs';

/** A package asks this script before it starts a service (policy-rc.d(8)). Exit code 101 forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const NO_SERVICES = '#!/bin/sh\nexit 101\n';
const OPTIONS = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
const INSTALL = [...OPTIONS, 'install', '-y', '--no-install-recommends'];

function aptGet(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

/** Some of the packages are servers. They must not run as services: the tests start their own. */
function withoutServices(install) {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) writeFileSync(POLICY_FILE, NO_SERVICES, { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOurs) rmSync(POLICY_FILE, { force: true });
  }
}

function list(packages) {
  for (const name of packages) console.log(`  ${name.padEnd(16)} ${TEST_PACKAGES[name]}`);
}

function main() {
  const all = Object.keys(TEST_PACKAGES);
  const missing = notInstalled(all);
  if (missing.length === 0) return console.log(`The ${all.length} Debian packages that the tests use are installed.`);
  const mayInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;
  if (mayInstall) {
    console.log('Installing Debian packages for the tests (apt-get install):');
    list(missing);
    aptGet([...OPTIONS, 'update']);
    withoutServices(() => {
      // If this system does not have one of them, apt-get would not install the others either.
      if (!aptGet([...INSTALL, ...missing])) for (const name of missing) aptGet([...INSTALL, name]);
    });
  }
  const still = notInstalled(missing);
  if (still.length === 0) return;
  console.log('Some tests cannot run, because these Debian packages are missing:');
  list(still);
  console.log(`To install them: apt-get install ${still.join(' ')}`);
}

main();
