/**
 * The outer structure of an Opus packet (RFC 6716 section 3): its duration and whether it contains sound, without
 * decoding it.
 */

/** RFC 7587 section 4.1: RTP timestamps of Opus count samples at 48 kHz, whatever the input rate of the encoder. */
const SAMPLES_PER_MS = 48;
/** RFC 6716 section 3.1, table 2: the duration of one frame in each of the 32 configurations. */
const FRAME_SAMPLES_BY_CONFIG = Int16Array.from(
  [10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 10, 20]
    .concat([2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20])
    .map((ms) => ms * SAMPLES_PER_MS),
);
const MAX_FRAME_BYTES = 1275;
const MAX_PACKET_SAMPLES = 120 * SAMPLES_PER_MS;

/**
 * The duration of a packet in samples at 48 kHz, or 0 if no decoder would accept it, according to the rules of RFC 6716
 * section 3.4 that can be checked without decoding.
 */
export function packetSamples(packet: Uint8Array): number {
  if (packet.length === 0) return 0;
  const toc = packet[0]!;
  const frameSamples = FRAME_SAMPLES_BY_CONFIG[toc >> 3]!;
  const bytes = packet.length - 1;
  switch (toc & 3) {
    case 0:
      return bytes <= MAX_FRAME_BYTES ? frameSamples : 0;
    case 1:
      return bytes % 2 === 0 && bytes <= 2 * MAX_FRAME_BYTES ? 2 * frameSamples : 0;
    case 2:
      return bytes >= 1 && bytes <= 2 * MAX_FRAME_BYTES + 2 ? 2 * frameSamples : 0;
    default: {
      if (bytes < 1) return 0;
      const frames = packet[1]! & 0x3f;
      const samples = frames * frameSamples;
      return samples > 0 && samples <= MAX_PACKET_SAMPLES ? samples : 0;
    }
  }
}

/** Modes in which a frame of 20 ms begins with SILK: SILK alone in three bandwidths, and hybrid in two. */
const SILK_20_MS_CONFIGS: readonly number[] = [1, 5, 9, 13, 15];

/**
 * Whether the packet is one mono frame of 20 ms of speech, coded as browsers code it, and nothing else: a packet with a
 * single frame has no padding, where extensions could hide. Every such packet can be decoded, whatever is in it.
 */
export function isSpeechFrame(packet: Uint8Array): boolean {
  const toc = packet[0];
  if (toc === undefined || isDtx(packet) || packet.length > 1 + MAX_FRAME_BYTES) return false;
  const isStereo = (toc & 4) !== 0;
  const code = toc & 3;
  return !isStereo && code === 0 && SILK_20_MS_CONFIGS.includes(toc >> 3);
}

/** Discontinuous transmission: one or two bytes in which the encoder signals silence. */
export function isDtx(packet: Uint8Array): boolean {
  return packet.length <= 2;
}

/**
 * The single byte of a packet that makes the decoder conceal one 20 ms frame in the mode of the packet with this `toc`.
 * (An empty packet would make the binding conceal 120 ms.)
 */
export function concealmentToc(toc: number): number {
  const config = toc >> 3;
  // The 20 ms configurations: SILK x*4+1, hybrid 13 and 15, CELT x*4+3.
  const config20Ms = config < 12 ? (config & ~3) | 1 : config < 16 ? config | 1 : config | 3;
  return (config20Ms << 3) | (toc & 4);
}

/** A mono CELT frame of silence. A decoder coming from speech fades out within it and is exactly silent afterwards. */
export const SILENCE_PACKET: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);

/** Repeats the silence, so that a receiver does not mistake it for packet loss. */
export const SILENCE_REFRESH_PACKET: Uint8Array = Uint8Array.of(0xf8);
