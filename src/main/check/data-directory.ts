/** Checks whether the server can store what it keeps, and read what it has kept. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { tlsModeOf } from '../../config/tls.ts';
import { readState, stateFileIn } from '../../store/state-store.ts';
import { type CheckInput, type CheckResult, reasonOf } from './result.ts';

const SAMPLE = Buffer.alloc(16_384);

/** No result if the server stores nothing. */
export async function checkDataDirectory({ config }: CheckInput): Promise<readonly CheckResult[]> {
  const mode = tlsModeOf(config);
  if (mode !== 'acme' && mode !== 'self-signed' && config.keepState === 'off') return [];
  const name = 'data directory';
  const directory = resolve(config.dataDir);
  try {
    const existing = await nearestExisting(directory);
    await tryToWrite(existing);
    const text = existing === directory ? `${directory} is writable.` : `${directory} can be created.`;
    return [{ name, status: 'ok', text }, ...(await checkState(config))];
  } catch (error) {
    const text = `${directory} cannot be written: ${reasonOf(error)}. Make the user that runs the server its owner, or choose another directory with --data-dir.`;
    return [{ name, status: 'fail', text }];
  }
}

/** What was kept must be usable, because the server does not start otherwise. */
async function checkState({ keepState, dataDir }: CheckInput['config']): Promise<readonly CheckResult[]> {
  if (keepState === 'off') return [];
  const name = 'kept rooms and bans';
  const file = stateFileIn(dataDir);
  try {
    const { rooms, bans } = await readState(file);
    return [{ name, status: 'ok', text: `${file} keeps ${rooms.size} rooms and ${bans.size} bans.` }];
  } catch (error) {
    return [{ name, status: 'fail', text: reasonOf(error) }];
  }
}

/** Writes in a new directory, so that no existing file is touched. */
async function tryToWrite(directory: string): Promise<void> {
  const made = await mkdtemp(join(directory, '.check-'));
  try {
    await writeFile(join(made, 'sample'), SAMPLE, { mode: 0o600 });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** The directory itself, or the closest parent in which it would be created. */
async function nearestExisting(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) throw new Error(`${path} is not a directory`);
    return path;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || dirname(path) === path) throw error;
    return nearestExisting(dirname(path));
  }
}
