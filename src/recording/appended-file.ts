/**
 * A file that grows by whole pages. Writes run one after the other in the background. When the disk is full, the file is
 * cut back to its last whole page, so that whatever happens it can be played.
 */
import type { FileHandle } from 'node:fs/promises';

export type DiskFile = Pick<FileHandle, 'write' | 'truncate' | 'datasync' | 'close'>;

/** A disk that is this far behind gets nothing new: about ten minutes of one voice. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface AppendedFileOptions {
  /** Opens the file, which must not exist yet. */
  readonly open: () => Promise<DiskFile>;
  /** Nothing more can be written. Called once. */
  readonly onError: (error: NodeJS.ErrnoException) => void;
  /** This many more bytes are on the disk, or in its cache. */
  readonly onWritten?: (bytes: number) => void;
}

export class AppendedFile {
  readonly #options: AppendedFileOptions;
  #file: DiskFile | undefined;
  #work: Promise<void>;
  #waiting = 0;
  /** Length of the whole pages in the file. */
  #bytes = 0;
  #last: Uint8Array | undefined;
  #failed = false;

  constructor(options: AppendedFileOptions) {
    this.#options = options;
    this.#work = options.open().then(
      (file) => {
        this.#file = file;
      },
      (error: NodeJS.ErrnoException) => this.#fail(error),
    );
  }

  /** The disk is so slow that nothing should be added for a while. */
  get isBehind(): boolean {
    return this.#waiting > MAX_WAITING_BYTES;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** A page that is in the file as a whole, the last one, and where it is. */
  get lastPage(): { readonly page: Uint8Array; readonly at: number } | undefined {
    return this.#last === undefined ? undefined : { page: this.#last, at: this.#bytes - this.#last.length };
  }

  append(pages: readonly Uint8Array[]): void {
    if (this.#failed || pages.length === 0) return;
    const length = pages.reduce((sum, page) => sum + page.length, 0);
    this.#waiting += length;
    this.#then(async (file) => {
      try {
        await writeWhole(file, Buffer.concat(pages), this.#bytes);
        this.#bytes += length;
        this.#last = pages.at(-1);
        this.#options.onWritten?.(length);
      } finally {
        this.#waiting -= length;
      }
    });
  }

  /** Overwrites bytes that are in the file; a full disk has room for that. */
  overwrite(bytes: Uint8Array, at: number): void {
    this.#work = this.#work.then(async () => {
      await this.#file?.write(bytes, 0, bytes.length, at).catch(() => {});
    });
  }

  /** Limits what a power failure costs. */
  sync(): void {
    this.#then((file) => file.datasync());
  }

  /** Resolves when everything so far is done, whether or not it worked. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#work;
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  #then(action: (file: DiskFile) => Promise<unknown>): void {
    this.#work = this.#work.then(async () => {
      const file = this.#file;
      if (this.#failed || file === undefined) return;
      try {
        await action(file);
      } catch (error) {
        // Half a page is worth nothing.
        await file.truncate(this.#bytes).catch(() => {});
        this.#fail(error as NodeJS.ErrnoException);
      }
    });
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onError(error);
  }
}

/** The first write to a full disk reports only that it wrote less; the next one fails. */
async function writeWhole(file: DiskFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written);
    written += bytesWritten;
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
  }
}
