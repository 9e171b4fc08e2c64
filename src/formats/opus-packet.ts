/** The outside of an Opus packet (RFC 6716 section 3): how long it is and whether it says anything, without decoding it. */

/** RFC 7587 section 4.1: RTP time of Opus counts samples at 48 kHz, whatever the encoder was given. */
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
 * The duration of a packet in samples at 48 kHz, or 0 if no decoder would take it: RFC 6716 section 3.4, the rules that
 * can be checked without decoding.
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

/** Discontinuous transmission: the encoder says in one or two bytes that there is nothing to say. */
export function isDtx(packet: Uint8Array): boolean {
  return packet.length <= 2;
}

/**
 * The first byte of a packet whose only byte it is: the decoder conceals one 20 ms frame in the mode of the packet that
 * `toc` is from. (An empty packet would make the binding conceal 120 ms.)
 */
export function concealmentToc(toc: number): number {
  const config = toc >> 3;
  // The 20 ms configurations: SILK x*4+1, hybrid 13 and 15, CELT x*4+3.
  const config20Ms = config < 12 ? (config & ~3) | 1 : config < 16 ? config | 1 : config | 3;
  return (config20Ms << 3) | (toc & 4);
}

/** A mono CELT frame of silence; a decoder that comes from speech fades out within it and is exactly silent afterwards. */
export const SILENCE_PACKET: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);

/** "Still nothing": keeps a receiver from taking the silence for loss. */
export const SILENCE_REFRESH_PACKET: Uint8Array = Uint8Array.of(0xf8);
