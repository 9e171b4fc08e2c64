/** Music for tests: a tone on each side. */
import { opusCodec } from '../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';
import { toInt16, tone } from './signal.ts';

export interface StereoTone {
  readonly leftHz: number;
  readonly rightHz: number;
  /** 0.1 by default. */
  readonly amplitude?: number;
}

/** Interleaved samples of as many frames of 20 ms. */
export function stereoTone({ leftHz, rightHz, amplitude = 0.1 }: StereoTone, frames: number): Int16Array {
  const samples = frames * FRAME_SAMPLES;
  const [left, right] = [leftHz, rightHz].map((frequencyHz) => toInt16(tone({ frequencyHz, samples, amplitude })));
  return Int16Array.from({ length: 2 * samples }, (_, i) => (i % 2 === 0 ? left : right)![i >> 1]!);
}

/** Encodes interleaved frames of 20 ms as a browser encodes music. */
export function createMusicEncoder(): (frame: Int16Array) => Uint8Array {
  const encoder = opusCodec.createEncoder(2);
  encoder.configure({ channels: 2, bitrate: 128_000, complexity: 5 });
  return (frame) => Uint8Array.from(encoder.encode(frame));
}

/** The packets of as many frames. */
export function encodeStereo(sound: StereoTone, frames: number): Uint8Array[] {
  const encode = createMusicEncoder();
  const samples = stereoTone(sound, frames);
  return Array.from({ length: frames }, (_, n) =>
    encode(samples.subarray(2 * n * FRAME_SAMPLES, 2 * (n + 1) * FRAME_SAMPLES)),
  );
}
