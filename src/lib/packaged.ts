/**
 * Files that the program needs besides its own code: other build outputs, and native addons. The one-file executable
 * contains them compressed (Node's "single executable application"); otherwise they are where the build and npm put
 * them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

/** The names of all embedded files, as a JSON array: Node 20 does not list them. */
const CONTENTS = 'contents.json';
const BROTLI = '.br';

/** The code for `new Worker`: the file next to this one, or its text (with `eval`). */
export function threadCode(name: string): URL | string {
  return isSea() ? asset(name).toString() : new URL(name, import.meta.url);
}

/** Every file of a folder next to this file, by its relative path with slashes. Rejects if there is no such folder. */
export async function packagedFiles(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  if (!isSea()) return filesIn(fileURLToPath(new URL(folder, import.meta.url)));
  const names = (JSON.parse(asset(CONTENTS).toString()) as string[]).filter((name) => name.startsWith(`${folder}/`));
  return withUncompressed(new Map(names.map((name) => [name.slice(folder.length + 1), asset(name)])));
}

/** With FILE for each FILE.br: the executable has no space for both. */
export function withUncompressed(files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const all = new Map(files);
  for (const [name, bytes] of files) {
    const plain = name.endsWith(BROTLI) ? name.slice(0, -BROTLI.length) : name;
    if (!all.has(plain)) all.set(plain, brotliDecompressSync(bytes));
  }
  return all;
}

/** Every file of a directory, by its relative path with slashes. */
export async function filesIn(directory: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = new Map<string, Buffer>();
  // One after the other, because a process may have few open files.
  for (const file of files) contents.set(relative(directory, file).split(sep).join('/'), await readFile(file));
  return contents;
}

/** The exports of a native addon package. Throws an Error with an explanation if it cannot be loaded. */
export function loadAddon(packageName: string): unknown {
  return isSea() ? loadFromTemporaryFile(asset(packageName)) : loadInstalled(packageName);
}

function loadInstalled(packageName: string): unknown {
  try {
    return createRequire(import.meta.url)(packageName);
  } catch (error) {
    const [reason] = wordsOf(error).split('\n');
    throw new Error(`${reason}. Run "npm ci" on this machine with its own Node.`, { cause: error });
  }
}

function asset(name: string): Buffer {
  return brotliDecompressSync(getRawAsset(name) as ArrayBuffer);
}

/**
 * The system loads code only from files. The file is created in a new directory that no other user may enter, and is
 * deleted as soon as it is loaded, so nobody can prepare or replace it and nothing is left behind. If files cannot be
 * written or loaded there (noexec), the next place is tried.
 */
function loadFromTemporaryFile(code: Buffer): unknown {
  const failures: string[] = [];
  for (const place of placesForCode()) {
    let directory: string | undefined;
    try {
      directory = mkdtempSync(join(place, 'partyline-'));
      const file = join(directory, 'addon.node');
      writeFileSync(file, code, { mode: 0o500, flag: 'wx' });
      const module = { exports: {} };
      process.dlopen(module, file);
      return module.exports;
    } catch (error) {
      failures.push(wordsOf(error));
    } finally {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    }
  }
  throw new Error(
    `code cannot be loaded from any directory (${failures.join('; ')}). Set TMPDIR to a directory that allows it.`,
  );
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function placesForCode(): readonly string[] {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [cache, tmpdir(), '/dev/shm', dirname(process.execPath)];
}
