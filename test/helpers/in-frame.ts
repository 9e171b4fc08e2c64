import type { Frame } from '../../src/mixer/kernels/frame.ts';
import { threadKernels } from '../../src/mixer/kernels/kernels.ts';

/** Puts the samples into a frame for the kernels, valid for one call. */
export function inFrame(samples: Float32Array): Frame {
  const frame = threadKernels().scratch('for a test');
  frame.samples.set(samples);
  return frame;
}
