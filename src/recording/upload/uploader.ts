/**
 * Sends recordings that have ended to a storage, one after the other, and tries again until the storage has confirmed
 * them. What is on the disk stays there: the manifest says whether there is a second copy.
 */
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis } from '../../lib/clock.ts';
import { dayOf, EVENTS, MANIFEST } from '../file-names.ts';
import type { Manifest, ManifestUpload } from '../manifest.ts';
import type { Content, S3Bucket } from './s3-bucket.ts';

/** The recordings on the disk. */
export interface UploadSource {
  /** Undefined if it has been deleted. */
  manifest(id: string): Manifest | undefined;
  /** The file of a recording; undefined if there is none. Rejects with a system error. */
  file(id: string, name: string): Promise<{ readonly path: string; readonly size: number } | undefined>;
  /** Keeps it in the manifest. Rejects with a system error. */
  setUpload(id: string, upload: ManifestUpload): Promise<void>;
}

export interface UploaderOptions {
  readonly bucket: Pick<S3Bucket, 'put'>;
  readonly source: UploadSource;
  readonly events: {
    uploaded(manifest: Manifest): void;
    /** Once for each recording, until the server starts again. */
    failed(manifest: Manifest): void;
  };
  readonly clock: Clock;
  readonly log: Logger;
}

export interface UploadFigures {
  /** Recordings that the storage has not confirmed yet. */
  readonly waiting: number;
  readonly uploaded: number;
  readonly failures: number;
}

/** Before the next attempt; the last one repeats. */
const DELAYS_MS: readonly Millis[] = [10, 30, 60, 120, 300, 600, 1800, 3600].map((seconds) => seconds * 1000);
const MAX_ERROR_LENGTH = 500;

interface Waiting {
  readonly id: string;
  attempts: number;
  dueMs: Millis;
}

export class Uploader {
  readonly #options: UploaderOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #abort = new AbortController();
  #cancelTimer: Cancel = () => {};
  #running: Promise<void> | undefined;
  #uploaded = 0;
  #failures = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  get figures(): UploadFigures {
    return { waiting: this.#waiting.size, uploaded: this.#uploaded, failures: this.#failures };
  }

  /** The recording has ended. */
  add(id: string): void {
    if (this.#abort.signal.aborted || this.#waiting.has(id)) return;
    this.#waiting.set(id, { id, attempts: 0, dueMs: this.#options.clock.now() });
    this.#next();
  }

  /** What has not been confirmed is sent after the next start. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#cancelTimer();
    await this.#running;
  }

  #next(): void {
    if (this.#running !== undefined || this.#abort.signal.aborted) return;
    this.#cancelTimer();
    const [first] = [...this.#waiting.values()].sort((a, b) => a.dueMs - b.dueMs);
    if (first === undefined) return;
    this.#cancelTimer = this.#options.clock.setTimer(first.dueMs, () => {
      this.#running = this.#attempt(first).finally(() => {
        this.#running = undefined;
        this.#next();
      });
    });
  }

  async #attempt(waiting: Waiting): Promise<void> {
    const { id } = waiting;
    const { source, clock, log, events } = this.#options;
    try {
      const manifest = source.manifest(id);
      if (manifest !== undefined) await this.#upload(manifest);
      this.#waiting.delete(id);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#failures++;
      const delayMs = DELAYS_MS[Math.min(waiting.attempts++, DELAYS_MS.length - 1)]!;
      waiting.dueMs = clock.now() + delayMs;
      const message = problemIn(error).slice(0, MAX_ERROR_LENGTH);
      log.warn(
        { recording: id, attempts: waiting.attempts, delayMs, err: error },
        `a recording cannot be uploaded: ${message}`,
      );
      await source.setUpload(id, { state: 'waiting', at: null, error: message }).catch(() => {});
      const manifest = source.manifest(id);
      if (manifest !== undefined && waiting.attempts === 1) events.failed(manifest);
    }
  }

  async #upload(manifest: Manifest): Promise<void> {
    const { bucket, source, clock, log, events } = this.#options;
    const { id, startedAt } = manifest;
    const put = (name: string, content: Content) =>
      bucket.put(`${dayOf(startedAt)}/${id}/${name}`, content, this.#abort.signal);
    for (const name of [...manifest.tracks.map(({ file }) => file), EVENTS]) {
      const file = await source.file(id, name);
      if (file !== undefined) await put(name, file);
    }
    const upload: ManifestUpload = { state: 'uploaded', at: isoTime(clock.wallNow()), error: null };
    // Last: what has a manifest is complete.
    await put(MANIFEST, { bytes: Buffer.from(`${JSON.stringify({ ...manifest, upload }, null, 2)}\n`) });
    await source.setUpload(id, upload);
    this.#uploaded++;
    log.info({ recording: id }, 'recording uploaded');
    const uploaded = source.manifest(id);
    if (uploaded !== undefined) events.uploaded(uploaded);
  }
}

/** For the API and webhooks, which need not know where files are on this machine. */
function problemIn(error: unknown): string {
  const { message, code, path } = error as NodeJS.ErrnoException;
  return path === undefined ? message : `a file of the recording cannot be used (${code})`;
}
