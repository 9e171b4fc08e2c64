/**
 * How the participants of one room hear each other where that differs from what everybody hears. It is kept by person and
 * not by connection, so that it holds again when somebody comes back, for as long as the room lives.
 */
import type { Admission } from './admission.ts';

/** A participant, as far as it matters who they are. */
export interface Person {
  readonly id: string;
  readonly admission: Pick<Admission, 'identity'>;
}

/** Linear gains of other participants by their id, for one listener. */
export type GainsByParticipant = ReadonlyMap<string, number>;

export const NO_GAINS: GainsByParticipant = new Map();

/** Of one listener; the gain that was set longest ago goes. */
const MAX_GAINS = 200;
/** Listeners whose gains are kept, in one room; those of the one who set them longest ago go. */
const MAX_LISTENERS = 2000;

export class RoomHearing {
  /** Gains by the key of the listener and of the person heard, in the order in which they were set. */
  readonly #gains = new Map<string, Map<string, number>>();

  /** @param gain linear, from 0 (silence); 1 is what everybody hears, and is forgotten */
  set(listener: Person, heard: Person, gain: number): void {
    const listenerKey = keyOf(listener);
    const gains = this.#gains.get(listenerKey) ?? new Map<string, number>();
    // The latest is the last.
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

  /** What this listener has set for those of `people` who are heard otherwise. */
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

/** Guests are known by their id, which lasts as long as they can resume; others by the identity of their token. */
function keyOf({ id, admission: { identity } }: Person): string {
  return identity === null ? `guest ${id}` : `identity ${identity}`;
}

function dropFirst(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
