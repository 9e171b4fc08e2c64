/** Files that only the server's user can read, and that are never half written. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** The text of a file; undefined if it does not exist. Rejects if it cannot be read. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Afterwards the file contains either `text` or its previous content, even after a power failure. What root writes belongs
 * to whoever has the directory, so that a server that gives root up can go on with its files.
 */
export async function writePrivate(file: string, text: string): Promise<void> {
  const directory = dirname(file);
  await makeDirectory(directory);
  const draft = join(directory, `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeAndSync(draft, text);
    await rename(draft, file);
    await syncDirectory(directory);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined || !isRoot()) return;
  const made: string[] = [];
  for (let path = resolve(directory); path.length >= resolve(first).length; path = dirname(path)) made.unshift(path);
  for (const path of made) {
    // Never what somebody has put there instead.
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await giveAway(handle, path).finally(() => handle.close());
  }
}

async function writeAndSync(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE);
  try {
    if (isRoot()) await giveAway(handle, file);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function giveAway(handle: FileHandle, path: string): Promise<void> {
  const { uid, gid } = await stat(dirname(path));
  if (uid !== 0) await handle.chown(uid, gid);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
