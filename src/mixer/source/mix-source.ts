/** What the mixer reads in each tick, whatever it contains: a voice (`source.ts`) or music (`music-source.ts`). */
import type { Frame } from '../kernels/frame.ts';
import type { SourcePacket } from './source-packet.ts';
import type { TalkerLimit } from './talker-limit.ts';

/** Music is stereo, and is left as it is: it is not levelled, and nothing waits until it is loud enough to be speech. */
export type SourceKind = 'voice' | 'music';

/**
 * The sound of another mixer with which this one shares a room. It is not levelled, because its voices are. A `leaf` takes
 * a place among the talkers like one of them; what comes from the `home`, where that was decided, is always heard.
 */
export type LinkKind = 'leaf' | 'home';

/** Both sides of a frame in stereo. */
export interface Sides {
  readonly left: Frame;
  readonly right: Frame;
}

export interface MixSource {
  /** This tick's samples in mono, with all gains applied; valid after `read` returned true and `render` was called. */
  readonly frame: Frame;
  /** The same in stereo; undefined for a source in mono. */
  readonly sides: Sides | undefined;
  /** This tick's packet if listeners can be sent it instead of a mix with this source alone; otherwise undefined. */
  readonly passed: Uint8Array | undefined;
  /** Whether this source needs the next ticks. */
  readonly awake: boolean;
  /** It is heard, and recently decoded packets confirm it. */
  readonly isProvenSpeaker: boolean;
  readonly levelDbov: number;
  readonly loudnessDbov: number;
  readonly sounding: boolean;
  readonly admitted: boolean;
  readonly jitterBufferDelayMs: number;
  /** Takes effect with the next tick, during which the sound fades. */
  setMuted(muted: boolean): void;
  setLevelling(levelling: boolean): void;
  /** Its place comes from this limit from now on. */
  competeFor(limit: TalkerLimit): void;
  push(packet: SourcePacket, nowMs: number): void;
  /**
   * Call it after `push` while this source is not awake. If it is certain that nobody will hear anything of the packet,
   * takes it at once and returns true: then no tick is needed.
   */
  passOver(nowMs: number): boolean;
  /** Packets pushed from now on belong to another stream. The sound of the previous one fades. */
  restart(): void;
  /** Advances by one frame. True if there is sound in `frame`. */
  read(nowMs: number, mayPass?: boolean): boolean;
  /** Makes sure that `frame` contains the samples of this tick. */
  render(): void;
  /** Its packets are not passed on from now on. */
  endPassage(): void;
  close(): void;
}
