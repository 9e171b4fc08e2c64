/** The voices that a room hears from other mixers: of its other parts those that only some hear, and shouts of other rooms. */
import { cutTo } from '../../lib/cut.ts';
import type { Contributor } from './contributor.ts';
import type { MixLink } from './mix-link.ts';
import { type ShoutLink, shoutsOf } from './shout-link.ts';

const NOBODY: readonly Contributor[] = [];

export class VoicesElsewhere {
  shouts: ShoutLink | undefined;
  readonly #all: Contributor[] = [];

  /**
   * Publishes the shouts among `own`, and returns all voices of this tick. Those from elsewhere are one tick old. Valid
   * until the next call; call it once per tick.
   */
  join(tick: number, own: readonly Contributor[], link: MixLink | undefined): readonly Contributor[] {
    const { shouts } = this;
    shouts?.publish(tick, shoutsOf(own, shouts.channel));
    const others = link?.targeted(tick - 1) ?? NOBODY;
    const heard = shouts?.heard(tick - 1) ?? NOBODY;
    if (others.length + heard.length === 0) return own;
    const all = this.#all;
    let count = 0;
    for (const voices of [own, others, heard]) for (let i = 0; i < voices.length; i++) all[count++] = voices[i]!;
    cutTo(all, count);
    return all;
  }
}
