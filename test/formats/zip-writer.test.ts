import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'tap';
import { type ZipFile, ZipWriter } from '../../src/formats/zip-writer.ts';
import { crc32 } from '../../src/lib/crc.ts';
import { missingPackages, skipIfMissing } from '../helpers/debian-packages.ts';

const FILES = [
  { name: 'recording/manifest.json', bytes: Buffer.from('{}') },
  { name: 'recording/01-Zoë.opus', bytes: Buffer.alloc(70_000, 'sound') },
  { name: 'recording/empty', bytes: Buffer.alloc(0) },
];

function archiveOf(files: readonly { readonly name: string; readonly bytes: Buffer }[]): Buffer {
  const all = files.map(({ name, bytes }) => ({ name, size: bytes.length }));
  const zip = new ZipWriter(all);
  const parts = files.flatMap(({ bytes }, index) => {
    const file = all[index]!;
    return [zip.begin(file), bytes, zip.finish(file, crc32(bytes, bytes.length))];
  });
  const archive = Buffer.concat([...parts, zip.end()]);
  if (archive.length !== zip.length) throw new Error(`${archive.length} bytes instead of ${zip.length}`);
  return archive;
}

test('unzip finds no fault with an archive', { skip: skipIfMissing(missingPackages(['unzip'])) }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-zip-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.zip');
  writeFileSync(path, archiveOf(FILES));
  const tested = spawnSync('unzip', ['-t', path], { encoding: 'utf8' });
  t.equal(tested.status, 0, tested.stdout + tested.stderr);
  const listed = spawnSync('unzip', ['-Z1', path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  t.same(
    listed.stdout.trim().split('\n'),
    FILES.map(({ name }) => name),
  );
  const read = spawnSync('unzip', ['-p', path, 'recording/01-*'], { maxBuffer: 1e6 });
  t.ok(read.stdout.equals(FILES[1]!.bytes));
  t.end();
});

test('the length of an archive is known beforehand', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: fc.string({ minLength: 1, unit: 'grapheme' }), bytes: fc.uint8Array() }), {
        maxLength: 5,
      }),
      (files) => archiveOf(files.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) }))).length > 0,
    ),
  );
  t.end();
});

test('an archive of more than 4 GiB has 64-bit fields', (t) => {
  const files: readonly ZipFile[] = [
    { name: 'a', size: 5 * 2 ** 30 },
    { name: 'b', size: 1 },
  ];
  const zip = new ZipWriter(files);
  const local = zip.begin(files[0]!);
  t.equal(Buffer.from(local).readUInt32LE(18), 0xffff_ffff);
  const descriptor = Buffer.from(zip.finish(files[0]!, 7));
  t.equal(Number(descriptor.readBigUInt64LE(8)), 5 * 2 ** 30);
  zip.begin(files[1]!);
  zip.finish(files[1]!, 8);
  const end = Buffer.from(zip.end());
  const offset = local.length + files[0]!.size + descriptor.length;
  // The second file is found by its 64-bit offset, and the end record points to the zip64 records.
  t.equal(Number(end.readBigUInt64LE(75 + 75 - 8)), offset);
  t.ok(end.includes(Buffer.from('PK\x06\x06')) && end.includes(Buffer.from('PK\x06\x07')));
  t.end();
});
