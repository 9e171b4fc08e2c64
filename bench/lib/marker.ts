import { createFrameDecoder, FRAME_SAMPLES } from '../../test/helpers/opus.ts';
import { concatInt16, SAMPLE_RATE } from '../../test/helpers/signal.ts';
import { type EncodedFrame, encodeProgramme, type Programme } from '../client/programme.ts';

const MARKER_SAMPLES = 6 * FRAME_SAMPLES;
const AMPLITUDE = 0.25;

/** Frames that a marker fills when decoded: the look-ahead moves its end into one more frame. */
export const MARKER_FRAMES = 7;

/** Look-ahead of libopus in the VOIP application: the decoded sound is 6.5 ms later than the encoded one. */
export const SENDER_LOOK_AHEAD_SAMPLES = 312;

export interface Marker {
  /** A sound at the start of its first frame, then silence, with or without DTX. Its end joins its beginning. */
  readonly programme: Programme;
  /** `MARKER_FRAMES` frames as decoded by a listener who gets the packets without a server in between. */
  readonly direct: Int16Array;
}

/**
 * A sweep from 400 to 2400 Hz in 120 ms, once every `frames` frames. Its position in a stream can be found to the
 * sample.
 */
export function createMarker(frames: number, dtx = true): Marker {
  const loop = new Float32Array(frames * FRAME_SAMPLES);
  const seconds = MARKER_SAMPLES / SAMPLE_RATE;
  for (let index = 0; index < MARKER_SAMPLES; index++) {
    const t = index / SAMPLE_RATE;
    loop[index] = AMPLITUDE * Math.sin(2 * Math.PI * (400 * t + (1000 * t * t) / seconds));
  }
  // The second round is kept: silence precedes it, as it will precede all later ones.
  const rounds = new Float32Array(2 * loop.length);
  rounds.set(loop);
  rounds.set(loop, loop.length);
  const programme = encodeProgramme(rounds, dtx);
  const sent = (frame: EncodedFrame | undefined) => frame !== undefined;
  const decode = createFrameDecoder();
  for (const frame of programme.slice(0, frames).filter(sent)) decode(frame.payload);
  const marked = programme.slice(frames, frames + MARKER_FRAMES).filter(sent);
  if (marked.length < MARKER_FRAMES) throw new Error('the encoder left out a part of the marker');
  return {
    programme: programme.slice(frames),
    // The decoder reuses its memory for each frame.
    direct: concatInt16(marked.map((frame) => decode(frame.payload))),
  };
}
