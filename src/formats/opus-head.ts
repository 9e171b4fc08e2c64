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
