/** What people download: the archive, the package for Debian, and the container made of the archive. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { LOCAL_FLAGS, makeDownloads, urlOf } from '../helpers/downloads.ts';
import { missingForMounts } from '../helpers/released-binary.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
const TARGET = `${process.platform}-${process.arch}`;
const ARCHIVE = `partyline-${version}-${TARGET}.tar.gz`;
const PACKAGE = `partyline_${version}-1_${process.arch === 'x64' ? 'amd64' : process.arch}.deb`;
const missing =
  missingPackages(['binutils', 'buildah', 'lintian']) ??
  missingForMounts() ??
  (process.getuid?.() === 0 ? null : 'installing packages needs root');

test('what a release consists of', { skip: skipIfMissing(missing) }, async (t) => {
  const { directory, files, problem } = makeDownloads(t, TARGET, 'tar.gz,deb');
  t.equal(problem, undefined);
  const path = (name: string) => join(directory, name);

  t.test('the archive and the package have checksums', (t) => {
    t.same(files, ['SHA256SUMS', ARCHIVE, PACKAGE]);
    const sumOf = (name: string) =>
      createHash('sha256')
        .update(readFileSync(path(name)))
        .digest('hex');
    t.same(
      readFileSync(path('SHA256SUMS'), 'utf8').trim().split('\n'),
      [ARCHIVE, PACKAGE].map((name) => `${sumOf(name)}  ${name}`),
    );
    t.end();
  });

  t.test('lintian finds nothing in the package', (t) => {
    const { status, stdout, stderr } = spawnSync(
      'lintian',
      ['--allow-root', '--fail-on', 'error,warning', path(PACKAGE)],
      {
        encoding: 'utf8',
      },
    );
    t.equal(status, 0, `${stdout}${stderr}`);
    t.end();
  });

  t.test('the package is installed, runs, and leaves nothing behind when it is purged', (t) => {
    const place = path('root');
    mkdirSync(place);
    // The root of this machine, whose changes are in memory and end with the command.
    const script = `
      set -e
      mount -t tmpfs none ${place}
      mkdir ${place}/upper ${place}/work ${place}/root
      mount -t overlay overlay -o lowerdir=/,upperdir=${place}/upper,workdir=${place}/work ${place}/root
      cp ${path(PACKAGE)} ${place}/root/partyline.deb
      in_root() { chroot ${place}/root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
      in_root dpkg --install /partyline.deb >&2
      in_root partyline --version
      in_root partyline check --help | head -n 1
      in_root readlink /etc/systemd/system/multi-user.target.wants/partyline.service
      in_root grep ^ExecStart= /usr/lib/systemd/system/partyline.service
      in_root dpkg --verify partyline
      mkdir -p ${place}/root/var/lib/private/partyline/kept
      echo 'port = 8081' >> ${place}/root/etc/partyline/partyline.toml
      mkdir -p ${place}/root/run/systemd/system
      in_root dpkg --install /partyline.deb >&2
      rm -r ${place}/root/run/systemd
      in_root tail -n 1 /etc/partyline/partyline.toml
      in_root dpkg --remove partyline >&2
      in_root ls /var/lib/private/partyline
      in_root dpkg --purge partyline >&2
      cd ${place}/upper
      find . -name '*partyline*' -not -name '*.deb'
    `;
    const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
    t.equal(status, 0, stderr);
    t.same(stdout.trim().split('\n'), [
      `partyline ${version} (${TARGET}, Node ${process.versions.node})`,
      'Checks a setup and prints one line for each check: ok, warn or fail.',
      '/lib/systemd/system/partyline.service',
      'ExecStart=/usr/bin/partyline --config /etc/partyline/partyline.toml',
      'port = 8081',
      'kept',
    ]);
    t.match(stderr, 'keeps its old version', 'an upgrade cuts off nobody');
    t.end();
  });

  t.test('the container is built from the archive, and runs without root', async (t) => {
    execFileSync('tar', ['-xzf', path(ARCHIVE), '-C', directory, '--no-same-owner']);
    const folder = path(ARCHIVE.replace('.tar.gz', ''));
    const store = path('containers');
    const storage = ['--root', join(store, 'root'), '--runroot', join(store, 'run'), '--storage-driver', 'vfs'];
    const buildah = (...args: string[]) =>
      execFileSync('buildah', [...storage, ...args], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    // No image can be fetched here. This one has the same libraries as the named one.
    const libraries = execFileSync('ldd', [join(folder, 'partyline')], { encoding: 'utf8' }).match(/\/[^ ]+/g) ?? [];
    const base = path('base');
    mkdirSync(base);
    execFileSync('cp', ['--dereference', '--parents', ...libraries, base]);
    const scratch = buildah('from', 'scratch').trim();
    buildah('add', scratch, base, '/');
    buildah('commit', scratch, 'base');
    const dockerfile = 'deploy/docker/Dockerfile.archive';
    buildah(
      'bud',
      '--isolation',
      'chroot',
      '--build-arg',
      'BASE=localhost/base',
      '-t',
      'partyline',
      '-f',
      dockerfile,
      '.',
    );
    const container = buildah('from', 'localhost/partyline').trim();
    const inside = ['run', '--isolation', 'chroot', container, '--', '/usr/local/bin/partyline'];
    const child = spawn('buildah', [...storage, ...inside, ...LOCAL_FLAGS], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.teardown(() => child.kill('SIGKILL'));
    const health = (await (await fetch(`${await urlOf(child)}healthz`)).json()) as { readonly status: string };
    t.equal(health.status, 'ok');
    const pids = execFileSync('pgrep', ['-f', `^/usr/local/bin/partyline .*${LOCAL_FLAGS.join(' ')}`], {
      encoding: 'utf8',
    });
    const [pid] = pids.trim().split('\n');
    t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65532\t65532\t/m);
    process.kill(Number(pid), 'SIGTERM');
    await once(child, 'close');
    const mounted = buildah('mount', container).trim();
    t.ok(existsSync(join(mounted, 'data')));
    t.same(
      readdirSync(mounted).filter((name) => ['bin', 'sbin'].includes(name)),
      [],
      'there is no shell',
    );
  });
});
