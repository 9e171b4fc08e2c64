/** All recordings of a server: those that run, and those on the disk. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis, within } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { RecordingDisk } from '../rooms/recording/library.ts';
import type { Recorder, RecordingConsent, RecordingStart, RunningRecording } from '../rooms/recording/recorder.ts';
import { dayOf, isDay, isRecordingId } from './file-names.ts';
import { RecordingFolder } from './folder.ts';
import { type Manifest, readManifest, writeManifest } from './manifest.ts';
import { NO_SPACE, Recording } from './recording.ts';
import { isBeingWritten, repairRecording } from './repair.ts';
import type { S3Bucket } from './upload/s3-bucket.ts';
import { Uploader, type UploadFigures, type UploadSource } from './upload/uploader.ts';

/** Each takes a timer and some files. */
const MAX_RUNNING = 100;
const SWEEP_MS: Millis = 3_600_000;
const DAY_MS: Millis = 86_400_000;

export interface RecordingLimits {
  readonly maxMs: Millis;
  /** Of all recordings together; 0: no limit. */
  readonly maxBytes: number;
  /** What stays free on the disk. */
  readonly minFreeBytes: number;
  /** Finished recordings are deleted after this; 0: never. */
  readonly keepDays: number;
}

/** Must neither throw nor block. */
export interface RecordingObserver {
  /** The storage has confirmed it. */
  uploaded(recording: Manifest): void;
  /** It could not be sent to the storage; it is tried again. */
  uploadFailed(recording: Manifest): void;
  started(recording: Manifest): void;
  ended(recording: Manifest): void;
  deleted(recording: Manifest): void;
}

export interface RecordingsOptions {
  readonly directory: string;
  readonly limits: RecordingLimits;
  readonly consent: RecordingConsent;
  readonly observer: RecordingObserver;
  /** Where recordings are sent when they have ended; nowhere if omitted. */
  readonly bucket?: Pick<S3Bucket, 'put'> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RecordingFigures {
  readonly running: number;
  readonly bytesWritten: number;
  readonly writeErrors: number;
  readonly packetsDropped: number;
  /** Omitted if recordings are not sent anywhere. */
  readonly uploads?: UploadFigures;
}

export class Recordings implements Recorder {
  readonly consent: RecordingConsent;
  readonly #options: RecordingsOptions;
  readonly #finished = new Map<string, Manifest>();
  /** Their files. */
  #finishedBytes = 0;
  readonly #running = new Map<string, Recording>();
  #bytesWritten = 0;
  #writeErrors = 0;
  #droppedBefore = 0;
  #starting = 0;
  #cancelSweep: Cancel = () => {};
  #closed = false;
  readonly #uploader: Uploader | undefined;

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.consent = options.consent;
    const { bucket, observer, clock, log } = options;
    const events = {
      uploaded: (recording: Manifest) => observer.uploaded(recording),
      failed: (recording: Manifest) => observer.uploadFailed(recording),
    };
    this.#uploader = bucket && new Uploader({ bucket, source: this.#uploadSource, events, clock, log });
  }

  /** Finds and repairs what is there. Rejects with a system error if the directory cannot be used. */
  async open(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    await this.#load();
    await this.#sweep();
  }

