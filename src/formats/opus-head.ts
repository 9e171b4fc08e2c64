const SAMPLE_RATE = 48_000;

export interface OpusHead {
  readonly channels: 1 | 2;
  /** Samples at 48 kHz at the beginning that players leave out: the delay of the encoder. */
  readonly preSkip: number;
}

/** Delays of libopus, as `OpusHead.preSkip`: speech as browsers send it (6.5 ms), and CELT with low delay, as our mix (2.5 ms). */
export const PRE_SKIP = { speech: 312, lowDelay: 120 } as const;

/** What players need to know before the first packet of Opus, in Ogg and in WebM (RFC 7845 section 5.1). */
export function opusHead({ channels, preSkip }: OpusHead): Uint8Array {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt16LE(preSkip, 10);
  head.writeUInt32LE(SAMPLE_RATE, 12);
  return head;
}

export interface ReadOpusHead {
  readonly channels: number;
  /** The file asks players to change its volume by this, in dB. */
  readonly gainDb: number;
}

/** Null if the packet is no `OpusHead`, or one of more than two channels or a later kind (RFC 7845 section 5.1). */
export function readOpusHead(packet: Uint8Array): ReadOpusHead | null {
  const head = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  if (head.length < 19 || head.toString('latin1', 0, 8) !== 'OpusHead') return null;
  const [version, channels, family] = [head[8]!, head[9]!, head[18]!];
  if (version >> 4 !== 0 || family !== 0 || channels < 1 || channels > 2) return null;
  return { channels, gainDb: head.readInt16LE(16) / 256 };
}
