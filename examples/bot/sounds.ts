import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SAMPLE_RATE } from './voice-connection.ts';

const WAV_HEADER_BYTES = 44;
const CHIME_HZ = [523, 659, 784] as const;
const NOTE_S = 0.4;

/** Three notes. */
export function chime(): Float32Array {
  const noteSamples = NOTE_S * SAMPLE_RATE;
  return Float32Array.from({ length: CHIME_HZ.length * noteSamples }, (_, index) => {
    const hz = CHIME_HZ[Math.floor(index / noteSamples)] ?? 0;
    const second = (index % noteSamples) / SAMPLE_RATE;
    return 0.3 * Math.exp(-4 * second) * Math.sin(2 * Math.PI * hz * second);
  });
}

/** A sentence, spoken by espeak-ng, which must be installed. */
export async function speech(text: string): Promise<Float32Array> {
  const { stdout } = await promisify(execFile)('espeak-ng', ['--stdout', '--', text], {
    encoding: 'buffer',
    maxBuffer: 2 ** 26,
  });
  const rate = stdout.readUInt32LE(24);
  const length = Math.floor((stdout.length - WAV_HEADER_BYTES) / 2);
  const at = (index: number) => stdout.readInt16LE(WAV_HEADER_BYTES + 2 * Math.min(index, length - 1)) / 32_768;
  return Float32Array.from({ length: Math.floor((length * SAMPLE_RATE) / rate) }, (_, index) => {
    const position = (index * rate) / SAMPLE_RATE;
    const before = Math.floor(position);
    return at(before) + (at(before + 1) - at(before)) * (position - before);
  });
}
