/**
 * How the mixes of a room are encoded. In a room with space most listeners have their own mix, in stereo if their client
 * plays it, and move between mixes often. So all its encoders are on the plain side of the complexity border, where they
 * cost less and a hand-over takes one priming frame; a higher bit rate gives the same quality.
 */
import type { EncoderSettings } from '../codec/codec.ts';

export interface RoomEncoders {
  readonly shared: EncoderSettings;
  readonly own: EncoderSettings;
  readonly stereo: EncoderSettings;
}

export const FLAT_ENCODERS: RoomEncoders = {
  shared: { bitrate: 48_000, complexity: 10 },
  own: { bitrate: 40_000, complexity: 5 },
  stereo: { bitrate: 72_000, complexity: 5, channels: 2 },
};

export const SPACE_ENCODERS: RoomEncoders = {
  shared: { bitrate: 56_000, complexity: 3 },
  own: { bitrate: 48_000, complexity: 3 },
  stereo: { bitrate: 72_000, complexity: 3, channels: 2 },
};

/**
 * For another mixer that shares the room: the next generation loses less of it. It always has an encoder of its own,
 * because most packets that listeners share have half as many bits.
 */
export const LINK_ENCODER: EncoderSettings = { bitrate: 96_000, complexity: 5 };
