/** Sound as frames of 20 ms: 960 samples in mono at 48 kHz. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FRAME_SAMPLES } from '../../web/sdk/bot/index.ts';

const SAMPLE_RATE = 48_000;
const FRAME_BYTES = 2 * FRAME_SAMPLES;
const MELODY_HZ = [523, 659, 784, 659, 523] as const;
const NOTE_FRAMES = 20;

export function* melodyFrames(): Generator<Int16Array> {
  for (let frame = 0; frame < MELODY_HZ.length * NOTE_FRAMES; frame++) {
    const hz = MELODY_HZ[Math.floor(frame / NOTE_FRAMES)] ?? 0;
    yield Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => {
      const second = ((frame % NOTE_FRAMES) * FRAME_SAMPLES + i) / SAMPLE_RATE;
      return 9000 * Math.exp(-4 * second) * Math.sin(2 * Math.PI * hz * second);
    });
  }
}

/** What ffmpeg makes of a file, no faster than it is wanted. Throws if ffmpeg is missing or cannot read the file. */
export async function* fileFrames(file: string): AsyncGenerator<Int16Array> {
  const flags = [
    '-v',
    'error',
    '-nostdin',
    '-i',
    file,
    '-vn',
    '-f',
    's16le',
    '-ac',
    '1',
    '-ar',
    String(SAMPLE_RATE),
    '-',
  ];
  const ffmpeg = spawn('ffmpeg', flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(ffmpeg, 'close');
  // Awaited below.
  ended.catch(() => {});
  try {
    let rest = Buffer.alloc(0);
    for await (const chunk of ffmpeg.stdout) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      for (; rest.length >= FRAME_BYTES; rest = rest.subarray(FRAME_BYTES)) yield frameOf(rest);
    }
    if (rest.length > 0) yield frameOf(rest);
    const [code] = await ended;
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  } finally {
    ffmpeg.kill();
  }
}

/** The next frame; the last one is filled with silence. */
function frameOf(bytes: Buffer): Int16Array {
  const frame = new Int16Array(FRAME_SAMPLES);
  for (let i = 0; i < FRAME_SAMPLES && 2 * i + 1 < bytes.length; i++) frame[i] = bytes.readInt16LE(2 * i);
  return frame;
}
