/** Mumble users expect that a name belongs to one user, of those whom they see. */
export class UniqueNames {
  /** Those that everybody sees. */
  readonly #others: UniqueNames | undefined;
  /** By names that are taken, in lower case: the last number that was tried behind it. */
  readonly #taken = new Map<string, number>();

  constructor(others?: UniqueNames) {
    this.#others = others;
  }

  /** The name, with a number behind it if it is taken. It is taken from now on. */
  take(name: string): string {
    const wanted = name.toLowerCase();
    let number = this.#numberOf(wanted) ?? 1;
    let unique = name;
    for (let key = wanted; this.#numberOf(key) !== undefined; key = unique.toLowerCase()) {
      number++;
      unique = `${name} (${number})`;
    }
    this.#taken.set(unique.toLowerCase(), 1);
    this.#taken.set(wanted, number);
    return unique;
  }

  #numberOf(key: string): number | undefined {
    const number = this.#taken.get(key);
    return number === undefined && this.#others !== undefined ? this.#others.#numberOf(key) : number;
  }
}
