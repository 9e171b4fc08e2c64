import type { ParticipantInfo } from '../../src/protocol/messages.ts';

/** What the memory needs of a browser's `localStorage`. */
export type GainStorage = Pick<Storage, 'getItem' | 'setItem'>;

const STORAGE_KEY = 'partyline-volumes';
/** The volume that was set longest ago is forgotten. */
const MAX_PEOPLE = 500;

/**
 * Remembers how loud this person wants to hear others, from one visit to the next. People are known by the identity of their
 * token, guests by their name.
 */
export class GainMemory {
  readonly #storage: GainStorage | null;
  readonly #gains: Map<string, number>;

  /** @param storage null where the browser lets the page remember nothing */
  constructor(storage: GainStorage | null) {
    this.#storage = storage;
    this.#gains = load(storage);
  }

  /** 1 for somebody who is heard as everybody hears them. */
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
      // The storage may be full or switched off; the gain then holds until the page is closed.
    }
  }
}

function keyOf({ identity, name }: ParticipantInfo): string {
  return identity === null ? `guest ${name}` : `identity ${identity}`;
}

/** Takes over what has the right type: the stored text may come from another version, or from a person. */
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
