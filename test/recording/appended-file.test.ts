import { test } from 'tap';
import { AppendedFile, type DiskFile } from '../../src/recording/appended-file.ts';

/** A disk with room for so many bytes. Like a real one, it first writes less than it should. */
class SmallDisk {
  bytes = Buffer.alloc(0);
  space: number;
  closed = false;
  synced = 0;
  /** Writes wait for this. */
  gate: Promise<void> = Promise.resolve();

  constructor(space: number) {
    this.space = space;
  }

  readonly file = {
    write: async (bytes: Uint8Array, offset: number, length: number, at: number) => {
      await this.gate;
      const written = Math.min(length, Math.max(0, this.space - at));
      if (written === 0 && length > 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      const end = Math.max(this.bytes.length, at + written);
      const next = Buffer.alloc(end);
      this.bytes.copy(next);
      next.set(bytes.subarray(offset, offset + written), at);
      this.bytes = next;
      return { bytesWritten: written, buffer: bytes };
    },
    truncate: async (length: number) => {
      this.bytes = this.bytes.subarray(0, length);
    },
    datasync: async () => {
      this.synced++;
    },
    close: async () => {
      this.closed = true;
    },
  } as unknown as DiskFile;
}

function appended(disk: SmallDisk) {
  const errors: (string | undefined)[] = [];
  const file = new AppendedFile({ open: async () => disk.file, onError: ({ code }) => errors.push(code) });
  return { file, errors };
}

const page = (text: string) => Buffer.from(text);

test('pages are written one after the other', async (t) => {
  const disk = new SmallDisk(1000);
  const { file, errors } = appended(disk);
  file.append([page('one '), page('two ')]);
  file.append([page('three')]);
  file.sync();
  await file.settled();
  t.equal(disk.bytes.toString(), 'one two three');
  t.equal(file.bytes, 13);
  t.equal(disk.synced, 1);
  t.same(file.lastPage, { page: page('three'), at: 8 });
  await file.close();
  t.ok(disk.closed);
  t.same(errors, []);
});

test('a full disk leaves whole pages, and is reported once', async (t) => {
  const disk = new SmallDisk(10);
  const { file, errors } = appended(disk);
  file.append([page('12345678')]);
  file.append([page('abcdefgh')]);
  file.append([page('never')]);
  await file.settled();
  t.equal(disk.bytes.toString(), '12345678', 'the half-written page is cut off');
  t.same(errors, ['ENOSPC']);
  t.ok(file.failed);
  disk.space = 1000;
  file.append([page('later')]);
  await file.settled();
  t.equal(disk.bytes.toString(), '12345678');
  file.overwrite(page('X'), 0);
  await file.close();
  t.equal(disk.bytes.toString(), 'X2345678', 'what is there can be changed');
});

test('a file that cannot be opened is reported, and everything else does nothing', async (t) => {
  const errors: (string | undefined)[] = [];
  const open = async () => {
    throw Object.assign(new Error('no'), { code: 'EACCES' });
  };
  const file = new AppendedFile({ open, onError: ({ code }) => errors.push(code) });
  file.append([page('one')]);
  await file.close();
  t.same(errors, ['EACCES']);
});

test('it is known when the disk is behind', async (t) => {
  const disk = new SmallDisk(1e9);
  let open: () => void = () => {};
  disk.gate = new Promise((resolve) => {
    open = resolve;
  });
  const { file } = appended(disk);
  file.append([Buffer.alloc(4 * 1024 * 1024)]);
  t.equal(file.isBehind, false);
  file.append([page('more')]);
  t.equal(file.isBehind, true);
  open();
  await file.settled();
  t.equal(file.isBehind, false);
});
