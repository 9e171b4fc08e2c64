// What goes into the archive of a release besides the executable and the notices. The paths are the same as here, so
// that links work.
import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILES = ['LICENSE', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'config.sample.toml'];
const FOLDERS = ['docs', 'deploy'];

async function filesUnder(folder) {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Copies all of it into a folder, with modes that do not depend on the builder's. */
export async function placeArchiveFiles(folder) {
  const inFolders = await Promise.all(FOLDERS.map(filesUnder));
  for (const file of [...FILES, ...inFolders.flat()]) {
    const to = join(folder, file);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(ROOT, file), to);
    await chmod(to, 0o644);
  }
}
