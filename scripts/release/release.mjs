// Packs the one-file executable with the files that accompany it, for each platform that can be built here:
// dist/release/partyline-VERSION-PLATFORM.tar.gz, a package for Debian and Ubuntu beside it, and SHA256SUMS.
// The same sources, packages and Node give the same bytes.
//
//   node scripts/release/release.mjs [--target linux-x64] [--target linux-arm64] [--formats tar.gz,deb] [--outdir DIR]
//     [--level 9] [--quality 11]
//
// --level is that of the archives' compression, --quality that of the files in the executable. Without a target it builds for all, and says which it leaves out and why.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildBinary } from '../binary.mjs';
import { placeArchiveFiles } from './archive-files.mjs';
import { makeDeb, missingForDeb } from './deb.mjs';
import { thirdPartyNotices } from './notices.mjs';
import { pack } from './pack.mjs';
import { hostPlatform, otherPlatform } from './platform.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ALL = [...new Set([hostPlatform().name, 'linux-x64', 'linux-arm64'])];
const FORMATS = ['tar.gz', 'deb'];

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

/**
 * Builds for one platform. Resolves with the paths of what it made.
 * @param options `level` of the archives' compression, from 1 (fast) to 9; `quality` as `buildBinary` takes it; `formats`
 * as in `FORMATS`
 */
async function releaseFor(target, { outdir, nodeLicense, level, quality, formats }) {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  const seconds = sourceDate();
  const directory = await mkdtemp(join(outdir, '.release-'));
  try {
    const platform = target === hostPlatform().name ? hostPlatform() : otherPlatform(target, directory);
    const name = `partyline-${version}-${target}`;
    const folder = join(directory, name);
    const contents = await buildBinary(join(folder, 'partyline'), { platform, quality });
    const notices = await thirdPartyNotices(contents, nodeLicense ?? platform.nodeLicense());
    await writeFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices, { mode: 0o644 });
    await placeArchiveFiles(folder);
    const made = [];
    if (formats.includes('tar.gz')) {
      made.push(join(outdir, `${name}.tar.gz`));
      await writeFile(made.at(-1), await pack(directory, name, { seconds, level }));
    }
    const isForDebian = formats.includes('deb') && platform.os === 'linux';
    const missing = isForDebian ? missingForDeb() : undefined;
    if (missing !== undefined) console.error(`No package for Debian: ${missing}.`);
    else if (isForDebian) made.push(await makeDeb({ folder, outdir, directory, version, platform, seconds, level }));
    return made;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Resolves with the paths of everything it made. Rejects if a named target cannot be built. */
async function release({ targets, outdir, ...options }) {
  await mkdir(outdir, { recursive: true });
  const made = [];
  for (const target of targets ?? ALL) {
    try {
      made.push(...(await releaseFor(target, { ...options, outdir })));
    } catch (error) {
      if (targets !== undefined || target === hostPlatform().name) throw error;
      console.error(`Left out ${target}: ${error.message}`);
    }
  }
  const sums = await Promise.all(
    made.map(
      async (file) =>
        `${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}  ${basename(file)}\n`,
    ),
  );
  await writeFile(join(outdir, 'SHA256SUMS'), sums.join(''));
  return made;
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    formats: { type: 'string', default: FORMATS.join() },
    outdir: { type: 'string', default: join(ROOT, 'dist/release') },
    'node-license': { type: 'string' },
    level: { type: 'string', default: '9' },
    quality: { type: 'string' },
  },
});
const formats = values.formats.split(',');
const unknown = [
  ...formats.filter((format) => !FORMATS.includes(format)),
  ...(values.target ?? []).filter((name) => !ALL.includes(name)),
];
if (unknown.length > 0)
  throw new Error(`Unknown: ${unknown.join(', ')}. Known are ${[...ALL, ...FORMATS].join(', ')}.`);
const made = await release({
  targets: values.target,
  outdir: resolve(values.outdir),
  nodeLicense: values['node-license'],
  level: Number(values.level),
  quality: values.quality === undefined ? undefined : Number(values.quality),
  formats,
});
for (const file of made) console.log(relative(process.cwd(), file));
