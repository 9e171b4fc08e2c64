import { createFrameEncoder, FRAME_SAMPLES } from '../../test/helpers/opus.ts';
import { createPrng, gaussian } from '../../test/helpers/prng.ts';
import { rmsDbfs, toInt16 } from '../../test/helpers/signal.ts';
import { speech, VOICES } from '../../test/helpers/speech.ts';

/** 20 ms of sound, encoded once and sent as often as needed. */
export interface EncodedFrame {
  readonly payload: Uint8Array;
  /** RFC 6464 level: 0 to -127. */
  readonly levelDbov: number;
  readonly voice: boolean;
}

/** What a participant sends in a loop, one entry per 20 ms; `undefined` is a frame that DTX leaves out. */
export type Programme = readonly (EncodedFrame | undefined)[];

const VOICE_DBOV = -50;

/**
 * Encodes as Chromium does: VOIP at 32 kb/s. With DTX, only the first frame of each run of frames of up to 2 bytes is
 * sent (libopus itself refreshes every 400 ms); without DTX, every frame is sent. An incomplete last frame is left out.
 */
export function encodeProgramme(pcm: Float32Array, dtx = true): Programme {
  const encode = createFrameEncoder({ dtx });
  const samples = toInt16(pcm);
  const programme: (EncodedFrame | undefined)[] = [];
  let silent = false;
  for (let start = 0; start + FRAME_SAMPLES <= samples.length; start += FRAME_SAMPLES) {
    const frame = samples.subarray(start, start + FRAME_SAMPLES);
    const payload = encode(frame);
    const levelDbov = Math.max(-127, Math.min(0, Math.round(rmsDbfs(frame))));
    const left = dtx && silent && payload.length <= 2;
    programme.push(left ? undefined : { payload, levelDbov, voice: levelDbov >= VOICE_DBOV });
    silent = payload.length <= 2;
  }
  return programme;
}

/** Speech of one of the voices, repeated without end. */
export async function speechProgramme(voice: number, seconds: number, dtx: boolean): Promise<Programme> {
  return encodeProgramme(await speech(VOICES[voice % VOICES.length]!, seconds), dtx);
}

/**
 * A microphone with nobody at it: noise far below speech. With DTX it becomes a packet every 400 ms. libopus treats
 * noise as noise only after it has heard something 25 dB louder, so somebody speaks first.
 */
export function silenceProgramme(dtx: boolean): Programme {
  const prng = createPrng(1);
  const seconds = 14;
  const noise = Float32Array.from({ length: seconds * 48_000 }, (_, index) =>
    gaussian(prng, 0, index < 48_000 ? 0.05 : 1e-4),
  );
  // Somebody speaks in the first seconds, then the encoder goes into DTX.
  return encodeProgramme(noise, dtx).slice(200);
}
