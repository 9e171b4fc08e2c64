/** A voice that sounds in a tick: of a participant of this mixer, or of one in another part of the room. */
import type { Frame } from '../kernels/frame.ts';
import type { Sides } from '../source/mix-source.ts';
import { ChannelSet } from './channel-set.ts';
import type { Address } from './voice-path.ts';

export interface Contributor {
  /** The number that identifies this voice in hearings, in all parts of the room. */
  readonly voice: number;
  /** Where the voice goes from this tick on, and where it went in the previous one. */
  readonly address: Address;
  readonly addressBefore: Address;
  /** Whether it sounded in the previous tick, too. */
  readonly soundedBefore: boolean;
  /** What it sounds like in this tick. */
  readonly frame: Frame;
  /** The same for listeners in stereo; undefined if both sides are the same. */
  readonly sides?: Sides | undefined;
  /** The slot of its body while it is in space, otherwise `NO_SLOT`. */
  readonly slot: number;
  /** Its loudness lately, for the choice between voices in space. */
  readonly loudnessDbov: number;
  /** This frame is its last one for now. */
  readonly isEnding: boolean;
}

/** Whether it goes to the room as a whole in this tick, and did in the previous one. */
export function isForEveryone({ address, addressBefore }: Contributor): boolean {
  return isWholeRoom(address) && isWholeRoom(addressBefore);
}

function isWholeRoom({ channels, whispersTo }: Address): boolean {
  return channels === ChannelSet.ROOM && whispersTo.size === 0;
}
