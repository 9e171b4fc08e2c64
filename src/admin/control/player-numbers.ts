import { AppError } from '../../lib/errors.ts';
import { MAX_BODIES } from '../../media/plane.ts';

/** The numbers that one game server uses for players in binary positions. */
export class PlayerNumbers {
  readonly #players = new Map<number, string>();
  readonly #numbers = new Map<string, number>();

  readonly playerOf = (number: number): string | undefined => this.#players.get(number);

  /** Throws `invalid_request`, which names the wrong entry; then nothing has changed. */
  set(wanted: Readonly<Record<string, number | null>>): void {
    const changed = new Map<number, string>();
    let count = this.#players.size;
    for (const [player, number] of Object.entries(wanted)) {
      if (number === null) continue;
      if (changed.has(number)) throw wrong(player, `two players cannot have the number ${number}.`);
      const holder = this.#players.get(number);
      if (holder !== undefined && holder !== player && !Object.hasOwn(wanted, holder))
        throw wrong(player, `"${holder}" already has the number ${number}.`);
      changed.set(number, player);
      if (!this.#numbers.has(player)) count++;
    }
    for (const player of Object.keys(wanted)) if (wanted[player] === null && this.#numbers.has(player)) count--;
    if (count > MAX_BODIES) throw new AppError('too_many_bodies');
    for (const player of Object.keys(wanted)) this.#forget(player);
    for (const [number, player] of changed) {
      this.#players.set(number, player);
      this.#numbers.set(player, number);
    }
  }

  #forget(player: string): void {
    const number = this.#numbers.get(player);
    if (number === undefined) return;
    this.#numbers.delete(player);
    this.#players.delete(number);
  }
}

function wrong(player: string, problem: string): AppError {
  return new AppError('invalid_request', `"numbers.${player}": ${problem}`);
}
