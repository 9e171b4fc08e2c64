/** Reads what other servers of a cluster have written into the engine. */
import { KEPT_LAYOUT, type KeptLog } from '../cluster/engine.ts';
import type { Known, KnownRecords } from './known-records.ts';

export interface ChangeReaderOptions {
  readonly engine: KeptLog;
  readonly known: KnownRecords;
  /** Uses what another server has written; null: it was deleted. */
  readonly take: (name: string, value: string | null) => void;
  /** A change of this server waits, so the record is not taken for deleted. */
  readonly keeps: (name: string) => boolean;
}

interface Pass {
  readonly shown: Set<string>;
  readonly lostAfter: number;
}

export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  /** While everything is read. */
  #pass: Pass | undefined;
  #generation = '';
  #position = 0;
  #isRead = false;

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
  }

  /** Everything was read at least once. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Rejects with `EngineDown`, or with an `Error` if a newer version wrote what is kept. */
  async read(): Promise<void> {
    for (;;) {
      const isContinued = this.#pass !== undefined;
      const since = { generation: this.#generation, position: this.#position, isContinued };
      const { layout, generation, isWhole, top, position, changes } = await this.#options.engine.readKept(since);
      if (layout > KEPT_LAYOUT)
        throw new Error(`a newer version of Partyline wrote it (its form is ${layout}, known is ${KEPT_LAYOUT})`);
      if (generation === since.generation && top < since.position) {
        // It has lost its last changes. What it has is read from the beginning, and it is told the rest.
        this.#pass = { shown: new Set(), lostAfter: top };
        this.#position = 0;
        continue;
      }
      const everything = generation === since.generation ? Number.POSITIVE_INFINITY : 0;
      if (isWhole) this.#pass = { shown: new Set(), lostAfter: everything };
      for (const { key, version, value } of changes) this.#heard(key, { version, value });
      this.#generation = generation;
      this.#position = position;
      if (changes.length > 0) continue;
      await this.#endPass();
      this.#isRead = true;
      return;
    }
  }

  #heard(name: string, found: Known): void {
    const known = this.#options.known.get(name);
    if (known !== undefined && known.version > found.version) return;
    this.#pass?.shown.add(name);
    if (known?.version === found.version) return;
    this.#options.known.know(name, found);
    this.#options.take(name, found.value);
  }

  async #endPass(): Promise<void> {
    if (this.#pass === undefined) return;
    const { known, engine, keeps, take } = this.#options;
    for (const name of await known.repair(this.#pass, engine, keeps)) take(name, null);
    this.#pass = undefined;
  }
}
