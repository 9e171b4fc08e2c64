// Archives whose bytes depend only on their contents.
import { execFileSync } from 'node:child_process';
import { chmod, lutimes, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const OWNER =
  process.platform === 'darwin' ? ['--uid', '0', '--gid', '0'] : ['--owner=0', '--group=0', '--numeric-owner'];

/**
 * Makes the archive of a folder inside `directory`. Names are sorted; times, owners and modes of folders are fixed.
 * @param options `seconds` is the time of everything in it, `level` that of the compression, from 1 (fast) to 9
 */
export async function pack(directory, name, { seconds, level }) {
  const paths = await setTimes(directory, name, seconds);
  const options = ['--format=ustar', '--no-recursion', ...OWNER];
  const tar = execFileSync('tar', [...options, '-cf', '-', '-C', directory, ...paths], { maxBuffer: 2 ** 28 });
  return promisify(gzip)(tar, { level });
}

/** Gives everything in a folder the same time, and folders the same mode. Resolves with all paths, sorted. */
export async function setTimes(directory, name, seconds) {
  const entries = await readdir(join(directory, name), { recursive: true, withFileTypes: true });
  const paths = [name, ...entries.map((entry) => relative(directory, join(entry.parentPath, entry.name)))].sort();
  for (const entry of entries) if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  await chmod(join(directory, name), 0o755);
  // From the inside out: a folder's time changes when something is put into it.
  for (const path of [...paths].reverse()) await lutimes(join(directory, path), seconds, seconds);
  return paths;
}
