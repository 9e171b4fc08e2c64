/**
 * The talker limits of a room: each channel has its own, so that a loud team does not silence another. A voice that
 * speaks into several channels competes in the first. Whispers have a limit of their own.
 */
import { TalkerLimit } from '../source/talker-limit.ts';
import { shareOfPlaces, type TalkerStanding } from '../source/talker-places.ts';
import { ROOM_CHANNEL } from './channel-set.ts';
import type { MixLink } from './mix-link.ts';
import type { Address } from './voice-path.ts';

/** Voices in space that one room decodes. What a single listener hears of them is another limit (`ears.ts`). */
const MAX_IN_SPACE = 64;
/** Music that one room decodes. It needs no place among the talkers. */
export const MAX_MUSIC = 4;

export class TalkerLimits {
  readonly room: TalkerLimit;
  readonly space = new TalkerLimit(MAX_IN_SPACE);
  readonly music = new TalkerLimit(MAX_MUSIC);
  /** For what comes from the home of the room: there it was decided who is heard, so there is no limit here. */
  readonly homes = new TalkerLimit(0);
  /** For voices that nobody could hear: it has no places, so they are not decoded. */
  readonly outOfEarshot = new TalkerLimit(1);
  /** By channel; whispers are under `NO_CHANNEL`. Created when somebody first speaks there. */
  readonly #others = new Map<number, TalkerLimit>();

  /** @param max see `TalkerLimit` */
  constructor(max: number) {
    this.room = new TalkerLimit(max);
    this.outOfEarshot.divide(0, 1);
  }

  setMax(max: number): void {
    this.room.setMax(max);
    for (const limit of this.#others.values()) limit.setMax(max);
  }

  limitFor({ channels }: Address): TalkerLimit {
    const channel = channels.first;
    if (channel === ROOM_CHANNEL) return this.room;
    let limit = this.#others.get(channel);
    if (limit === undefined) {
      limit = new TalkerLimit(this.room.max);
      this.#others.set(channel, limit);
    }
    return limit;
  }

  /**
   * Call at the beginning of a tick. All parts of a room use the same figures, those of the previous tick.
   * @param standing of this part
   */
  divide(link: MixLink, tick: number, standing: TalkerStanding): void {
    const standings = link.standings(tick, standing);
    let takenElsewhere = -standings[link.position]!.places;
    for (const { places } of standings) takenElsewhere += places;
    this.room.divide(shareOfPlaces(this.room.max, standings, link.position), takenElsewhere);
  }

  /**
   * Call once per tick, after all sources were read.
   * @param standing see `TalkerLimit.tell`; for the room itself
   */
  decide(standing?: TalkerStanding): void {
    this.room.decide(standing);
    this.space.decide();
    this.music.decide();
    this.homes.decide();
    this.outOfEarshot.decide();
    for (const limit of this.#others.values()) limit.decide();
  }
}
