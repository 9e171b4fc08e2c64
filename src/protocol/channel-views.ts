/** Channels, whispers and shouts as a participant sees them. */

/** A channel that a participant belongs to or may join. */
export interface ChannelView {
  readonly name: string;
  /** They may join and leave it by themselves. */
  readonly open: boolean;
  readonly speaks: boolean;
  readonly hears: boolean;
}

/** How someone speaks to this participant, other than to everyone in the room. */
export interface TalkView {
  readonly participantId: string;
  /** Of the channels that this participant hears, those in which the other speaks. */
  readonly channels: readonly string[];
  /** The other whispers to this participant. */
  readonly whispers: boolean;
}

/** Somebody who shouts in a linked room, and is heard here. */
export interface ShouterView {
  /** Their participant id there. */
  readonly id: string;
  readonly name: string;
  /** The name of that room. */
  readonly room: string;
}
