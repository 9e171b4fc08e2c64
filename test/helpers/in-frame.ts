import type { Frame } from '../../src/mixer/kernels/frame.ts';
import { threadKernels } from '../../src/mixer/kernels/kernels.ts';

/** The samples in a frame for the kernels, for the moment of one call. */
export function inFrame(samples: Float32Array): Frame {
  const frame = threadKernels().scratch('for a test');
  frame.samples.set(samples);
  return frame;
}
