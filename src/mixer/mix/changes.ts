/** Whose place in the mix changes from one tick to the next. */
import type { Place } from './mix-participant.ts';

export class Changes {
  /** Listeners with changing gains. */
  readonly #adjusting: Place[] = [];
  /** People whose voices go elsewhere, or who hear other channels, from the next tick on. */
  readonly #moving: Place[] = [];

  get isEmpty(): boolean {
    return this.#adjusting.length + this.#moving.length === 0;
  }

  /** The gains of this listener change in the next tick. */
  adjust(place: Place): void {
    if (!this.#adjusting.includes(place)) this.#adjusting.push(place);
  }

  /** From the next tick on, this person speaks into other channels, or hears others. */
  move(place: Place): void {
    place.steady = undefined;
    if (!this.#moving.includes(place)) this.#moving.push(place);
  }

  /** Everything has changed. */
  endTick(): void {
    if (this.isEmpty) return;
    for (const place of this.#adjusting) place.hearing.endFrame();
    this.#adjusting.length = 0;
    for (const place of this.#moving) place.endMove();
    this.#moving.length = 0;
  }
}
