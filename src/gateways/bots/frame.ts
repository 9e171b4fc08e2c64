/**
 * Frames of sound as they go over the WebSocket of a bot: a header of 16 bytes, then one Opus packet or one frame of
 * samples. All numbers are in network byte order, but for samples (s16le).
 *
 * | bytes | |
 * | --- | --- |
 * | 1 | kind: 1 Opus, 2 samples |
 * | 1 | flags: 1 first frame after a silence |
 * | 2 | speaker; 0 the mix, or the bot itself |
 * | 4 | sequence number |
 * | 8 | time in samples at 48 kHz |
 */
import { packetSamples } from '../../formats/opus-packet.ts';

export const HEADER_LENGTH = 16;
export const FRAME_SAMPLES = 960;
const PCM_LENGTH = 2 * FRAME_SAMPLES;
/** As long as a packet of 120 ms with everything that its structure allows. */
const MAX_OPUS_LENGTH = 6 * 1275 + 7;
export const MAX_FRAME_LENGTH = HEADER_LENGTH + MAX_OPUS_LENGTH;

export const KINDS = { opus: 1, pcm: 2 } as const;
export type FrameKind = keyof typeof KINDS;

const STARTS = 1;
const TWO_TO_32 = 2 ** 32;

export interface FrameHeader {
  readonly kind: FrameKind;
  /** The first one after a silence. */
  readonly starts: boolean;
  readonly speaker: number;
  readonly sequence: number;
  /** In samples at 48 kHz. */
  readonly time: number;
}

/** One frame in memory of its own. */
export function writeFrame(header: FrameHeader, payload: Uint8Array): Buffer {
  const { kind, starts, speaker, sequence, time } = header;
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  frame[0] = KINDS[kind];
  frame[1] = starts ? STARTS : 0;
  frame.writeUInt16BE(speaker, 2);
  frame.writeUInt32BE(sequence >>> 0, 4);
  frame.writeUInt32BE(Math.floor(time / TWO_TO_32) >>> 0, 8);
  frame.writeUInt32BE(time >>> 0, 12);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

/**
 * The payload of a frame that a bot has sent: one Opus packet, or 960 samples. Null if it is not well-formed. What else
 * is in the header means nothing, because the server plays one frame after the other.
 */
export function readFrame(frame: Buffer, kind: FrameKind): Uint8Array | null {
  if (frame.length <= HEADER_LENGTH || frame.length > MAX_FRAME_LENGTH || frame[0] !== KINDS[kind]) return null;
  const payload = frame.subarray(HEADER_LENGTH);
  const isWhole = kind === 'pcm' ? payload.length === PCM_LENGTH : packetSamples(payload) > 0;
  return isWhole ? payload : null;
}

/** The samples of a frame, whatever the byte order of this machine and wherever the frame is in memory. */
export function samplesOf(payload: Uint8Array, into: Int16Array): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let i = 0; i < into.length; i++) into[i] = view.getInt16(2 * i, true);
}

export function bytesOf(samples: Int16Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 * samples.length);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i]!, 2 * i);
  return bytes;
}
