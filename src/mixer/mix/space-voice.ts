/** A voice that sounds in space, for all listeners: its frame, and one muffled copy of it. */
import { SAMPLE_RATE } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { ChannelSet } from './channel-set.ts';

/** Where the low gain of a path passes into the high gain. */
const CORNER_HZ = 1200;
const POLE = Math.exp((-2 * Math.PI * CORNER_HZ) / SAMPLE_RATE);
/** Levels count for at most this much in the choice between voices, on both sides of the usual level. */
const USUAL_DBOV = -26;
const LEVEL_RANGE_DB = 6;

export class SpaceVoice {
  /** The number that identifies this voice in hearings. */
  readonly voice: number;
  /** Its body. */
  slot = 0;
  /** This tick's frame, if it sounds. */
  frame: Frame | undefined;
  soundedBefore = false;
  /** Where else it speaks, in this tick and in the previous one. */
  channels = ChannelSet.NONE;
  channelsBefore = ChannelSet.NONE;
  /** Sounds in this tick. */
  isPresent = false;
  /** Its weight in the choice of the loudest voices, beside the squared gain of a path. */
  power = 1;
  readonly #kernels: Kernels;
  #muffled: Frame | undefined;
  #isMuffledMade = false;
  /** The last sample of the muffled copy, if it was made in the tick before. */
  #last = 0;

  constructor(voice: number, kernels: Kernels) {
    this.voice = voice;
    this.#kernels = kernels;
  }

  begin(frame: Frame, soundedBefore: boolean, loudnessDbov: number): void {
    if (!this.#isMuffledMade) this.#last = 0;
    this.#isMuffledMade = false;
    this.frame = frame;
    this.soundedBefore = soundedBefore;
    const levelDb = Math.max(-LEVEL_RANGE_DB, Math.min(LEVEL_RANGE_DB, loudnessDbov - USUAL_DBOV));
    this.power = 10 ** (levelDb / 10);
  }

  /** The low-passed copy of this tick's frame, made when the first listener needs it. */
  get muffled(): Frame {
    this.#muffled ??= this.#kernels.frames.take();
    if (!this.#isMuffledMade) {
      this.#last = this.#kernels.lowPass(this.#muffled, this.frame!, POLE, this.#last);
      this.#isMuffledMade = true;
    }
    return this.#muffled;
  }

  /** Gives back what it took. It may sound again later. */
  release(): void {
    this.frame = undefined;
    this.#last = 0;
    this.#isMuffledMade = false;
    if (this.#muffled === undefined) return;
    this.#kernels.frames.release(this.#muffled);
    this.#muffled = undefined;
  }
}
