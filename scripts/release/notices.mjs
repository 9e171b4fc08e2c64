// The licences of everything in the one-file executable that is not ours.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LICENSE_NAME = /^(licen[cs]e|copying|notice|copyright)/i;
/** Parts of packages that have their own licence, and libraries that are compiled into them. */
const BESIDES = {
  '@discordjs/opus': { files: ['deps/opus/COPYING'], packages: ['node-addon-api'] },
};
/** For packages that say "MIT" but include no text. */
const MIT_TERMS = fileURLToPath(new URL('mit-terms.txt', import.meta.url));
const RULE = '-'.repeat(80);

function installedAt(name) {
  return join(ROOT, 'node_modules', name);
}

/** The directory of the package that a file belongs to; undefined for our own files. */
function packageOf(file) {
  if (!/[\\/]node_modules[\\/]/.test(file)) return undefined;
  // Not every package.json belongs to a package: some only say how the files beside them are to be read.
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    if (/[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+$/.test(directory) && existsSync(join(directory, 'package.json')))
      return directory;
  }
}

async function describe(directory) {
  const { name, version, license, author } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const own = (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && LICENSE_NAME.test(entry.name))
    .map((entry) => entry.name);
  const texts = await Promise.all(
    [...own, ...(BESIDES[name]?.files ?? [])].map((file) => readFile(join(directory, file), 'utf8')),
  );
  if (texts.length === 0) {
    if (license !== 'MIT') throw new Error(`${name} ${version} has no text of its licence (${license})`);
    texts.push(
      `Copyright (c) ${author?.name ?? author ?? `the authors of ${name}`}\n\n${await readFile(MIT_TERMS, 'utf8')}`,
    );
  }
  return { name, version, license, texts };
}

/**
 * Makes one text from the contents that `buildBinary` reports. Rejects if a package does not state its terms.
 * @param nodeLicense the file with the licence of the Node in the executable
 */
export async function thirdPartyNotices({ sources, packages }, nodeLicense) {
  const directories = new Set(packages.flatMap((name) => [name, ...(BESIDES[name]?.packages ?? [])]).map(installedAt));
  for (const source of sources) {
    const directory = packageOf(source);
    if (directory !== undefined) directories.add(directory);
  }
  const found = new Map();
  for (const notice of await Promise.all([...directories].map(describe))) {
    const key = `${notice.name} ${notice.version}`;
    found.set(key, notice);
  }
  const parts = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { license, texts }]) =>
      [RULE, `${key}${license === undefined ? '' : ` (${license})`}`, ...texts.map((text) => `\n${text.trim()}`)].join(
        '\n',
      ),
    );
  const node = [
    RULE,
    `Node.js ${process.versions.node}, and what is in it`,
    '',
    (await readFile(nodeLicense, 'utf8')).trim(),
  ];
  return ['Partyline contains the following software, each under its own licence.', ...parts, node.join('\n'), ''].join(
    '\n\n',
  );
}
