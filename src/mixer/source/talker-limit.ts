/**
 * Decides who is heard when more people talk than can be told apart: the loudest, a fixed number at a time. Others are
 * not decoded, so that a room in which everyone talks costs no more than one in which a few do.
 *
 * A new talker is admitted at once if there is room. Otherwise they wait until someone stops, or until they are clearly
 * louder than the quietest of those who have been heard for a while, so that nobody is cut off in the middle of a word
 * because someone coughs. The displaced talker fades first, and only then is the next one decoded.
 *
 * In a room of several parts, each part has its own limit and learns what the others have taken: see
 * `talker-places.ts`.
 */
import { cutTo } from '../../lib/cut.ts';
import { PTIME_MS } from '../format.ts';
import { claimRank, MARGIN_DB, type TalkerStanding } from './talker-places.ts';

const HOLD_TICKS = 600 / PTIME_MS;

/** A source as seen by the limit. */
export interface Talker {
  /** Speaks and is not muted, whether heard or not. */
  readonly speaking: boolean;
  /** Smoothed over about a second. */
  readonly loudnessDbov: number;
  /** Its last frame was not silent. */
  readonly sounding: boolean;
  /** Whether it may be heard; set by the limit. */
  admitted: boolean;
}

interface Place {
  readonly talker: Talker;
  ticks: number;
}

export class TalkerLimit {
  #max: number;
  /** The number of places that this part of the room may take. */
  #share = Number.POSITIVE_INFINITY;
  #takenElsewhere = 0;
  readonly #places: Place[] = [];
  /** Talkers refused in this tick. */
  readonly #waiting: Talker[] = [];

  /** @param max maximum number of talkers heard at a time; 0 for no limit */
  constructor(max: number) {
    this.#max = max;
  }

  /** 0 for no limit. */
  get max(): number {
    return this.#max;
  }

  /** Whether another talker may be heard immediately. */
  get hasRoom(): boolean {
    if (this.#max === 0) return true;
    return this.#places.length < this.#share && this.#places.length + this.#takenElsewhere < this.#max;
  }

  /** Somebody is heard, here or in another part of the room. */
  get isTaken(): boolean {
    return this.#places.length + this.#takenElsewhere > 0;
  }

  /** Takes effect over the next ticks: if there are too many, one fades in each. */
  setMax(max: number): void {
    this.#max = max;
  }

  /** Sets this part's `share` of the room's places, available once the `takenElsewhere` leave room for it. */
  divide(share: number, takenElsewhere: number): void {
    this.#share = share;
    this.#takenElsewhere = takenElsewhere;
  }

  /** All places belong to this part again. */
  undivide(): void {
    this.divide(Number.POSITIVE_INFINITY, 0);
  }

  /** This talker competes elsewhere from now on. */
  drop(talker: Talker): void {
    talker.admitted = false;
    const place = this.#places.findIndex((one) => one.talker === talker);
    if (place >= 0) this.#places.splice(place, 1);
    const waiting = this.#waiting.indexOf(talker);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
  }

  /** Someone speaks who is not admitted. Admits them now or, if there is no room, perhaps at the next `decide`. */
  request(talker: Talker): void {
    if (this.hasRoom) this.#admit(talker);
    // A talker may ask twice in a row within a tick.
    else if (this.#waiting.at(-1) !== talker) this.#waiting.push(talker);
  }

  /**
   * Call once per tick, after all sources were read; the decision applies from the next tick on.
   * @param standing see `tell`
   */
  decide(standing?: TalkerStanding): void {
    this.#clearPlaces();
    while (this.#waiting.length > 0 && this.hasRoom) {
      this.#admit(this.#waiting.splice(loudest(this.#waiting), 1)[0]!);
    }
    this.#outbid();
    if (standing !== undefined) this.tell(standing);
    cutTo(this.#waiting, 0);
  }

  /** Fills `standing` with what other parts of the room must know. */
  tell(standing: TalkerStanding): void {
    const { claims } = standing;
    standing.places = this.#places.length;
    claims.fill(0);
    for (const { talker, ticks } of this.#places) {
      if (talker.admitted) claims[claimRank(talker.loudnessDbov, true, ticks < HOLD_TICKS)]!++;
    }
    for (const talker of this.#waiting) claims[claimRank(talker.loudnessDbov, false, false)]!++;
  }

  #admit(talker: Talker): void {
    talker.admitted = true;
    // A fading talker still has a place.
    const place = this.#places.find((one) => one.talker === talker);
    if (place === undefined) this.#places.push({ talker, ticks: 0 });
    else place.ticks = 0;
  }

  /** Frees the places of talkers who have stopped, or who were displaced and have faded. */
  #clearPlaces(): void {
    let kept = 0;
    for (const place of this.#places) {
      const { talker } = place;
      place.ticks++;
      if (talker.admitted && !talker.speaking) talker.admitted = false;
      if (talker.admitted || talker.sounding) this.#places[kept++] = place;
    }
    cutTo(this.#places, kept);
  }

  /** At most one per tick, because each change of talkers costs a few encoded frames at once. */
  #outbid(): void {
    if (this.#max === 0) return;
    const mine = Math.min(this.#max, this.#share);
    const tooMany = this.#places.length > mine;
    // With fewer, there will be room as soon as someone elsewhere has faded.
    if (!tooMany && (this.#waiting.length === 0 || this.#places.length < mine)) return;
    let quietest: Talker | undefined;
    for (const { talker, ticks } of this.#places) {
      // A place is about to become free; only then is it decided for whom.
      if (!talker.admitted) return;
      if (ticks < HOLD_TICKS && !tooMany) continue;
      if (quietest === undefined || talker.loudnessDbov < quietest.loudnessDbov) quietest = talker;
    }
    if (quietest === undefined) return;
    if (tooMany || this.#waiting[loudest(this.#waiting)]!.loudnessDbov >= quietest.loudnessDbov + MARGIN_DB) {
      quietest.admitted = false;
    }
  }
}

function loudest(talkers: readonly Talker[]): number {
  let best = 0;
  for (let i = 1; i < talkers.length; i++) if (talkers[i]!.loudnessDbov > talkers[best]!.loudnessDbov) best = i;
  return best;
}
