import { createFrameEncoder, type FrameEncoderOptions } from './opus.ts';

/** The packet of a frame that comes after certain others, and what comes after it. */
interface Step {
  readonly packet: Uint8Array;
  readonly next: Map<ArrayBufferLike, Map<number, Step>>;
}

/** By options: the steps of encoders that begin. */
const beginnings = new Map<string, Step>();

/**
 * Like `createFrameEncoder`, for tests that encode the same voice again and again. What several encoders with the same
 * options are given from their first frame on, only the first of them encodes. Frames are the same if they lie at the
 * same place in memory, so sounds must not change. Neither may packets: they are the same objects for all.
 */
export function createSharedEncoder(options: FrameEncoderOptions = {}): (pcm: Int16Array) => Uint8Array {
  const key = JSON.stringify(options);
  let step = beginnings.get(key) ?? { packet: new Uint8Array(0), next: new Map() };
  beginnings.set(key, step);
  let encode: ((pcm: Int16Array) => Uint8Array) | undefined;
  /** Frames that our own encoder has not seen, because their packets were known. */
  const known: Int16Array[] = [];
  return (pcm) => {
    const { buffer, byteOffset } = pcm;
    const places = step.next.get(buffer) ?? new Map<number, Step>();
    step.next.set(buffer, places);
    let next = places.get(byteOffset);
    if (next === undefined) {
      encode ??= createFrameEncoder(options);
      for (const frame of known.splice(0)) encode(frame);
      next = { packet: Uint8Array.from(encode(pcm)), next: new Map() };
      places.set(byteOffset, next);
    } else {
      known.push(pcm);
    }
    step = next;
    return step.packet;
  };
}
