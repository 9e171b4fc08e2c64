/** Answers as frames of 20 ms: 960 samples in mono at 48 kHz. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FRAME_SAMPLES } from '../../web/sdk/bot/index.ts';

const SAMPLE_RATE = 48_000;
const TONE_HZ = 880;
const TONE_FRAMES = 25;
const WAV_HEADER_BYTES = 44;

export function* toneFrames(): Generator<Int16Array> {
  for (let frame = 0; frame < TONE_FRAMES; frame++) {
    yield Int16Array.from(
      { length: FRAME_SAMPLES },
      (_, i) => 9000 * Math.sin((2 * Math.PI * TONE_HZ * (frame * FRAME_SAMPLES + i)) / SAMPLE_RATE),
    );
  }
}

/** A sentence, spoken by espeak-ng. Rejects if that is not installed. */
export async function speechFrames(text: string): Promise<Int16Array[]> {
  const { stdout } = await promisify(execFile)('espeak-ng', ['--stdout', '--', text], {
    encoding: 'buffer',
    maxBuffer: 2 ** 26,
  });
  const rate = stdout.readUInt32LE(24);
  const length = Math.floor((stdout.length - WAV_HEADER_BYTES) / 2);
  const at = (index: number) => (index < length ? stdout.readInt16LE(WAV_HEADER_BYTES + 2 * index) : 0);
  const sample = (index: number) => {
    const position = (index * rate) / SAMPLE_RATE;
    const before = Math.floor(position);
    return at(before) + (at(before + 1) - at(before)) * (position - before);
  };
  const frames = Math.ceil((length * SAMPLE_RATE) / rate / FRAME_SAMPLES);
  return Array.from({ length: frames }, (_, frame) =>
    Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => sample(frame * FRAME_SAMPLES + i)),
  );
}
