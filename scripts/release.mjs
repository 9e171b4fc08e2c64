// Packs the one-file executable with the files that accompany it: dist/release/partyline-VERSION-PLATFORM-ARCH.tar.gz,
// and SHA256SUMS. The same sources, packages and Node give the same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { placeArchiveFiles } from './archive-files.mjs';
import { buildBinary } from './binary.mjs';
import { thirdPartyNotices } from './notices.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OWNER =
  process.platform === 'darwin' ? ['--uid', '0', '--gid', '0'] : ['--owner=0', '--group=0', '--numeric-owner'];

/**
 * When the sources were committed, or the time that the builder sets (reproducible-builds.org/specs/source-date-epoch).
 * In seconds.
 */
function sourceDate() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) return Number(given);
  try {
    return Number(
      execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    throw new Error('these sources are not in git; set SOURCE_DATE_EPOCH to the seconds of their date');
  }
}

/** Makes the archive of a folder inside `directory`. Names are sorted; times, owners and modes are fixed. */
async function pack(directory, name, { seconds, level }) {
  const entries = await readdir(join(directory, name), { recursive: true, withFileTypes: true });
  const paths = [name, ...entries.map((entry) => relative(directory, join(entry.parentPath, entry.name)))].sort();
  for (const entry of entries) if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
  await chmod(join(directory, name), 0o755);
  // From the inside out: a folder's time changes when something is put into it.
  for (const path of [...paths].reverse()) await utimes(join(directory, path), seconds, seconds);
  const tar = execFileSync(
    'tar',
    ['--format=ustar', '--no-recursion', ...OWNER, '-cf', '-', '-C', directory, ...paths],
    {
      maxBuffer: 2 ** 28,
    },
  );
  return promisify(gzip)(tar, { level });
}

/**
 * Resolves with the path of the archive.
 * @param options `level` of its compression, from 1 (fast) to 9
 */
export async function release({ outdir, nodeLicense, level = 9 }) {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const name = `partyline-${version}-${process.platform}-${process.arch}`;
  await mkdir(outdir, { recursive: true });
  const directory = await mkdtemp(join(outdir, '.release-'));
  try {
    const folder = join(directory, name);
    const binary = join(folder, 'partyline');
    const contents = await buildBinary(binary);
    execFileSync(binary, ['--version'], { stdio: 'pipe' });
    await writeFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), await thirdPartyNotices(contents, nodeLicense), {
      mode: 0o644,
    });
    await placeArchiveFiles(folder);
    const archive = await pack(directory, name, { seconds: sourceDate(), level });
    const file = join(outdir, `${name}.tar.gz`);
    await writeFile(file, archive);
    const sum = createHash('sha256').update(archive).digest('hex');
    await writeFile(join(outdir, 'SHA256SUMS'), `${sum}  ${name}.tar.gz\n`);
    return file;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { outdir: { type: 'string' }, 'node-license': { type: 'string' }, level: { type: 'string' } },
  });
  const { 'node-license': nodeLicense, level } = values;
  const outdir = resolve(values.outdir ?? join(ROOT, 'dist/release'));
  console.log(
    relative(
      process.cwd(),
      await release({ outdir, nodeLicense, ...(level !== undefined && { level: Number(level) }) }),
    ),
  );
}
