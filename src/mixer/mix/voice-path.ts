/**
 * The way from a voice to a listener. A voice speaks into channels, and may whisper to single listeners as well. A
 * listener who can hear it through several channels hears it once: through the first, with the room itself before all
 * others. A whisper is only needed where no channel leads.
 */
import { ChannelSet, MAX_CHANNELS, NO_CHANNEL } from './channel-set.ts';

/** Where a voice goes. */
export interface Address {
  readonly channels: ChannelSet;
  /** The numbers of the participants to whom it whispers. */
  readonly whispersTo: ReadonlySet<number>;
}

export const NOBODY: ReadonlySet<number> = new Set();
/** Everyone in the room. */
export const TO_ROOM: Address = { channels: ChannelSet.ROOM, whispersTo: NOBODY };
export const NOWHERE: Address = { channels: ChannelSet.NONE, whispersTo: NOBODY };

/** Paths are numbers of channels, or one of these. */
export const NO_PATH = NO_CHANNEL;
export const WHISPER = MAX_CHANNELS;
/** In place of the number of a listener: several hear the same. */
export const SEVERAL = -1;

/** A side of a stereo mix, or a mono mix. */
export type Side = 'left' | 'right' | 'both';

/** One voice on its way to those who hear the same of it, in this tick and in the previous one. */
export interface VoicePath {
  before: number;
  now: number;
  /** Gains of this path alone. */
  from: number;
  to: number;
  /** What the listeners hear. */
  heard: ChannelSet;
  heardBefore: ChannelSet;
  /** Of the listeners' mix. */
  side: Side;
  sideBefore: Side;
  /** The number of the only listener, or `SEVERAL`. */
  listener: number;
}

/** To people who hear these channels in mono. Whoever keeps a path changes it for each voice. */
export function createPath(heard: ChannelSet): VoicePath {
  // One literal, whose numbers change without garbage.
  return {
    before: NO_PATH,
    now: NO_PATH,
    from: 1,
    to: 1,
    heard,
    heardBefore: heard,
    side: 'both',
    sideBefore: 'both',
    listener: SEVERAL,
  };
}

/**
 * @param channels what the listener hears
 * @param listener the listener's number
 */
export function pathOf({ channels: into, whispersTo }: Address, channels: ChannelSet, listener: number): number {
  const channel = into.firstIn(channels);
  return channel === NO_CHANNEL && whispersTo.has(listener) ? WHISPER : channel;
}

export function sameAddress(a: Address, b: Address): boolean {
  if (a === b) return true;
  if (!a.channels.equals(b.channels) || a.whispersTo.size !== b.whispersTo.size) return false;
  for (const listener of a.whispersTo) if (!b.whispersTo.has(listener)) return false;
  return true;
}
