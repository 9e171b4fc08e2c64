/** Sets of the channels of a room, by their numbers. */

/** Maximum number of channels of a room, including the room itself. */
export const MAX_CHANNELS = 64;
/** The channel of everyone in the room. */
export const ROOM_CHANNEL = 0;
/** What `firstIn` returns for sets without a common channel. */
export const NO_CHANNEL = -1;

const WORD_BITS = 32;

/** Immutable: tests in a tick are cheap and allocate nothing. */
export class ChannelSet {
  static readonly NONE = new ChannelSet(0, 0);
  static readonly ROOM = new ChannelSet(1, 0);
  /** Channels 0 to 31, and 32 to 63. */
  readonly low: number;
  readonly high: number;

  private constructor(low: number, high: number) {
    this.low = low;
    this.high = high;
  }

  /** Throws `RangeError` if a number is not in [0, `MAX_CHANNELS`). */
  static of(channels: Iterable<number>): ChannelSet {
    let [low, high] = [0, 0];
    for (const channel of channels) {
      if (!Number.isInteger(channel) || channel < 0 || channel >= MAX_CHANNELS) {
        throw new RangeError(`${channel} is not the number of a channel`);
      }
      if (channel < WORD_BITS) low |= 1 << channel;
      else high |= 1 << (channel - WORD_BITS);
    }
    return ChannelSet.ofWords(low, high);
  }

  /** The set with these words. */
  static ofWords(low: number, high: number): ChannelSet {
    const set = new ChannelSet(low, high);
    return [ChannelSet.NONE, ChannelSet.ROOM].find((known) => known.equals(set)) ?? set;
  }

  /** The same channels except the room itself. */
  get withoutRoom(): ChannelSet {
    return this.without(ChannelSet.ROOM);
  }

  /** The same channels except these. */
  without({ low, high }: ChannelSet): ChannelSet {
    if ((this.low & low) === 0 && (this.high & high) === 0) return this;
    return ChannelSet.ofWords(this.low & ~low, this.high & ~high);
  }

  /** The channels in either set. */
  with({ low, high }: ChannelSet): ChannelSet {
    if ((low & ~this.low) === 0 && (high & ~this.high) === 0) return this;
    return ChannelSet.ofWords(this.low | low, this.high | high);
  }

  get isEmpty(): boolean {
    return this.low === 0 && this.high === 0;
  }

  has(channel: number): boolean {
    return channel < WORD_BITS ? (this.low & (1 << channel)) !== 0 : (this.high & (1 << (channel - WORD_BITS))) !== 0;
  }

  equals(other: ChannelSet): boolean {
    return this.low === other.low && this.high === other.high;
  }

  /** The lowest channel that is in both sets, or `NO_CHANNEL`. */
  firstIn(other: ChannelSet): number {
    return firstOf(this.low & other.low, this.high & other.high);
  }

  /** The lowest channel, or `NO_CHANNEL`. */
  get first(): number {
    return firstOf(this.low, this.high);
  }
}

function firstOf(low: number, high: number): number {
  if (low !== 0) return WORD_BITS - 1 - Math.clz32(low & -low);
  return high === 0 ? NO_CHANNEL : 2 * WORD_BITS - 1 - Math.clz32(high & -high);
}
