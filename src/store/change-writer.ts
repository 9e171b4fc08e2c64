/** Changes of this server that the engine of a cluster does not have yet. */
import type { Logger } from 'pino';
import { KEPT_BOUNDS, type KeptLog, type KeptWrite } from '../cluster/engine.ts';
import type { KnownRecords } from './known-records.ts';

export interface ChangeWriterOptions {
  readonly engine: Pick<KeptLog, 'writeKept'>;
  readonly known: KnownRecords;
  /** A change was refused: uses what the engine has instead. */
  readonly take: (name: string, value: string | null) => void;
  readonly log: Logger;
  /** So many records wait. */
  readonly limit?: number;
}

export interface Change {
  readonly fence: KeptWrite['fence'];
  /** Sealed. Null deletes the record. */
  readonly value: string | null;
}

const AT_ONCE = 50;

/**
 * Of each record the newest change waits. What exists is bounded by those who keep it, but not what is made and deleted
 * again while the engine is away, so deletions are forgotten first: of these, what the engine is not known to have.
 */
export class ChangeWriter {
  readonly #options: ChangeWriterOptions;
  readonly #limit: number;
  /** Oldest first, like those below. */
  readonly #pending = new Map<string, Change>();
  readonly #deletions = new Set<string>();
  /** Deletions of what the engine is not known to have. */
  readonly #needless = new Set<string>();
  #forgotten = 0;
  #isFull = false;

  constructor(options: ChangeWriterOptions) {
    this.#options = options;
    this.#limit = options.limit ?? KEPT_BOUNDS.records;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Changes that were not written because too many waited. */
  get forgotten(): number {
    return this.#forgotten;
  }

  has(name: string): boolean {
    return this.#pending.has(name);
  }

  /** A change of a change takes its place. */
  add(name: string, change: Change): void {
    this.#remove(name);
    this.#pending.set(name, change);
    if (change.value === null) (this.#options.known.get(name) ? this.#deletions : this.#needless).add(name);
    if (this.#pending.size > this.#limit) this.#forgetOne();
  }

  /** Resolves when nothing waits. Rejects with `EngineDown`; what was not written waits on. */
  async write(): Promise<void> {
    while (this.#pending.size > 0) {
      const some = [...this.#pending].slice(0, AT_ONCE);
      const results = await Promise.allSettled(some.map(([name, change]) => this.#writeOne(name, change)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    }
    this.#isFull = false;
  }

  async #writeOne(name: string, change: Change): Promise<void> {
    const { engine, known, log, take } = this.#options;
    const { value, fence } = change;
    const answer = await engine.writeKept({ key: name, value, fence });
    if (answer.result === 'written') known.know(name, { version: answer.version, value });
    // It may have changed again meanwhile.
    if (this.#pending.get(name) !== change) return;
    this.#remove(name);
    if (answer.result === 'written') return;
    log.warn({ record: name, why: answer.result }, 'a change could not be kept');
    take(name, known.get(name)?.value ?? null);
  }

  #remove(name: string): void {
    this.#pending.delete(name);
    this.#deletions.delete(name);
    this.#needless.delete(name);
  }

  #forgetOne(): void {
    for (const names of [this.#needless, this.#deletions, this.#pending.keys()]) {
      const [oldest] = names;
      if (oldest === undefined) continue;
      this.#remove(oldest);
      break;
    }
    this.#forgotten++;
    // Once each time that the engine is away.
    if (!this.#isFull)
      this.#options.log.error({ limit: this.#limit }, 'too many changes wait for the engine, and some are forgotten');
    this.#isFull = true;
  }
}
