/** The recordings as the operator sees them through the API. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../lib/errors.ts';
import type { Download } from '../protocol/api/download.ts';
import type { RecordingDisk, RecordingInfo, RecordingLibrary, TrackFormat } from '../rooms/recording/library.ts';
import { type ArchiveFile, archiveOf } from './archive.ts';
import { Converter } from './conversion.ts';
import { EVENTS, MANIFEST } from './file-names.ts';
import type { Manifest } from './manifest.ts';
import { bytesOf, type Recordings } from './recordings.ts';

const CONTENT_TYPES: Readonly<Record<TrackFormat, string>> = {
  opus: 'audio/ogg',
  flac: 'audio/flac',
  wav: 'audio/wav',
};
const OTHER_TYPES: ReadonlyMap<string, string> = new Map([
  [MANIFEST, 'application/json'],
  [EVENTS, 'application/x-ndjson'],
]);

export class Library implements RecordingLibrary {
  readonly #recordings: Recordings;
  readonly #converter: Converter;

  constructor(recordings: Recordings, converter = new Converter()) {
    this.#recordings = recordings;
    this.#converter = converter;
  }

  list(): readonly RecordingInfo[] {
    return this.#recordings.list().map(recordingInfo);
  }

  disk(): Promise<RecordingDisk> {
    return this.#recordings.disk();
  }

  get(id: string): RecordingInfo {
    return recordingInfo(this.#recordings.find(id));
  }

  async stop(id: string): Promise<RecordingInfo> {
    return recordingInfo(await this.#recordings.stop(id));
  }

  delete(id: string): Promise<void> {
    return this.#recordings.delete(id);
  }

  checkFile(id: string, file: string): void {
    const { tracks } = this.#recordings.find(id);
    if (!OTHER_TYPES.has(file) && !tracks.some((track) => track.file === file)) throw new AppError('unknown_file');
  }

  async file(id: string, file: string, format: TrackFormat): Promise<Download> {
    this.checkFile(id, file);
    const path = join(this.#recordings.folderOf(id), file);
    const size = await sizeOf(path);
    if (size === undefined) throw new AppError('unknown_file');
    const otherType = OTHER_TYPES.get(file);
    if (otherType !== undefined || format === 'opus') {
      const contentType = otherType ?? CONTENT_TYPES.opus;
      return { contentType, name: file, size, takesRanges: true, open: (from, to) => readPart(path, from, to) };
    }
    await this.#converter.check();
    return {
      contentType: CONTENT_TYPES[format],
      name: file.replace(/opus$/, format),
      size: undefined,
      takesRanges: false,
      open: () => this.#converter.convert(path, format),
    };
  }

  async archive(id: string): Promise<Download> {
    const manifest = this.#recordings.find(id);
    const { tracks } = manifest;
    const folder = this.#recordings.folderOf(id);
    const names = [EVENTS, ...tracks.map(({ file }) => file)];
    // The file may be replaced while the archive is sent.
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    const found: ArchiveFile[] = [{ name: `${id}/${MANIFEST}`, size: text.length, from: { bytes: text } }];
    for (const name of names) {
      const path = join(folder, name);
      const size = await sizeOf(path);
      if (size !== undefined) found.push({ name: `${id}/${name}`, size, from: { path } });
    }
    // Audacity opens all tracks at once with it.
    const bytes = Buffer.from(tracks.map(({ file }) => `file "${file}" offset 0\n`).join(''));
    const archive = archiveOf([...found, { name: `${id}/tracks.lof`, size: bytes.length, from: { bytes } }]);
    return {
      contentType: 'application/zip',
      name: `recording-${id}.zip`,
      size: archive.size,
      takesRanges: false,
      open: archive.open,
    };
  }
}

/** A recording without what only its folder needs. */
export function recordingInfo(manifest: Manifest): RecordingInfo {
  const { id, room, title, state, startedAt, endedAt, reason, durationMs, consent, startedBy, tracks, upload } =
    manifest;
  return {
    id,
    room,
    title,
    state,
    startedAt,
    endedAt,
    reason,
    durationMs,
    consent,
    startedBy,
    bytes: bytesOf(manifest),
    upload,
    tracks: tracks.map(({ file, kind, participantId, identity, name, talkMs, driftPpm, bytes, dropped }) => {
      return { file, kind, participantId, identity, name, talkMs, driftPpm, bytes, dropped };
    }),
  };
}

function readPart(path: string, from: number, to: number) {
  // An empty file has no last byte.
  return createReadStream(path, to < from ? { start: 0, end: 0 } : { start: from, end: to });
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}
