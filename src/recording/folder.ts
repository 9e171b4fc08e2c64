/** The folder of one recording: only its owner can read it, and nothing in it is ever overwritten by another file. */
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendedFile, type DiskFile } from './appended-file.ts';
import { dayOf, EVENTS, RESERVE } from './file-names.ts';
import { type Manifest, OWNER_ONLY, writeManifest } from './manifest.ts';

const OWNER_ONLY_FOLDER = 0o700;
const RESERVE_BYTES = 64 * 1024;

export class RecordingFolder {
  readonly path: string;
  readonly #events: AppendedFile;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;
  #next: Manifest | undefined;

  private constructor(path: string) {
    this.path = path;
    // That events are missing is said by the tracks, which then fail as well.
    this.#events = new AppendedFile({ open: () => this.open(EVENTS), onError: () => {} });
  }

  /** Rejects with a system error. */
  static async create(root: string, id: string, startedAt: string): Promise<RecordingFolder> {
    const path = join(root, dayOf(startedAt), id);
    await mkdir(join(root, dayOf(startedAt)), { recursive: true, mode: OWNER_ONLY_FOLDER });
    await mkdir(path, { mode: OWNER_ONLY_FOLDER });
    await writeFile(join(path, RESERVE), Buffer.alloc(RESERVE_BYTES), { flag: 'wx', mode: OWNER_ONLY });
    return new RecordingFolder(path);
  }

  /** Creates a file. Rejects with a system error. */
  open(name: string): Promise<DiskFile> {
    return open(join(this.path, name), 'wx', OWNER_ONLY);
  }

  /** Adds a line to the events with the next `flush`. */
  note(event: Readonly<Record<string, unknown>>): void {
    this.#lines.push(`${JSON.stringify(event)}\n`);
  }

  flush(): void {
    if (this.#lines.length > 0 && !this.#events.isBehind) this.#events.append([Buffer.from(this.#lines.join(''))]);
    this.#lines = [];
  }

  /** Writes this manifest, or a later one if another is still being written. Rejects with a system error. */
  async save(manifest: Manifest): Promise<void> {
    this.#next = manifest;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#next !== undefined) {
      const manifest = this.#next;
      this.#next = undefined;
      await writeManifest(this.path, manifest);
    }
  }

  /** Everything is written except the last manifest. */
  async release(): Promise<void> {
    this.flush();
    await this.#events.close();
    await rm(join(this.path, RESERVE), { force: true });
  }
}
