/** A recording as a zip archive that is sent while it is read. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type ZipFile, ZipWriter } from '../formats/zip-writer.ts';
import { continuedCrc32 } from '../lib/crc.ts';

export interface ArchiveFile extends ZipFile {
  /** Where it is read, or what it contains. */
  readonly from: { readonly path: string } | { readonly bytes: Uint8Array };
}

/** An archive of files as long as they are now. */
export function archiveOf(files: readonly ArchiveFile[]): { readonly size: number; open(): Readable } {
  const size = new ZipWriter(files).length;
  return { size, open: () => Readable.from(partsOf(files), { objectMode: false }) };
}

async function* partsOf(files: readonly ArchiveFile[]): AsyncGenerator<Uint8Array> {
  const zip = new ZipWriter(files);
  for (const file of files) {
    yield zip.begin(file);
    let checksum = 0;
    let length = 0;
    for await (const piece of piecesOf(file)) {
      checksum = continuedCrc32(checksum, piece);
      length += piece.length;
      yield piece;
    }
    if (length !== file.size) throw new Error(`${file.name} has become shorter`);
    yield zip.finish(file, checksum);
  }
  yield zip.end();
}

async function* piecesOf({ from, size }: ArchiveFile): AsyncGenerator<Uint8Array> {
  if ('bytes' in from) yield from.bytes;
  // A file that grows is read as far as it was counted.
  else if (size > 0) yield* createReadStream(from.path, { end: size - 1 }) as AsyncIterable<Buffer>;
}
