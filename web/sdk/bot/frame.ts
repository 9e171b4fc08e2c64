/** Frames of sound as they go over the WebSocket; `docs/bots.md` describes them. */

const HEADER_LENGTH = 16;
const OPUS = 1;
const PCM = 2;
const STARTS = 1;
const TWO_TO_32 = 2 ** 32;
/** Samples of 20 ms at 48 kHz. */
export const FRAME_SAMPLES = 960;

/** Sound that the bot hears. */
export interface BotFrame {
  /** The number of the speaker; 0 is the mix. */
  readonly speaker: number;
  /** The first one after a silence. */
  readonly starts: boolean;
  /** Of this speaker. One that is missing was left out, because the bot was too slow. */
  readonly sequence: number;
  /** In samples at 48 kHz; what is missing between two frames is silence. */
  readonly time: number;
  /** Samples in mono at 48 kHz, if the bot has asked for `pcm`. */
  readonly samples: Int16Array | undefined;
  /** One Opus packet, if the bot has asked for `opus`. */
  readonly packet: Uint8Array | undefined;
}

/** Undefined for what later versions of the server may send. */
export function readFrame(bytes: ArrayBuffer): BotFrame | undefined {
  if (bytes.byteLength < HEADER_LENGTH) return undefined;
  const view = new DataView(bytes);
  const kind = view.getUint8(0);
  if (kind !== OPUS && kind !== PCM) return undefined;
  return {
    speaker: view.getUint16(2),
    starts: (view.getUint8(1) & STARTS) !== 0,
    sequence: view.getUint32(4),
    time: view.getUint32(8) * TWO_TO_32 + view.getUint32(12),
    samples: kind === PCM ? samplesOf(view) : undefined,
    packet: kind === OPUS ? new Uint8Array(bytes, HEADER_LENGTH) : undefined,
  };
}

/** 960 samples. */
export function writeSamples(samples: Int16Array, sequence: number): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER_LENGTH + 2 * samples.length);
  const view = headerOf(bytes, PCM, sequence);
  for (const [i, sample] of samples.entries()) view.setInt16(HEADER_LENGTH + 2 * i, sample, true);
  return bytes;
}

export function writePacket(packet: Uint8Array, sequence: number): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER_LENGTH + packet.length);
  headerOf(bytes, OPUS, sequence);
  new Uint8Array(bytes, HEADER_LENGTH).set(packet);
  return bytes;
}

function headerOf(bytes: ArrayBuffer, kind: number, sequence: number): DataView {
  const view = new DataView(bytes);
  view.setUint8(0, kind);
  view.setUint32(4, sequence);
  return view;
}

function samplesOf(view: DataView): Int16Array {
  const samples = new Int16Array((view.byteLength - HEADER_LENGTH) >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(HEADER_LENGTH + 2 * i, true);
  return samples;
}
