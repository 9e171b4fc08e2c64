/** Frames in the memory that the SIMD kernels work in. */
import { FRAME_SAMPLES } from '../format.ts';

export const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT;
/** Frames outside of the memory that are kept for later. */
const SPARE_FRAMES = 64;

/** `FRAME_SAMPLES` samples, for as long as somebody has taken them from the pool. */
export class Frame {
  readonly samples: Float32Array;
  /** Where they are in the kernels' memory; 0 if they are outside. */
  readonly address: number;

  constructor(samples: Float32Array, address: number) {
    this.samples = samples;
    this.address = address;
  }
}

/**
 * Hands out frames. There is a fixed number of them in the kernels' memory, which never grows: that would detach all views.
 * When all are taken, further ones lie outside, and TypeScript works on them, with the same results.
 */
export class FramePool {
  readonly #memory: ArrayBuffer | undefined;
  readonly #start: number;
  readonly #capacity: number;
  readonly #free: Frame[] = [];
  readonly #freeOutside: Frame[] = [];
  #made = 0;
  #taken = 0;

  /**
   * @param memory undefined if all frames lie outside
   * @param start the address of the first frame
   * @param capacity how many fit there
   */
  constructor(memory?: ArrayBuffer, start = 0, capacity = 0) {
    this.#memory = memory;
    this.#start = start;
    this.#capacity = capacity;
  }

  /** Frames that were taken and not released. */
  get taken(): number {
    return this.#taken;
  }

  /** Its samples are those of whoever had it before. */
  take(): Frame {
    this.#taken++;
    const frame = this.#free.pop();
    if (frame !== undefined) return frame;
    if (this.#memory === undefined || this.#made === this.#capacity) return this.#takeOutside();
    const address = this.#start + FRAME_BYTES * this.#made++;
    return new Frame(new Float32Array(this.#memory, address, FRAME_SAMPLES), address);
  }

  /** Whoever took it has no more use for it, and calls this once. */
  release(frame: Frame): void {
    this.#taken--;
    if (frame.address !== 0) this.#free.push(frame);
    else if (this.#freeOutside.length < SPARE_FRAMES) this.#freeOutside.push(frame);
  }

  #takeOutside(): Frame {
    return this.#freeOutside.pop() ?? new Frame(new Float32Array(FRAME_SAMPLES), 0);
  }
}
