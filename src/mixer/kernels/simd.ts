/** The kernels of `kernels.wat`, and the memory they work in. */
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import { FRAME_BYTES, FramePool } from './frame.ts';
import { SIMD_CODE } from './simd-code.js';

/** The exports of `kernels.wat`. Frames are identified by their addresses. */
export interface SimdExports {
  add(sum: number, frame: number): void;
  subtract(out: number, total: number, own: number): void;
  ramp(frame: number, from: number, to: number, rampSamples: number): void;
  addRamped(sum: number, frame: number, from: number, to: number): void;
  addShelved(
    sum: number,
    raw: number,
    muffled: number,
    lowFrom: number,
    highFrom: number,
    lowTo: number,
    highTo: number,
  ): void;
  pan(
    left: number,
    right: number,
    raw: number,
    muffled: number,
    leftLowFrom: number,
    leftHighFrom: number,
    leftLowTo: number,
    leftHighTo: number,
    rightLowFrom: number,
    rightHighFrom: number,
    rightLowTo: number,
    rightHighTo: number,
  ): void;
  lowPass(out: number, frame: number, pole: number, last: number): number;
  peaks(frame: number, peaks: number): void;
  toInt16(frame: number, out: number): void;
  limit(frame: number, gains: number, out: number): void;
  interleave(left: number, right: number, out: number): void;
}

/** Addresses of the memory that is not used for frames. */
export const PEAKS = 64;
export const GAINS = 256;
export const INTEGERS = 1024;
export const INTEGERS_RIGHT = INTEGERS + FRAME_BYTES / 2;
export const INTERLEAVED = INTEGERS_RIGHT + FRAME_BYTES / 2;
const FRAMES = 16_384;

/** 15 MB of address space, of which the system only backs what is used. Each talker takes a frame or two. */
const CAPACITY = 4096;
const PAGE_BYTES = 65_536;

export interface Simd {
  readonly run: SimdExports;
  readonly frames: FramePool;
  readonly peaks: Float32Array;
  readonly gains: Float64Array;
  readonly integers: Int16Array;
  readonly integersRight: Int16Array;
  readonly interleaved: Int16Array;
}

/** Whether this machine and this Node can run the kernels. */
export function supportsSimd(): boolean {
  return typeof WebAssembly !== 'undefined' && WebAssembly.validate(simdCode());
}

function simdCode(): Uint8Array<ArrayBuffer> {
  return Buffer.from(SIMD_CODE, 'base64');
}

/** Undefined if there is no WebAssembly, no SIMD, or no address space for the memory. */
export function loadSimd(capacity = CAPACITY): Simd | undefined {
  if (!supportsSimd()) return undefined;
  const pages = Math.ceil((FRAMES + capacity * FRAME_BYTES) / PAGE_BYTES);
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    return undefined;
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(simdCode()), { kernels: { memory } });
  const { buffer } = memory;
  return {
    run: exports as unknown as SimdExports,
    frames: new FramePool(buffer, FRAMES, capacity),
    peaks: new Float32Array(buffer, PEAKS, PTIME_MS),
    gains: new Float64Array(buffer, GAINS, PTIME_MS + 1),
    integers: new Int16Array(buffer, INTEGERS, FRAME_SAMPLES),
    integersRight: new Int16Array(buffer, INTEGERS_RIGHT, FRAME_SAMPLES),
    interleaved: new Int16Array(buffer, INTERLEAVED, 2 * FRAME_SAMPLES),
  };
}
