/**
 * Who is heard when more talk than can be told apart: the loudest, a fixed number at a time. Those who are not admitted
 * are not decoded, so that a room in which everybody talks costs no more than one in which a few do.
 *
 * Who begins to talk is admitted at once while there is room. When there is none, they wait until somebody stops, or
 * until they are clearly louder than the quietest of those who have been heard for a while; so that nobody is cut off in
 * the middle of a word because somebody coughs. The one who must go fades first, and only then is the next one decoded.
 *
 * In a room of several parts each has a limit of its own and is told what the others have taken: see `talker-places.ts`.
 */
import { PTIME_MS } from '../format.ts';
import { claimRank, MARGIN_DB, type TalkerStanding } from './talker-places.ts';

const HOLD_TICKS = 600 / PTIME_MS;

/** A source, as the limit knows it. */
export interface Talker {
  /** Speaks and is not muted, whether heard or not. */
  readonly speaking: boolean;
  /** Smoothed over a second or so. */
  readonly loudnessDbov: number;
  /** Its last frame was not silent. */
  readonly sounding: boolean;
  /** May be heard; the limit sets it. */
  admitted: boolean;
}

interface Place {
  readonly talker: Talker;
  ticks: number;
}

export class TalkerLimit {
  #max: number;
  /** Of the places, those that this part of the room may take. */
  #share = Number.POSITIVE_INFINITY;
  #takenElsewhere = 0;
  readonly #places: Place[] = [];
  /** Those who were refused in this tick. */
  readonly #waiting: Talker[] = [];

  /** @param max how many are heard at a time; 0 for everybody */
  constructor(max: number) {
    this.#max = max;
  }

  /** 0 for everybody. */
  get max(): number {
    return this.#max;
  }

  /** Whether somebody more may be heard at once. */
  get hasRoom(): boolean {
    if (this.#max === 0) return true;
    return this.#places.length < this.#share && this.#places.length + this.#takenElsewhere < this.#max;
  }

  /** Takes effect over the next ticks: when there are too many, one fades in each. */
  setMax(max: number): void {
    this.#max = max;
  }

  /** Of a room's places this part may take `share`, as soon as with the `takenElsewhere` there are no more than there may be. */
  divide(share: number, takenElsewhere: number): void {
    this.#share = share;
    this.#takenElsewhere = takenElsewhere;
  }

  /** All places are this part's again. */
  undivide(): void {
    this.divide(Number.POSITIVE_INFINITY, 0);
  }

  /** Somebody speaks who is not admitted: they are now, or if there is no room perhaps after the next `decide`. */
  request(talker: Talker): void {
    if (this.hasRoom) this.#admit(talker);
    // Whoever asks twice in a tick does so one time after the other.
    else if (this.#waiting.at(-1) !== talker) this.#waiting.push(talker);
  }

  /**
   * Once in each tick, after all sources were read: what it decides holds from the next tick on.
   * @param standing see `tell`
   */
  decide(standing?: TalkerStanding): void {
    this.#clearPlaces();
    while (this.#waiting.length > 0 && this.hasRoom) {
      this.#admit(this.#waiting.splice(loudest(this.#waiting), 1)[0]!);
    }
    this.#outbid();
    if (standing !== undefined) this.tell(standing);
    this.#waiting.length = 0;
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
    // Who is just fading has a place still.
    const place = this.#places.find((one) => one.talker === talker);
    if (place === undefined) this.#places.push({ talker, ticks: 0 });
    else place.ticks = 0;
  }

  /** The places of those who have stopped, or have faded because they had to go. */
  #clearPlaces(): void {
    let kept = 0;
    for (const place of this.#places) {
      const { talker } = place;
      place.ticks++;
      if (talker.admitted && !talker.speaking) talker.admitted = false;
      if (talker.admitted || talker.sounding) this.#places[kept++] = place;
    }
    this.#places.length = kept;
  }

  /** One in a tick at most, because each change of talkers costs a few encoded frames at once. */
  #outbid(): void {
    if (this.#max === 0) return;
    const mine = Math.min(this.#max, this.#share);
    const tooMany = this.#places.length > mine;
    // With fewer there will be room as soon as somebody elsewhere has faded.
    if (!tooMany && (this.#waiting.length === 0 || this.#places.length < mine)) return;
    let quietest: Talker | undefined;
    for (const { talker, ticks } of this.#places) {
      // One place is about to become free; who it is for shows then.
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
