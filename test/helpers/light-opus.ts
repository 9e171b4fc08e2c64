import type { Codec } from '../../src/mixer/codec/codec.ts';
import { opusCodec } from '../../src/mixer/codec/opus.ts';

/**
 * Real Opus that encodes with the least effort, whatever complexity it is set to. For tests that do not judge how well a
 * mix sounds: encoding is most of what a simulated conversation costs.
 */
export const lightOpus: Codec = {
  createEncoder: (channels) => {
    const encoder = opusCodec.createEncoder(channels);
    return {
      configure: (settings) => encoder.configure({ ...settings, complexity: 0 }),
      reset: () => encoder.reset(),
      encode: (frame) => encoder.encode(frame),
    };
  },
  createDecoder: () => opusCodec.createDecoder(),
};
