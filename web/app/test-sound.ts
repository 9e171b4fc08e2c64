const SAMPLE_RATE = 48_000;
const TONES_HZ = [660, 880] as const;
const TONE_MS = 300;
/** Tones that start or end at once click. */
const RAMP_MS = 10;
/** -12 dBFS: clearly heard, and nobody is startled. */
const AMPLITUDE = 0.25;
const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;

/** Two tones, one after the other, as a WAV file: mono, 16 bits, 48 kHz. */
export function testSound(): Uint8Array<ArrayBuffer> {
  const toneSamples = (SAMPLE_RATE * TONE_MS) / 1000;
  const rampSamples = (SAMPLE_RATE * RAMP_MS) / 1000;
  const samples = TONES_HZ.length * toneSamples;
  const bytes = new Uint8Array(HEADER_BYTES + samples * BYTES_PER_SAMPLE);
  const view = new DataView(bytes.buffer);
  writeHeader(view, samples * BYTES_PER_SAMPLE);
  for (const [index, toneHz] of TONES_HZ.entries()) {
    for (let at = 0; at < toneSamples; at += 1) {
      const ramp = Math.min(1, at / rampSamples, (toneSamples - 1 - at) / rampSamples);
      const sample = AMPLITUDE * ramp * Math.sin((2 * Math.PI * toneHz * at) / SAMPLE_RATE);
      view.setInt16(HEADER_BYTES + (index * toneSamples + at) * BYTES_PER_SAMPLE, Math.round(sample * 32_767), true);
    }
  }
  return bytes;
}

function writeHeader(view: DataView, dataBytes: number): void {
  const text = (at: number, letters: string) => {
    for (const [index, letter] of [...letters].entries()) view.setUint8(at + index, letter.charCodeAt(0));
  };
  text(0, 'RIFF');
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, SAMPLE_RATE * BYTES_PER_SAMPLE, true);
  view.setUint16(32, BYTES_PER_SAMPLE, true);
  view.setUint16(34, 8 * BYTES_PER_SAMPLE, true);
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
}
