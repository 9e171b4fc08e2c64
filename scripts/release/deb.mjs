// The package for Debian and Ubuntu: the executable, the unit, a configuration in which everything is a comment, the
// documents. Its version for Debian is always 1, because nobody repackages it.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { setTimes } from './pack.mjs';

const TEMPLATES = fileURLToPath(new URL('debian', import.meta.url));
const ARCHITECTURES = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };
const INSTALLED_AT = '/usr/bin/partyline';
/** Who builds it, as Debian's own tools read it. Whoever publishes packages sets both. */
const { DEBFULLNAME = 'The Partyline authors', DEBEMAIL = 'partyline@example.org' } = process.env;
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/** The version of Debian's libstdc++6 that first had these symbols (gcc.gnu.org, "ABI Policy and Guidelines"). */
const LIBSTDCXX = [
  [21, '5.1'],
  [22, '6.1'],
  [24, '7.1'],
  [25, '8.1'],
  [28, '9.3'],
  [29, '11.1'],
  [30, '12.1'],
];

/** Why no package can be made here; undefined if it can. */
export function missingForDeb() {
  return spawnSync('dpkg-deb', ['--version']).error === undefined ? undefined : 'dpkg-deb is missing';
}

/**
 * Resolves with the path of the package.
 * @param options `folder` is what goes into the archive; `directory` is for temporary files; `seconds` is the time of
 * everything in it, `level` that of its compression
 */
export async function makeDeb({ folder, outdir, directory, version, platform, seconds, level }) {
  const architecture = ARCHITECTURES[platform.name];
  const root = join(directory, 'deb');
  const place = async (path, contents, mode = 0o644) => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), contents);
    await chmod(join(root, path), mode);
  };
  const binary = join(root, INSTALLED_AT);
  await mkdir(join(binary, '..'), { recursive: true });
  await copyFile(join(folder, 'partyline'), binary);
  await chmod(binary, 0o755);
  await placeDocuments(folder, root, { version, seconds, place });
  await place(
    'usr/lib/systemd/system/partyline.service',
    unit(await readFile(join(folder, 'deploy/systemd/partyline.service'), 'utf8')),
  );
  await place('etc/partyline/partyline.toml', await readFile(join(folder, 'config.sample.toml')));
  await place('usr/share/man/man1/partyline.1.gz', gzip(manualPage(helpOf(binary, platform), version, seconds)));
  await place('usr/share/lintian/overrides/partyline', await readFile(join(TEMPLATES, 'lintian-overrides')));

  const size = await sizeOf(root);
  await place(
    'DEBIAN/control',
    control({ version, architecture, size, depends: dependencies([binary, platform.addon()], platform) }),
  );
  await place('DEBIAN/conffiles', '/etc/partyline/partyline.toml\n');
  await place('DEBIAN/md5sums', await md5sums(root));
  for (const name of SCRIPTS) await place(`DEBIAN/${name}`, await readFile(join(TEMPLATES, name)), 0o755);
  await setTimes(directory, 'deb', seconds);
  const file = join(outdir, `partyline_${version}-1_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', `-z${level}`, '--build', root, file], {
    stdio: 'pipe',
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
  });
  await rm(root, { recursive: true });
  return file;
}

/** With paths as in the archive, so that links work. */
async function placeDocuments(folder, root, { version, seconds, place }) {
  const to = join(root, 'usr/share/doc/partyline');
  await mkdir(to, { recursive: true });
  for (const name of [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'config.sample.toml',
    'THIRD-PARTY-NOTICES.txt',
    'docs',
    'deploy',
  ])
    await cp(join(folder, name), join(to, name), { recursive: true });
  const licence = await readFile(join(folder, 'LICENSE'), 'utf8');
  const others = 'What the executable contains besides is under the licences in THIRD-PARTY-NOTICES.txt.';
  await place('usr/share/doc/partyline/copyright', `${licence}\n${others}\n`);
  await symlink('copyright', join(to, 'LICENSE'));
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
  const entry = `partyline (${version}-1) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${DEBFULLNAME} <${DEBEMAIL}>  ${date}\n`;
  await place('usr/share/doc/partyline/changelog.Debian.gz', gzip(entry));
}

function unit(text) {
  // How to install it by hand.
  const withoutAdvice = text.slice(text.indexOf('[Unit]'));
  return withoutAdvice.replaceAll('/usr/local/bin/partyline', INSTALLED_AT);
}

function control({ version, architecture, size, depends }) {
  return `Package: partyline
Version: ${version}-1
Architecture: ${architecture}
Maintainer: ${DEBFULLNAME} <${DEBEMAIL}>
Installed-Size: ${size}
Depends: ${depends}
Section: net
Priority: optional
Description: voice server that mixes, for games and communities
 Browsers open a page, join a room and play one audio track: the server
 decodes what everybody says, mixes for each listener everybody else, and
 sends that mix.
 .
 It is one executable that contains Node.js, the page and the Opus codec.
`;
}

/** The libraries that it needs, in the versions from which on they have the symbols that it uses. */
function dependencies(binaries, { objdump }) {
  const symbols = execFileSync(objdump, ['-T', ...binaries], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const newest = (name) =>
    [...symbols.matchAll(new RegExp(`\\b${name}_(\\d+(?:\\.\\d+)*)`, 'g'))]
      .map(([, version]) => version.split('.').map(Number))
      .reduce((a, b) => (compare(a, b) >= 0 ? a : b));
  const cxx = newest('GLIBCXX').at(-1);
  const [, libstdcxx] = LIBSTDCXX.find(([symbol]) => symbol >= cxx) ?? [];
  if (libstdcxx === undefined) throw new Error(`no version of libstdc++6 is known for GLIBCXX_3.4.${cxx}`);
  return `libc6 (>= ${newest('GLIBC').join('.')}), libgcc-s1, libstdc++6 (>= ${libstdcxx})`;
}

function compare(a, b) {
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) - (b[i] ?? 0);
  return 0;
}

function helpOf(binary, { command }) {
  const [program, ...args] = command(binary);
  return execFileSync(program, [...args, '--help'], { encoding: 'utf8' });
}

/** Its text is that of --help. */
function manualPage(help, version, seconds) {
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  const verbatim = (text) =>
    text
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replace(/^([.'])/gm, '\\&$1');
  const [about, ...rest] = help.split('\n');
  return `.TH PARTYLINE 1 "${date}" "partyline ${version}" "User Commands"
.SH NAME
partyline \\- voice server that mixes
.SH DESCRIPTION
${verbatim(about)}
The documentation is in /usr/share/doc/partyline, the configuration of the service in /etc/partyline/partyline.toml.
.nf
${verbatim(rest.join('\n').trim())}
.fi
.SH SEE ALSO
.BR systemctl (1)
`;
}

function gzip(text) {
  return gzipSync(text, { level: 9 });
}

async function filesIn(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** In KiB. */
async function sizeOf(root) {
  const sizes = await Promise.all((await filesIn(root)).map(async (file) => Math.ceil((await stat(file)).size / 1024)));
  return sizes.reduce((a, b) => a + b, 0);
}

async function md5sums(root) {
  const paths = (await filesIn(root)).map((file) => relative(root, file)).filter((path) => !path.startsWith('DEBIAN/'));
  return execFileSync('md5sum', paths, { cwd: root, encoding: 'utf8' });
}
