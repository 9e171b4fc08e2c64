/** The other rooms in which the shouts of this one are heard, and whose shouts are heard here. */
import type { Contributor } from './contributor.ts';

export interface ShoutLink {
  /** The channel of this room in which people shout, and hear the shouts of other rooms. */
  readonly channel: number;
  /** Publishes the shouts of this part of the room for this tick. */
  publish(tick: number, shouts: readonly Contributor[]): void;
  /** What the other rooms published for this tick. Valid until the next call; call it once per tick. */
  heard(tick: number): readonly Contributor[];
}

const NOBODY: readonly Contributor[] = [];

/** The voices that shout in this tick, or did in the previous one. */
export function shoutsOf(contributors: readonly Contributor[], channel: number): readonly Contributor[] {
  const isShouting = ({ address, addressBefore }: Contributor) =>
    address.channels.has(channel) || addressBefore.channels.has(channel);
  for (let i = 0; i < contributors.length; i++) {
    if (isShouting(contributors[i]!)) return contributors.filter(isShouting);
  }
  return NOBODY;
}
