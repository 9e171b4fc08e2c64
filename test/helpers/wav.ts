/** RIFF/WAVE with 16-bit PCM: as much of the format as speech files need. */
export interface Wav {
  readonly sampleRate: number;
  readonly channels: number;
  /** Interleaved. */
  readonly samples: Int16Array;
}

const PCM = 1;

/**
 * Reads 16-bit PCM. Throws if the bytes are anything else. A data chunk that claims too much (as when written to a
 * pipe) ends with the bytes.
 */
export function parseWav(bytes: Buffer): Wav {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('not a WAVE file');
  }
  let format: { channels: number; sampleRate: number } | undefined;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', offset, offset + 4);
    const size = bytes.readUInt32LE(offset + 4);
    const body = offset + 8;
    if (id === 'fmt ') {
      if (bytes.readUInt16LE(body) !== PCM || bytes.readUInt16LE(body + 14) !== 16) throw new Error('not 16-bit PCM');
      format = { channels: bytes.readUInt16LE(body + 2), sampleRate: bytes.readUInt32LE(body + 4) };
    } else if (id === 'data') {
      if (format === undefined) throw new Error('data before its format');
      const length = Math.floor(Math.min(size, bytes.length - body) / 2);
      const samples = Int16Array.from({ length }, (_, index) => bytes.readInt16LE(body + 2 * index));
      return { ...format, samples };
    }
    offset = body + size + (size & 1);
  }
  throw new Error('no data chunk');
}

export function formatWav({ sampleRate, channels, samples }: Wav): Buffer {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(PCM, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * channels * 2, 28);
  bytes.writeUInt16LE(channels * 2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples.length, 40);
  for (let index = 0; index < samples.length; index++) bytes.writeInt16LE(samples[index]!, 44 + 2 * index);
  return bytes;
}
