/**
 * The gains that the participants of one room have set for each other. They are stored by person and not by connection,
 * so that they apply again when someone comes back, while the room exists.
 */
import type { Admission } from './admission.ts';

/** A participant's identity. */
export interface Person {
  readonly id: string;
  readonly admission: Pick<Admission, 'identity'>;
  /** For what somebody shares beside their voice: that person. */
  readonly owner?: Person | undefined;
}

/** How games and the API name a person: by the identity of their token, and guests by their participant id. */
export function publicKeyOf({ id, admission: { identity } }: Person): string {
  return identity ?? id;
}

/** Linear gains of other participants by their id, for one listener. */
export type GainsByParticipant = ReadonlyMap<string, number>;

export const NO_GAINS: GainsByParticipant = new Map();

/** Maximum number of gains of one listener. Beyond it, the least recently set one is dropped. */
const MAX_GAINS = 200;
/** Maximum number of listeners with gains in one room. Beyond it, the least recent one's gains are dropped. */
const MAX_LISTENERS = 2000;

export class RoomHearing {
  /** Gains by the key of the listener and of the person heard, in the order in which they were set. */
  readonly #gains = new Map<string, Map<string, number>>();

  /** @param gain linear, from 0 (silence); 1 is unchanged and removes the entry */
  set(listener: Person, heard: Person, gain: number): void {
    const listenerKey = keyOf(listener);
    const gains = this.#gains.get(listenerKey) ?? new Map<string, number>();
    // Moves this listener to the end, as the most recent.
    this.#gains.delete(listenerKey);
    gains.delete(keyOf(heard));
    if (gain !== 1) gains.set(keyOf(heard), gain);
    if (gains.size > 0) this.#gains.set(listenerKey, gains);
    dropFirst(gains, MAX_GAINS);
    dropFirst(this.#gains, MAX_LISTENERS);
  }

  /** 1 where nothing was set. */
  gainOf(listener: Person, heard: Person): number {
    return this.#gains.get(keyOf(listener))?.get(keyOf(heard)) ?? 1;
  }

  /** Whether anybody has set a gain for this person. */
  hasGainFor(heard: Person): boolean {
    const key = keyOf(heard);
    for (const gains of this.#gains.values()) if (gains.has(key)) return true;
    return false;
  }

  /** The gains that this listener has set for any of `people`. */
  gainsOf(listener: Person, people: Iterable<Person>): GainsByParticipant {
    const gains = this.#gains.get(keyOf(listener));
    if (gains === undefined) return NO_GAINS;
    const found = new Map<string, number>();
    for (const person of people) {
      const gain = gains.get(keyOf(person));
      if (gain !== undefined) found.set(person.id, gain);
    }
    return found;
  }
}

/**
 * Guests are identified by their id, which lasts while they can resume; others by the identity of their token; what they
 * share by them.
 */
function keyOf({ id, admission: { identity }, owner }: Person): string {
  if (owner !== undefined) return `music of ${keyOf(owner)}`;
  return identity === null ? `guest ${id}` : `identity ${identity}`;
}

function dropFirst(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
