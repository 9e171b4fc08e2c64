import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { type ArchiveFile, archiveOf } from '../../src/recording/archive.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';
import { eventually } from '../helpers/eventually.ts';

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-archive-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

function onDisk(folder: string, file: string, bytes: Uint8Array): ArchiveFile {
  const path = join(folder, file);
  writeFileSync(path, bytes);
  return { name: `recording/${file}`, size: bytes.length, from: { path } };
}

function inMemory(name: string, bytes: Uint8Array): ArchiveFile {
  return { name, size: bytes.length, from: { bytes } };
}

const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });

test('unzip finds no fault with an archive', { skip: skipIfMissing(missingPackages(['unzip'])) }, async (t) => {
  const folder = folderFor(t);
  const sound = Buffer.alloc(70_000, 'sound');
  const files = [
    inMemory('recording/manifest.json', Buffer.from('{}')),
    onDisk(folder, '01-Zoë.opus', sound),
    onDisk(folder, 'empty', Buffer.alloc(0)),
  ];
  const archive = archiveOf(files);
  // What a running recording adds meanwhile is left out.
  appendFileSync(join(folder, '01-Zoë.opus'), 'more');
  appendFileSync(join(folder, 'empty'), 'more');
  const bytes = await buffer(archive.open());
  t.equal(bytes.length, archive.size);
  t.ok(bytes.equals(await buffer(archive.open())), 'the same input gives the same archive');
  const path = join(folder, 'a.zip');
  writeFileSync(path, bytes);
  const tested = spawnSync('unzip', ['-t', path], { encoding: 'utf8' });
  t.equal(tested.status, 0, tested.stdout + tested.stderr);
  const listed = spawnSync('unzip', ['-Z1', path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  t.same(
    listed.stdout.trim().split('\n'),
    files.map(({ name }) => name),
  );
  t.match(spawnSync('unzip', ['-Z', path], { encoding: 'utf8' }).stdout, /^-rw------- .* stor 80-Jan-01/m);
  t.ok(spawnSync('unzip', ['-p', path, 'recording/01-*'], { maxBuffer: 1e6 }).stdout.equals(sound));
});

test('the length of an archive is known beforehand', async (t) => {
  const file = fc.record({ name: fc.stringMatching(/^[a-z]\S{0,9}[a-z]$/), bytes: fc.uint8Array() });
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 5 }), async (files) => {
      const archive = archiveOf(files.map(({ name, bytes }) => inMemory(`r/${name}`, bytes)));
      return (await buffer(archive.open())).length === archive.size;
    }),
  );
  // With more than 64 kB of names.
  const many = Array.from({ length: 510 }, (_, n) => inMemory(`r/${n}-${'Ω'.repeat(40)}`, Buffer.alloc(9)));
  for (const count of [350, 395, 400, 510]) {
    const archive = archiveOf(many.slice(0, count));
    t.equal((await buffer(archive.open())).length, archive.size, `${count} files`);
  }
});

test('an archive of more than 4 GiB counts with 64-bit fields', async (t) => {
  const path = '/never/opened';
  const at = (size: number) => archiveOf([{ name: 'a', size, from: { path } }]).size - size;
  t.equal(at(2 ** 32), at(1000) + 8 + 28 + 56 + 20);
});

test('a file that cannot be read breaks the archive off', async (t) => {
  const folder = folderFor(t);
  const file = onDisk(folder, 'a.opus', Buffer.alloc(1000));
  const archive = archiveOf([file]);
  truncateSync(join(folder, 'a.opus'), 500);
  await t.rejects(buffer(archive.open()), /unexpected number of bytes/);
  rmSync(join(folder, 'a.opus'));
  await t.rejects(buffer(archive.open()), { code: 'ENOENT' });
});

test('a reader who leaves keeps no file open', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const folder = folderFor(t);
  const archive = archiveOf([onDisk(folder, 'a.opus', Buffer.alloc(5_000_000))]);
  const isOpen = () => openFiles().some((path) => path.startsWith(folder));
  const reading = archive.open();
  reading.once('data', () => reading.pause());
  await eventually(isOpen);
  reading.destroy();
  await eventually(() => !isOpen() || 'the file is still open');
});
