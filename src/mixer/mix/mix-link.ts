import type { Frame } from '../kernels/frame.ts';
import type { TalkerStanding } from '../source/talker-places.ts';
import type { Contributor } from './contributor.ts';
import type { Hearing } from './hearing.ts';
import type { Heard } from './mix-participant.ts';

/** The parts of this room in other mixers. */
export interface MixLink {
  /**
   * Publishes this part's voices for this tick, and the standing of its talkers; `mix` contains sound only if `talkers`
   * is more than 0.
   * @param voices those that everyone in the room hears, whose sum is `mix`
   * @param targeted all others
   */
  publish(
    tick: number,
    mix: Float32Array,
    talkers: number,
    standing: TalkerStanding,
    voices: readonly Contributor[],
    targeted: readonly Contributor[],
  ): void;
  /**
   * The voices that the others published for this tick and that not everyone in the room hears. Valid until the next
   * call; call it once per tick.
   */
  targeted(tick: number): readonly Contributor[];
  /** Adds what the others published for this tick to `mix`, and returns the number of talkers in it. */
  add(tick: number, mix: Frame): number;
  /** Whether this hearing has a gain for any of the voices that the last `add` added. */
  touches(hearing: Hearing): boolean;
  /** Those voices as one listener hears them. */
  heardBy(hearing: Hearing): Heard;
  /** Adds those voices to `mix`, each with its gain in this hearing, and returns how many are heard. */
  addFor(hearing: Hearing, mix: Frame): number;
  /** What all parts published for this tick, in their common order, with `own` as this part's. */
  standings(tick: number, own: TalkerStanding): readonly TalkerStanding[];
  /** This part's position in that order. */
  readonly position: number;
}
