import opus from '@discordjs/opus';
import { SAMPLE_RATE } from './signal.ts';

export const FRAME_SAMPLES = 960;

/** OPUS_APPLICATION_*: browsers send speech with `voip`. */
const APPLICATIONS = { voip: 2048, audio: 2049, lowDelay: 2051 } as const;
const SET_APPLICATION = 4000;
const SET_COMPLEXITY = 4010;
const SET_DTX = 4016;

export interface FrameEncoderOptions {
  readonly application?: keyof typeof APPLICATIONS;
  readonly bitsPerSecond?: number;
  readonly complexity?: number;
  readonly dtx?: boolean;
}

/** Encodes mono at 48 kHz, 20 ms at a time, by default as a browser would: VOIP, 32 kb/s. */
export function createFrameEncoder(options: FrameEncoderOptions = {}): (pcm: Int16Array) => Buffer {
  const { application = 'voip', bitsPerSecond = 32_000, complexity = 9, dtx = false } = options;
  const encoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
  encoder.applyEncoderCTL(SET_APPLICATION, APPLICATIONS[application]);
  encoder.applyEncoderCTL(SET_COMPLEXITY, complexity);
  encoder.applyEncoderCTL(SET_DTX, dtx ? 1 : 0);
  encoder.setBitrate(bitsPerSecond);
  return (pcm) => {
    // The binding always reads a whole frame.
    if (pcm.length !== FRAME_SAMPLES) throw new RangeError(`a frame has ${FRAME_SAMPLES} samples, not ${pcm.length}`);
    return encoder.encode(Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength));
  };
}

/** Decodes mono at 48 kHz. The decoder keeps state: use one per stream, with packets in order. */
export function createFrameDecoder(): (payload: Uint8Array) => Int16Array {
  const decoder = new opus.OpusEncoder(SAMPLE_RATE, 1);
  return (payload) => {
    const bytes = decoder.decode(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  };
}

export interface StereoFrame {
  readonly left: Int16Array;
  readonly right: Int16Array;
}

/** Like `createFrameDecoder`, in stereo. Mono packets give both sides the same samples. */
export function createStereoDecoder(): (payload: Uint8Array) => StereoFrame {
  const decoder = new opus.OpusEncoder(SAMPLE_RATE, 2);
  return (payload) => {
    const bytes = decoder.decode(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
    const both = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    return {
      left: both.filter((_, index) => index % 2 === 0),
      right: both.filter((_, index) => index % 2 === 1),
    };
  };
}
