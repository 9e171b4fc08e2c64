/**
 * The border between the complexities of Opus. From 5 on CELT filters out the pitch before it encodes, and the decoder puts it in again. A
 * listener's decoder goes from one encoder to another without a seam only where both do so or neither does: the filters in encoder and decoder
 * do not match for a frame or two otherwise, which costs 4 dB in one of twenty seams (test/mixer/mix/complexity-border.test.ts). One
 * encoder that is told another complexity while it runs fades its own filter, and that is not heard.
 */

const LEAST_WITH_PITCH_FILTER = 5;

/** Whether an encoder filters the pitch. */
export type Side = 'filtered' | 'plain';

export function sideOf(complexity: number): Side {
  return complexity >= LEAST_WITH_PITCH_FILTER ? 'filtered' : 'plain';
}

/** The complexity nearest to this one on a side of the border. */
export function complexityOn(side: Side, complexity: number): number {
  return side === 'filtered'
    ? Math.max(complexity, LEAST_WITH_PITCH_FILTER)
    : Math.min(complexity, LEAST_WITH_PITCH_FILTER - 1);
}
