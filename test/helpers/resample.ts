const HALF_WIDTH = 16;

/** Changes the sample rate with a windowed sinc of 32 points. Good for a test signal, far too slow for a server. */
export function resample(samples: Int16Array, fromRate: number, toRate: number): Int16Array {
  if (fromRate === toRate) return samples;
  const ratio = fromRate / toRate;
  const cutoff = Math.min(1, toRate / fromRate);
  const resampled = new Int16Array(Math.floor(samples.length / ratio));
  for (let index = 0; index < resampled.length; index++) {
    const position = index * ratio;
    const first = Math.ceil(position - HALF_WIDTH);
    let sum = 0;
    for (let source = first; source < first + 2 * HALF_WIDTH; source++) {
      const distance = source - position;
      sum += (samples[source] ?? 0) * cutoff * sinc(cutoff * distance) * hann(distance / HALF_WIDTH);
    }
    resampled[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return resampled;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function hann(x: number): number {
  return Math.abs(x) >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * x);
}
