/** Frames in the memory that the SIMD kernels work in. */
import { FRAME_SAMPLES } from '../format.ts';

export const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT;
/** Maximum number of spare frames kept outside the memory. */
const SPARE_FRAMES = 64;

/** `FRAME_SAMPLES` samples, for as long as they are taken from the pool. */
export class Frame {
  readonly samples: Float32Array;
  /** Address in the kernels' memory; 0 if outside. */
  readonly address: number;

  constructor(samples: Float32Array, address: number) {
    this.samples = samples;
    this.address = address;
  }
}

/**
 * Hands out frames. The kernels' memory holds a fixed number of them, because growing it would detach all views. When
 * all are taken, further frames lie outside and are processed in TypeScript, with the same results.
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
   * @param capacity how many fit
   */
  constructor(memory?: ArrayBuffer, start = 0, capacity = 0) {
    this.#memory = memory;
    this.#start = start;
    this.#capacity = capacity;
  }

  /** Frames taken and not yet released. */
  get taken(): number {
    return this.#taken;
  }

  /** Contains its previous user's samples. */
  take(): Frame {
    this.#taken++;
    const frame = this.#free.pop();
    if (frame !== undefined) return frame;
    if (this.#memory === undefined || this.#made === this.#capacity) return this.#takeOutside();
    const address = this.#start + FRAME_BYTES * this.#made++;
    return new Frame(new Float32Array(this.#memory, address, FRAME_SAMPLES), address);
  }

  /** Call once when the frame is no longer needed. */
  release(frame: Frame): void {
    this.#taken--;
    if (frame.address !== 0) this.#free.push(frame);
    else if (this.#freeOutside.length < SPARE_FRAMES) this.#freeOutside.push(frame);
  }

  #takeOutside(): Frame {
    return this.#freeOutside.pop() ?? new Frame(new Float32Array(FRAME_SAMPLES), 0);
  }
}
