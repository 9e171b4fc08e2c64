/** From 48 to 10 kHz: 5 samples for every 24, with a Hann-windowed sinc that cuts off at half the new rate. */
const UP = 5;
const DOWN = 24;
/** In zero crossings of the sinc. */
const HALF_WIDTH = 16;
const CUTOFF = (0.95 * UP) / DOWN;
const TAPS = Math.ceil(HALF_WIDTH / CUTOFF);

/** One filter for each of the five positions that a new sample can have between two old ones. */
const PHASES = Array.from({ length: UP }, (_, phase) =>
  Float64Array.from({ length: 2 * TAPS }, (_, tap) => {
    const distance = tap - TAPS + 1 - phase / UP;
    const window = Math.abs(distance) >= TAPS ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * distance) / TAPS);
    const x = Math.PI * CUTOFF * distance;
    return CUTOFF * window * (x === 0 ? 1 : Math.sin(x) / x);
  }),
);

export function resampleTo10k(samples: Float32Array): Float64Array {
  const resampled = new Float64Array(Math.ceil((samples.length * UP) / DOWN));
  for (let n = 0; n < resampled.length; n++) {
    const place = n * DOWN;
    const taps = PHASES[place % UP]!;
    const first = Math.floor(place / UP) - TAPS + 1;
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) sum += taps[tap]! * (samples[first + tap] ?? 0);
    resampled[n] = sum;
  }
  return resampled;
}
