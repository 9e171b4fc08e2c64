import type { ParticipantInfo } from '../../src/protocol/messages.ts';

/** The part of a browser's `localStorage` that the memory uses. */
export type GainStorage = Pick<Storage, 'getItem' | 'setItem'>;

const STORAGE_KEY = 'partyline-volumes';
/** Beyond this number, the least recently set gain is forgotten. */
const MAX_PEOPLE = 500;

/**
 * Remembers how loud this person wants to hear others, from one visit to the next. People are identified by the
 * identity of their token, guests by their name.
 */
export class GainMemory {
  readonly #storage: GainStorage | null;
  readonly #gains: Map<string, number>;

  /** @param storage null if the browser does not allow storage */
  constructor(storage: GainStorage | null) {
    this.#storage = storage;
    this.#gains = load(storage);
  }

  /** 1 if no other gain is remembered. */
  gainOf(participant: ParticipantInfo): number {
    return this.#gains.get(keyOf(participant)) ?? 1;
  }

  set(participant: ParticipantInfo, gain: number): void {
    const key = keyOf(participant);
    this.#gains.delete(key);
    if (gain !== 1) this.#gains.set(key, gain);
    for (const oldest of this.#gains.keys()) {
      if (this.#gains.size <= MAX_PEOPLE) break;
      this.#gains.delete(oldest);
    }
    try {
      this.#storage?.setItem(STORAGE_KEY, JSON.stringify([...this.#gains]));
    } catch {
      // The storage may be full or disabled; the gain then lasts until the page is closed.
    }
  }
}

function keyOf({ identity, name }: ParticipantInfo): string {
  return identity === null ? `guest ${name}` : `identity ${identity}`;
}

/** Keeps only entries of the right type: another version, or a person, may have written the stored text. */
function load(storage: GainStorage | null): Map<string, number> {
  try {
    const stored: unknown = JSON.parse(storage?.getItem(STORAGE_KEY) ?? '[]');
    return new Map(Array.isArray(stored) ? stored.filter(isEntry).slice(-MAX_PEOPLE) : []);
  } catch {
    return new Map();
  }
}

function isEntry(value: unknown): value is [string, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    typeof value[0] === 'string' &&
    typeof value[1] === 'number' &&
    value[1] >= 0 &&
    value[1] <= 2
  );
}
