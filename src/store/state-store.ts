/** Keeps rooms and bans in one file of the data directory. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Cancel, type Clock, isoTime, type Millis } from '../lib/clock.ts';
import { readIfThere, writePrivate } from '../lib/private-file.ts';
import type { KeptRecords, KeptStore } from '../rooms/ports.ts';
import { emptyState, formatState, parseState, type State } from './state-format.ts';

/** Far more than the bounds of rooms and bans allow. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Between two writings, so that a moderator who mutes and unmutes does not keep the disk busy. */
const PAUSE_MS: Millis = 250;
/** After a failure. The next change may never come, and a ban would be lost with a restart. */
const RETRY_MS: Millis = 10_000;

export interface StateStoreOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A change is on the disk within about a quarter of a second. */
export class StateStore implements KeptStore {
  readonly #options: StateStoreOptions;
  readonly #state: State;
  /** Identifies the file as it was last read or written. */
  #seen: string;
  #isChanged = false;
  #writing: Promise<void> | undefined;
  #problem: string | undefined;
  /** Why the last writing failed. The log says it once. */
  #failure: string | undefined;
  #cancelRetry: Cancel = () => {};

  /** Rejects as `readState` does. */
  static async open(options: StateStoreOptions): Promise<StateStore> {
    const { seen, ...state } = await readState(options.file);
    return new StateStore(options, state, seen);
  }

  private constructor(options: StateStoreOptions, state: State, seen: string) {
    this.#options = options;
    this.#state = state;
    this.#seen = seen;
  }

  all<T extends keyof KeptRecords>(table: T): ReadonlyMap<string, KeptRecords[T]> {
    return new Map(this.#state[table]);
  }

  set<T extends keyof KeptRecords>(table: T, key: string, record: KeptRecords[T] | null): void {
    const records: Map<string, KeptRecords[T]> = this.#state[table];
    if (record === null) records.delete(key);
    else records.set(key, record);
    this.#begin();
  }

  /** Nobody else may change the file. */
  watch(): void {}

  readonly isShared = false;

  /** Undefined if the last change is on the disk, or will be. Anybody may read this: it tells nothing of the machine. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when all changes so far are on the disk, or could not be written. */
  async saved(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Tries again what could not be written. */
  async close(): Promise<void> {
    await this.saved();
    if (this.#problem !== undefined) this.#begin();
    await this.saved();
    this.#cancelRetry();
  }

  #begin(): void {
    this.#isChanged = true;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const { file, clock, log } = this.#options;
    this.#cancelRetry();
    while (this.#isChanged) {
      this.#isChanged = false;
      try {
        if ((await fingerprint(file)) !== this.#seen)
          throw new Error('another program has changed it. Restart the server to use it as it is now');
        await writePrivate(file, formatState(this.#state, isoTime));
        this.#seen = await fingerprint(file);
        if (this.#problem !== undefined) log.info({ file }, 'rooms and bans are kept again');
        this.#problem = undefined;
        this.#failure = undefined;
      } catch (error) {
        this.#problem = 'Rooms and bans cannot be written to the data directory, and would be lost. The log says why.';
        const failure = String(error);
        if (failure !== this.#failure) log.error({ err: error, file }, 'rooms and bans could not be written');
        this.#failure = failure;
        this.#cancelRetry();
        this.#cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => this.#begin());
      }
      if (this.#isChanged) await new Promise<void>((resolve) => clock.setTimer(clock.now() + PAUSE_MS, resolve));
    }
    this.#writing = undefined;
  }
}

export function stateFileIn(dataDir: string): string {
  return join(dataDir, 'state.json');
}

/** Rejects with an `Error` that tells the operator what is wrong with the file and what to do. */
export async function readState(file: string): Promise<State & { readonly seen: string }> {
  try {
    const seen = await fingerprint(file);
    const text = await readIfThere(file);
    return { ...(text === undefined ? emptyState() : parseState(text)), seen };
  } catch (error) {
    throw new Error(
      `The file ${file}, which keeps rooms and bans, cannot be used: ${(error as Error).message}. Restore it from a backup, or move it away to start without them.`,
    );
  }
}

/** Changes whenever the file is written or replaced; empty if there is none. Rejects if it is no file, or too large. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, isFile } = await stat(file).then((found) => ({ ...found, isFile: found.isFile() }));
    if (!isFile) throw new Error('it is not a file');
    if (size > MAX_BYTES) throw new Error('it is too large');
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
