/** What `npm run release` makes for one platform, quickly: compressed less. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { LightTalker, type LightTalkerOptions } from './light-talker.ts';
import { runFirst } from './priority.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/release/release.mjs', import.meta.url));
const LESS = ['--level', '1', '--quality', '4'];
/** Of a server that stays on this machine. */
export const LOCAL_FLAGS = ['host', 'media-host']
  .flatMap((name) => [`--${name}`, '127.0.0.1'])
  .concat(
    ['port', 'media-port'].flatMap((name) => [`--${name}`, '0']),
    ['--workers', '1'],
  );

export interface Downloads {
  readonly directory: string;
  /** Names of files in the directory. */
  readonly files: readonly string[];
  /** Why nothing was made; undefined if all is well. */
  readonly problem: string | undefined;
}

/** They exist until the end of the test. */
export function makeDownloads(t: Test, target: string, formats: string): Downloads {
  const directory = mkdtempSync(join(tmpdir(), 'partyline-downloads-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  const args = ['--target', target, '--formats', formats, '--outdir', directory, ...LESS];
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    env: { SOURCE_DATE_EPOCH: '1700000000', ...process.env },
    encoding: 'utf8',
  });
  const problem = status === 0 ? undefined : `${stdout}${stderr}`;
  return { directory, files: readdirSync(directory).sort(), problem };
}

/** Resolves with the address of its page. */
export function urlOf(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += data;
      const [, url] = /ready: open (http\S+\/)/.exec(output) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('close', (code) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
  });
}

/** In an emulator on a busy machine, a handshake may take longer than clients wait. */
const ATTEMPTS = 5;

async function joinPatiently(t: Test, options: LightTalkerOptions): Promise<LightTalker> {
  for (let attempt = 1; ; attempt++) {
    try {
      const talker = await LightTalker.join(options);
      t.teardown(() => talker.close());
      return talker;
    } catch (error) {
      t.comment(`${options.name}: ${error}`);
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Two people talk on it until they hear each other. Then SIGTERM ends it. */
export async function carriesVoices(t: Test, child: ChildProcess): Promise<void> {
  t.teardown(() => child.kill('SIGKILL'));
  runFirst(child.pid!);
  const exited = once(child, 'close');
  const room = { url: `${(await urlOf(child)).replace('http', 'ws')}ws`, room: 'lobby' };
  const ada = await joinPatiently(t, { ...room, name: 'Ada', frequencyHz: 440 });
  const ben = await joinPatiently(t, { ...room, name: 'Ben', frequencyHz: 880 });
  await Promise.all([ada.hears(880), ben.hears(440)]);
  child.kill('SIGTERM');
  t.equal((await exited)[0], 0, 'it ends');
}
