/** The numbers that the media plane uses for the layers and enclosures of a room, from 1 on. */

/** The layer of players who have none. */
const EVERYWHERE = 1;
const MAX_ENCLOSURES = 60_000;

export class NameNumbers {
  readonly #layers = new Map<string, number>();
  readonly #enclosures = new Map<string, number>();

  /**
   * A bit for each layer; bit 0 is the layer of those who are in none. No more than 31 may be in use
   * (`MAX_LAYERS`); see `keepLayers`.
   */
  layers(names: readonly string[]): number {
    if (names.length === 0) return EVERYWHERE;
    return names.reduce((bits, name) => bits | (1 << this.#layer(name)), 0);
  }

  /** These are all layers in use. The numbers of others may be given to new layers. */
  keepLayers(names: ReadonlySet<string>): void {
    for (const name of this.#layers.keys()) if (!names.has(name)) this.#layers.delete(name);
  }

  /** 0 is outdoors. Names beyond 60,000 share a number. */
  enclosure(name: string | null): number {
    if (name === null) return 0;
    const known = this.#enclosures.get(name);
    if (known !== undefined) return known;
    if (this.#enclosures.size === MAX_ENCLOSURES) return MAX_ENCLOSURES;
    this.#enclosures.set(name, this.#enclosures.size + 1);
    return this.#enclosures.size;
  }

  #layer(name: string): number {
    const known = this.#layers.get(name);
    if (known !== undefined) return known;
    const taken = new Set(this.#layers.values());
    let number = 1;
    while (taken.has(number)) number++;
    this.#layers.set(name, number);
    return number;
  }
}
