import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { eventually } from './eventually.ts';

const PROGRAM = fileURLToPath(new URL('slow-folder.py', import.meta.url));

/** A folder on a disk that takes so long for each write (FUSE), and where its files really are. */
export async function slowFolder(t: Test, seconds: number): Promise<{ readonly path: string; readonly real: string }> {
  const parent = mkdtempSync(join(tmpdir(), 'partyline-slow-'));
  const [path, real] = [join(parent, 'slow'), join(parent, 'real')];
  mkdirSync(path);
  mkdirSync(real);
  const child = spawn('/usr/bin/python3', [PROGRAM, real, path, String(seconds)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    const unmounting = spawn('fusermount3', ['-u', '-z', path], { stdio: 'ignore' });
    await once(unmounting, 'exit');
    child.kill('SIGKILL');
    await ended;
    rmSync(parent, { recursive: true, force: true });
  });
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`the folder cannot be mounted (${child.exitCode})`);
    return readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `) || 'it is not mounted';
  });
  return { path, real };
}
