/** A recording as a zip archive that is sent while it is read. Its files are stored as they are, so its length is known. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { dateOf } from '../lib/clock.ts';

export interface ArchiveFile {
  /** With `/` between folders. */
  readonly name: string;
  /** What is read at most. An archive whose file has become shorter breaks off. */
  readonly size: number;
  /** Where it is read, or what it contains. */
  readonly from: { readonly path: string } | { readonly bytes: Uint8Array };
}

/** The same input gives the same archive: the first time that zip knows, and only the owner may read and write. */
const ENTRY = { compress: false, mtime: dateOf(0), forceDosTimestamp: true, mode: 0o100600 } as const;
/** Of an entry in the list of files, without its name, at most. */
const LISTED_BYTES = 46 + 28;
/** From here on yazl 3.3.1 states the length of a zip64 archive but writes another, unless it is told to. */
const MAX_SMALL_LIST_BYTES = 0xffff;

/** An archive of files as long as they are now. */
export function archiveOf(files: readonly ArchiveFile[]): { readonly size: number; open(): Readable } {
  let size = 0;
  // Nothing is opened for a length.
  zipOf(files, () => {}).end(endOf(files), (length?: number) => {
    size = length ?? 0;
  });
  return { size, open: () => openArchive(files) };
}

type Deliver = (error: unknown, content: Readable) => void;

function zipOf(files: readonly ArchiveFile[], open: (file: ArchiveFile, deliver: Deliver) => void): ZipFile {
  const zip = new ZipFile();
  for (const file of files)
    zip.addReadStreamLazy(file.name, { ...ENTRY, size: file.size }, (deliver) => open(file, deliver));
  return zip;
}

function endOf(files: readonly ArchiveFile[]) {
  const listed = files.reduce((sum, { name }) => sum + LISTED_BYTES + Buffer.byteLength(name), 0);
  return { forceZip64Format: listed >= MAX_SMALL_LIST_BYTES, comment: '' };
}

function openArchive(files: readonly ArchiveFile[]): Readable {
  let content: Readable | undefined;
  const fail = (error: Error): void => {
    output.destroy(error);
  };
  const zip = zipOf(files, (file, deliver) => {
    content = contentOf(file).once('error', fail);
    deliver(null, content);
  });
  const output = zip.outputStream as Readable;
  zip.once('error', fail);
  // The reader may leave in the middle of a file.
  output.once('close', () => content?.destroy());
  zip.end(endOf(files));
  return output;
}

function contentOf({ from, size }: ArchiveFile): Readable {
  if ('bytes' in from) return Readable.from([from.bytes]);
  // A file that grows is read as far as it was counted.
  return size === 0 ? Readable.from([]) : createReadStream(from.path, { end: size - 1 });
}
