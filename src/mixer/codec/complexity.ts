/**
 * The border between Opus complexities. From 5 on, CELT applies a pitch pre-filter before encoding, which the decoder
 * reverses. A listener's decoder can switch between two encoders without a seam only if both or neither use it.
 * Otherwise the filters in encoder and decoder do not match for a frame or two, which costs 4 dB in one of twenty seams
 * (test/mixer/mix/complexity-border.test.ts). A single encoder whose complexity changes while it runs fades its own
 * filter inaudibly.
 */

const LEAST_WITH_PITCH_FILTER = 5;

/** Whether an encoder applies the pitch pre-filter. */
export type Side = 'filtered' | 'plain';

export function sideOf(complexity: number): Side {
  return complexity >= LEAST_WITH_PITCH_FILTER ? 'filtered' : 'plain';
}

/** The closest complexity on a side of the border. */
export function complexityOn(side: Side, complexity: number): number {
  return side === 'filtered'
    ? Math.max(complexity, LEAST_WITH_PITCH_FILTER)
    : Math.min(complexity, LEAST_WITH_PITCH_FILTER - 1);
}
