import type { Admission } from './admission.ts';

/** As whom somebody was admitted, and where. The rights of a moderator, to shout, to record and to play sounds are for that room alone. */
export class Standing {
  #admission: Admission;
  /** The key of the room that admitted them. */
  #home: string;

  constructor(admission: Admission, home: string) {
    this.#admission = admission;
    this.#home = home;
  }

  get admission(): Admission {
    return this.#admission;
  }

  get home(): string {
    return this.#home;
  }

  /** Their rights in a room, or those that they would have there with another admission, which is for that room. */
  rightsIn(room: string, admission = this.#admission): Admission {
    const isHome = admission !== this.#admission || room === this.#home;
    return isHome
      ? admission
      : { ...admission, mayModerate: false, mayShout: false, mayRecord: false, mayPlaySounds: false };
  }

  /** They go to a room with this admission. Returns whether it is another than before. */
  take(admission: Admission, room: string): boolean {
    if (admission === this.#admission) return false;
    this.#admission = admission;
    this.#home = room;
    return true;
  }
}
