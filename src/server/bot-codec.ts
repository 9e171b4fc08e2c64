import type { FrameCodec } from '../gateways/bots/codec.ts';
import { opusCodec } from '../mixer/codec/opus.ts';

/** Enough for speech and music in mono; the mix is encoded again for its listeners. */
const BITRATE = 64_000;
const COMPLEXITY = 5;

/** Opus for bots that send or get samples. It runs in the main thread. */
export const botCodec: FrameCodec = {
  createEncoder: () => {
    const encoder = opusCodec.createEncoder();
    encoder.configure({ bitrate: BITRATE, complexity: COMPLEXITY });
    return encoder;
  },
  createDecoder: () => opusCodec.createDecoder(),
};
