import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import type { InstallDeps } from './install.ts';

/** The machine that this process runs on, and the files next to it. */
export function thisSystem(): InstallDeps {
  const executable = isSea() ? process.execPath : null;
  return {
    executable,
    // Built sources are in `dist`.
    folder: executable !== null ? dirname(executable) : fileURLToPath(new URL('..', import.meta.url)),
    isRoot: process.getuid?.() === 0,
    run: (program, argv) =>
      new Promise((resolve, reject) => {
        execFile(program, [...argv], (error, _, stderr) => {
          if (error === null) resolve();
          else reject(new Error(stderr.trim() || error.message));
        });
      }),
  };
}
