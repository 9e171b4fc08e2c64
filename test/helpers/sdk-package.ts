import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildPackage } from '../../scripts/sdk.mjs';

const run = promisify(execFile);

export interface InstalledPackage {
  /** A project that has installed the package. */
  readonly project: string;
  /** Where it has installed it. */
  readonly installed: string;
  readonly tarball: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the client library with npm, and installs it in a new project in this folder. */
export async function installPackage(folder: string): Promise<InstalledPackage> {
  const built = join(folder, 'package');
  await buildPackage(built);
  const { stdout } = await run('npm', ['pack', built, '--json', '--silent'], { cwd: folder });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  const [project, tarball] = [join(folder, 'project'), join(folder, filename)];
  const installed = join(project, 'node_modules/@partyline/client');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  return { project, installed, tarball, files };
}
