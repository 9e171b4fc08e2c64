/** The rules of distance of one room. Distances are in metres. */

/** How a voice fades with distance. All three are those of Web Audio, OpenAL and Vivox. */
export type CurveModel = 'inverse' | 'linear' | 'exponential';

export interface DistanceCurve {
  readonly model: CurveModel;
  /** Up to this distance a voice is as loud as in a flat room; more than 0. */
  readonly reference: number;
  /** How steeply it falls beyond; `linear` ignores it. */
  readonly rolloff: number;
}

export interface SpaceSettings {
  readonly curve: DistanceCurve;
  /** Maximum number of voices that one listener hears at a time. */
  readonly voices: number;
  /** Whether a voice is duller for those behind the talker. */
  readonly cone: boolean;
  /** None without it. */
  readonly emitters?: readonly Emitter[];
}

/** A place from which a channel or the voice of one person is heard. One of the two is null. */
export interface Emitter {
  /** Of its body. */
  readonly slot: number;
  /** The number of the channel. */
  readonly channel: number | null;
  /** The number of the voice. */
  readonly voice: number | null;
  /** The voices are not heard from where their own bodies are. */
  readonly instead: boolean;
}

/** Voices come at the same level in any room, so a small reference would make everybody too quiet. */
export const DEFAULT_SPACE: SpaceSettings = {
  curve: { model: 'inverse', reference: 2, rolloff: 1 },
  voices: 8,
  cone: false,
};

export const MAX_VOICES_HEARD = 32;
