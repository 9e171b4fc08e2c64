/**
 * Frames of sound as they go over the WebSockets of bots, of pages without WebRTC and of native clients: a header of 16
 * bytes, then one Opus packet or one frame of samples. All numbers are in network byte order, but for samples (s16le).
 *
 * | bytes | |
 * | --- | --- |
 * | 1 | kind: 1 Opus, 2 samples, 3 acknowledgement |
 * | 1 | flags: 1 first frame after a silence |
 * | 2 | from the server: the speaker, 0 the mix. From a person: 128 and the level as in RFC 6464; 0 unknown |
 * | 4 | sequence number; in an acknowledgement the last one that has come, 0 if none has |
 * | 8 | time in samples at 48 kHz; in an acknowledgement the milliseconds since that frame came |
 */
import { packetSamples } from '../formats/opus-packet.ts';

export const HEADER_LENGTH = 16;
export const FRAME_SAMPLES = 960;
const PCM_LENGTH = 2 * FRAME_SAMPLES;
/** As long as a packet of 120 ms with everything that its structure allows. */
const MAX_OPUS_LENGTH = 6 * 1275 + 7;
export const MAX_FRAME_LENGTH = HEADER_LENGTH + MAX_OPUS_LENGTH;

export const KINDS = { opus: 1, pcm: 2 } as const;
export type FrameKind = keyof typeof KINDS;

const ACKNOWLEDGEMENT = 3;
const STARTS = 1;
const LEVEL_KNOWN = 0x80;
/** What a person sends: one frame of Opus (RFC 6716 section 3.2.1), and nothing is longer. */
const MAX_VOICE_LENGTH = 1275 + 1;
export const MAX_VOICE_FRAME_LENGTH = HEADER_LENGTH + MAX_VOICE_LENGTH;
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

/** What a person has said in one frame. */
export interface SentVoice {
  sequence: number;
  /** In samples at 48 kHz, on a scale of the sender. */
  time: number;
  /** RFC 6464: 0 is full scale, -127 is silence. Null if it is not known. */
  levelDbov: number | null;
  /** A view of the frame. */
  payload: Uint8Array;
}

/** Reads a frame of a person into an object that the caller reuses. False if it is not well-formed. */
export function readVoice(frame: Buffer, into: SentVoice): boolean {
  const payload = frame.length > MAX_VOICE_FRAME_LENGTH ? null : readFrame(frame, 'opus');
  if (payload === null) return false;
  const level = frame.readUInt16BE(2);
  into.levelDbov = (level & LEVEL_KNOWN) === 0 ? null : -(level & ~LEVEL_KNOWN & 0x7f);
  into.sequence = frame.readUInt32BE(4);
  into.time = timeOf(frame);
  into.payload = payload;
  return true;
}

export interface Acknowledgement {
  /** Of the last frame that has come; 0 if none has. */
  readonly sequence: number;
  /** How long ago that was. */
  readonly heldMs: number;
}

/** Null if it is something else. */
export function readAcknowledgement(frame: Buffer): Acknowledgement | null {
  if (frame.length !== HEADER_LENGTH || frame[0] !== ACKNOWLEDGEMENT) return null;
  return { sequence: frame.readUInt32BE(4), heldMs: timeOf(frame) };
}

export function writeAcknowledgement({ sequence, heldMs }: Acknowledgement): Buffer {
  const frame = Buffer.alloc(HEADER_LENGTH);
  frame[0] = ACKNOWLEDGEMENT;
  frame.writeUInt32BE(sequence >>> 0, 4);
  frame.writeUInt32BE(Math.max(0, Math.min(TWO_TO_32 - 1, Math.round(heldMs))), 12);
  return frame;
}

function timeOf(frame: Buffer): number {
  return frame.readUInt32BE(8) * TWO_TO_32 + frame.readUInt32BE(12);
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
