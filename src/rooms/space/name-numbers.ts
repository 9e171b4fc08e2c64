/** The numbers that the media plane uses for the layers and enclosures of a room, from 1 on. */

/** The layer of players who have none. */
const EVERYWHERE = 1;
const MAX_LAYERS = 31;
const MAX_ENCLOSURES = 60_000;

export class NameNumbers {
  readonly #layers = new Map<string, number>();
  readonly #enclosures = new Map<string, number>();

  /** A bit for each layer; bit 0 is the layer of those who are in none. */
  layers(names: readonly string[]): number {
    if (names.length === 0) return EVERYWHERE;
    return names.reduce((bits, name) => bits | (1 << numberOf(this.#layers, name, MAX_LAYERS)), 0);
  }

  /** 0 is outdoors. */
  enclosure(name: string | null): number {
    return name === null ? 0 : numberOf(this.#enclosures, name, MAX_ENCLOSURES);
  }
}

/** Names beyond the limit share the last number. */
function numberOf(numbers: Map<string, number>, name: string, max: number): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  if (numbers.size >= max) return max;
  numbers.set(name, numbers.size + 1);
  return numbers.size;
}
