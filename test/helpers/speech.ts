import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resample } from './resample.ts';
import { SAMPLE_RATE } from './signal.ts';
import { formatWav, parseWav } from './wav.ts';

const run = promisify(execFile);
/** Seconds of speech take milliseconds. A process that takes longer than this hangs. */
const SYNTHESIS_TIMEOUT_MS = 15_000;

/** Voices of espeak-ng that differ clearly in pitch and sound. */
export const VOICES = ['en-us', 'en-gb+f3', 'en-gb-scotland+m4', 'en-us+f5', 'en-gb-x-rp+m7', 'en-us+f2'] as const;
export type Voice = (typeof VOICES)[number];

const SENTENCES = [
  'The quick brown fox jumps over the lazy dog near the river bank.',
  'She sells sea shells while seven sailors sing softly at sunset.',
  'Please put the heavy box on the top shelf behind the old books.',
  'A gentle breeze moved through the tall trees and cooled the garden.',
  'They agreed to meet at eight and walk to the market together.',
  'Five clever wizards mixed the bright powder in a glass jar.',
];

/**
 * Speech of at least `seconds` by espeak-ng, mono at 48 kHz with full scale 1. The same voice and length give the same
 * samples. Results are cached in the temporary folder. Throws if espeak-ng is not installed.
 */
export async function speech(voice: Voice, seconds: number): Promise<Float32Array> {
  const sentence = VOICES.indexOf(voice);
  // About three seconds per sentence. Each voice starts with another one.
  const text = Array.from({ length: Math.ceil(seconds / 2.5) }, (_, index) => SENTENCES[(sentence + index) % 6]).join(
    ' ',
  );
  const key = createHash('sha256').update(`2 ${voice} ${text}`).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), 'partyline-speech');
  const file = join(folder, `${key}.wav`);
  const cached = await readFile(file).catch(() => undefined);
  const wav = cached === undefined ? await synthesize(voice, text, folder, file) : parseWav(cached);
  return Float32Array.from(wav.samples, (sample) => sample / 32_768);
}

/**
 * Returns the output of a synthesizer. If it hangs, it is killed and tried once more. Throws if it hangs again, fails
 * or is not installed.
 */
export async function outputOf(command: string, args: string[], timeoutMs = SYNTHESIS_TIMEOUT_MS): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    try {
      const limits = { maxBuffer: 256 * 2 ** 20, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
      return (await run(command, args, { encoding: 'buffer', ...limits })).stdout;
    } catch (cause) {
      const { code, killed } = cause as { code?: string | number; killed?: boolean };
      if (code === 'ENOENT')
        throw new Error(`${command} is not installed; on Debian and Ubuntu: apt-get install ${command}`, { cause });
      if (killed !== true) throw cause;
      if (attempt === 2) throw new Error(`${command} did not end within ${timeoutMs} ms, twice`, { cause });
    }
  }
}

async function synthesize(voice: Voice, text: string, folder: string, file: string) {
  const spoken = parseWav(await outputOf('espeak-ng', ['-v', voice, '-s', '165', '--stdout', text]));
  const wav = {
    sampleRate: SAMPLE_RATE,
    channels: 1,
    samples: resample(spoken.samples, spoken.sampleRate, SAMPLE_RATE),
  };
  await mkdir(folder, { recursive: true });
  // Several processes may make the same file at once: each writes its own and moves it into place.
  const own = `${file}.${process.pid}`;
  await writeFile(own, formatWav(wav));
  await rename(own, file);
  return wav;
}
