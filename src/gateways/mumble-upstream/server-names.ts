/**
 * Names for our clients on another Mumble server. A client takes the place of another one from the same address with
 * the same name there, so each of our names must be ours alone.
 */

/** What Mumble's own server takes in a name unless its operator says otherwise. */
const NOT_TAKEN = /[^-=\p{L}\p{N}\p{M}_[\]{}()@|.]/gu;
const MAX_LENGTH = 64;
const NAMELESS = 'Guest';
/** Its password is asked for. */
const RESERVED = 'superuser';

export class ServerNames {
  /** In lower case. */
  readonly #ours = new Set<string>();

  /**
   * A name like the wanted one that nobody has, which is ours until it is released.
   * @param isTaken by somebody on the server
   */
  take(wanted: string, isTaken: (lowerCase: string) => boolean): string {
    const plain = wanted.replaceAll(/\s+/g, '_').replace(NOT_TAKEN, '').slice(0, MAX_LENGTH) || NAMELESS;
    let name = plain;
    for (let n = 2; this.#isTaken(name.toLowerCase(), isTaken); n++) name = `${plain}(${n})`;
    this.#ours.add(name.toLowerCase());
    return name;
  }

  release(name: string): void {
    this.#ours.delete(name.toLowerCase());
  }

  #isTaken(key: string, isTaken: (lowerCase: string) => boolean): boolean {
    return key === RESERVED || this.#ours.has(key) || isTaken(key);
  }
}