  get figures(): RecordingFigures {
    let packetsDropped = this.#droppedBefore;
    for (const { dropped } of this.#running.values()) packetsDropped += dropped;
    return {
      running: this.#running.size,
      bytesWritten: this.#bytesWritten,
      writeErrors: this.#writeErrors,
      packetsDropped,
      ...(this.#uploader !== undefined && { uploads: this.#uploader.figures }),
    };
  }

  /** All recordings, oldest first. */
  list(): Manifest[] {
    const running = Array.from(this.#running.values(), ({ manifest }) => manifest);
    return [...this.#finished.values(), ...running].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  }

  async disk(): Promise<RecordingDisk> {
    const { directory, limits } = this.#options;
    const disk = await statfs(directory).catch(() => undefined);
    // Some file systems do not say.
    const freeBytes = disk === undefined || disk.blocks === 0 ? null : disk.bavail * disk.bsize;
    return { bytes: this.#bytes, maxBytes: limits.maxBytes, freeBytes, minFreeBytes: limits.minFreeBytes };
  }

  /** Throws `unknown_recording`. */
  find(id: string): Manifest {
    const manifest = this.#running.get(id)?.manifest ?? this.#finished.get(id);
    if (manifest === undefined) throw new AppError('unknown_recording');
    return manifest;
  }

  /** Where the files of a recording are. Throws `unknown_recording`. */
  folderOf(id: string): string {
    const { startedAt } = this.find(id);
    return join(this.#options.directory, dayOf(startedAt), id);
  }

  async start(start: RecordingStart): Promise<RunningRecording> {
    if (this.#closed) throw new AppError('server_closing');
    if (this.#running.size + this.#starting >= MAX_RUNNING) throw new AppError('too_many_recordings');
    this.#starting++;
    try {
      return await this.#start(start);
    } finally {
      this.#starting--;
    }
  }

  /** Ends a running recording, and resolves when it is finished. Rejects with `unknown_recording`. */
  async stop(id: string): Promise<Manifest> {
    this.find(id);
    const running = this.#running.get(id);
    running?.endWith('stopped');
    await running?.finished;
    return this.find(id);
  }

  /** Deletes a finished recording. Rejects with `unknown_recording`, `recording_running` or `recording_failed`. */
  async delete(id: string): Promise<void> {
    const manifest = this.find(id);
    if (this.#running.has(id) || manifest.state === 'recording') throw new AppError('recording_running');
    await this.#remove(manifest);
    // Another request may have been faster.
    if (!this.#finished.delete(id)) return;
    this.#finishedBytes -= bytesOf(manifest);
    this.#options.observer.deleted(manifest);
  }

  /**
   * Resolves when everything is written, after the rooms have been closed; at the latest after `graceMs`, if the disk
   * hangs. The next start repairs what is left.
   */
  async close(graceMs: Millis): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    const running = [...this.#running.values()];
    for (const recording of running) recording.stop('server_closing');
    const ended = Promise.all([...running.map(({ finished }) => finished), this.#uploader?.close()]);
    await within(this.#options.clock, graceMs, ended);
  }

  async #start(start: RecordingStart): Promise<Recording> {
    const { directory, limits, clock, log, observer } = this.#options;
    if ((await this.#spaceLeft()) !== 'enough') throw new AppError('disk_full');
    const id = randomBytes(8).toString('hex');
    const startedAt = isoTime(clock.wallNow());
    let recording: Recording | undefined;
    try {
      const folder = await RecordingFolder.create(directory, id, startedAt);
      recording = new Recording({
        id,
        start,
        folder,
        clock,
        log,
        startedAtMs: Date.parse(startedAt),
        maxMs: Math.min(limits.maxMs, start.maxMs ?? limits.maxMs),
        isUploaded: this.#uploader !== undefined,
        spaceLeft: () => this.#spaceLeft(),
        onWritten: (bytes) => {
          this.#bytesWritten += bytes;
        },
        onWriteError: () => {
          this.#writeErrors++;
        },
        onFinished: (manifest) => this.#ended(manifest),
      });
      this.#running.set(id, recording);
      await folder.save(recording.manifest);
      if (recording.isOver) throw new Error('it ended while it was being started');
    } catch (error) {
      recording?.stop('disk_failed');
      if (recording === undefined)
        await rm(join(directory, dayOf(startedAt), id), { recursive: true, force: true }).catch(() => {});
      this.#writeErrors++;
      log.error({ room: start.room, err: error }, 'a recording cannot be started');
      throw new AppError(NO_SPACE.has((error as NodeJS.ErrnoException).code) ? 'disk_full' : 'recording_failed');
    }
    const { by } = start.starter;
    log.warn({ recording: id, room: start.room, tracks: start.tracks, by }, 'recording started');
    observer.started(recording.manifest);
    return recording;
  }

  #ended(manifest: Manifest): void {
    const { id, room, reason } = manifest;
    this.#droppedBefore += this.#running.get(id)?.dropped ?? 0;
    this.#running.delete(id);
    this.#keep(manifest);
    this.#options.log.warn({ recording: id, room, reason }, 'recording ended');
    this.#options.observer.ended(manifest);
  }

  get #uploadSource(): UploadSource {
    return {
      manifest: (id) => this.#finished.get(id),
      file: async (id, name) => {
        const path = join(this.folderOf(id), name);
        const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return undefined;
          throw error;
        });
        return found && { path, size: found.size };
      },
      setUpload: async (id, upload) => {
        const before = this.#finished.get(id);
        if (before === undefined) return;
        const manifest = { ...before, upload };
        await writeManifest(this.folderOf(id), manifest);
        if (this.#finished.get(id) === before) this.#finished.set(id, manifest);
      },
    };
  }

  async #spaceLeft(): Promise<'enough' | 'size' | 'disk_full'> {
    const { bytes, maxBytes, freeBytes, minFreeBytes } = await this.disk();
    if (maxBytes > 0 && bytes >= maxBytes) return 'size';
    return freeBytes !== null && freeBytes < minFreeBytes ? 'disk_full' : 'enough';
  }

  get #bytes(): number {
    let sum = this.#finishedBytes;
    for (const { bytes } of this.#running.values()) sum += bytes;
    return sum;
  }

  #keep(manifest: Manifest): void {
    const before = this.#finished.get(manifest.id);
    this.#finishedBytes += bytesOf(manifest) - (before === undefined ? 0 : bytesOf(before));
    this.#finished.set(manifest.id, manifest);
    if (manifest.upload?.state === 'waiting') this.#uploader?.add(manifest.id);
  }

  async #load(): Promise<void> {
    const { directory, clock, log } = this.#options;
    for (const [day, id] of await foldersIn(directory)) {
      const folder = join(directory, day, id);
      if (this.#running.has(id) || this.#finished.get(id)?.state === 'finished') continue;
      const manifest = await readManifest(folder);
      if (manifest === undefined || manifest.id !== id || dayOf(manifest.startedAt) !== day) continue;
      if (this.#running.has(id) || this.#finished.get(id)?.state === 'finished') continue;
      if (manifest.state !== 'recording') {
        this.#keep(manifest);
        continue;
      }
      // The server of before may still be finishing.
      if (await isBeingWritten(folder, manifest, clock.wallNow())) continue;
      try {
        const repaired = await repairRecording(folder, manifest);
        log.warn({ recording: id, room: manifest.room }, 'a recording that was interrupted has been repaired');
        this.#keep(repaired);
        this.#options.observer.ended(repaired);
      } catch (error) {
        log.error({ recording: id, err: error }, 'a recording that was interrupted cannot be repaired');
      }
    }
  }

  /** Deletes what has been kept long enough, and looks again in an hour. */
  async #sweep(): Promise<void> {
    const { clock, limits } = this.#options;
    const beforeMs = clock.wallNow() - limits.keepDays * DAY_MS;
    for (const { id, endedAt, state, upload } of this.list()) {
      if (limits.keepDays === 0 || state === 'recording' || endedAt === null) continue;
      // This is the only copy, but where nothing is sent any more, none will ever be made.
      if (this.#uploader !== undefined && upload?.state === 'waiting') continue;
      if (Date.parse(endedAt) < beforeMs) await this.delete(id).catch(() => {});
    }
    if (this.#closed) return;
    this.#cancelSweep = clock.setTimer(clock.now() + SWEEP_MS, () => {
      void this.#load()
        .catch(() => {})
        .then(() => this.#sweep());
    });
  }

  /**
   * Removes a folder that is really inside the directory, and the one of its day if that is empty now. Rejects with
   * `recording_failed`.
   */
  async #remove({ id, startedAt }: Manifest): Promise<void> {
    const { directory, log } = this.#options;
    const folder = join(directory, dayOf(startedAt), id);
    try {
      const root = await realpath(directory);
      if ((await realpath(folder)) !== `${root}${sep}${dayOf(startedAt)}${sep}${id}`)
        throw new Error('the folder is not inside the directory');
      await rm(folder, { recursive: true });
      // Fails if there are others of that day.
      await rmdir(dirname(folder)).catch(() => {});
      log.warn({ recording: id }, 'recording deleted');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      log.error({ recording: id, err: error }, 'a recording cannot be deleted');
      throw new AppError('recording_failed');
    }
  }
}

/** The length of all its files. */
export function bytesOf({ tracks }: Manifest): number {
  return tracks.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The folders that may be recordings. */
async function foldersIn(directory: string): Promise<(readonly [day: string, id: string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const day of (await readdir(directory)).filter(isDay).sort()) {
    const ids = await readdir(join(directory, day)).catch(() => []);
    for (const id of ids.filter(isRecordingId)) found.push([day, id]);
  }
  return found;
}
