/** On the browser's audio thread: frames of the voice go out, and frames of the mix are played. */
import { PlayoutBuffer } from './playout-buffer.ts';
import type { MixFrame, PlayoutPort } from './worker-messages.ts';

const FRAMES_PER_SECOND = 50;
const REPORT_EVERY_QUANTA = 100;

/** Call it once in the scope of an AudioWorklet. Elsewhere there is nothing that the processors could extend. */
export function registerMediaProcessors(): void {
  /** Its port sends `Float32Array` of 20 ms to whoever has the other end. */
  class CaptureProcessor extends AudioWorkletProcessor {
    #frame = new Float32Array(sampleRate / FRAMES_PER_SECOND);
    #filled = 0;
    #port: MessagePort | null = null;

    constructor() {
      super();
      this.port.onmessage = ({ data }: MessageEvent<PlayoutPort>) => {
        this.#port = data.port;
      };
    }

    override process(inputs: Float32Array[][]): boolean {
      const sides = inputs[0] ?? [];
      const length = sides[0]?.length ?? 128;
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (const side of sides) sum += side[i]!;
        this.#frame[this.#filled++] = sides.length === 0 ? 0 : sum / sides.length;
        if (this.#filled === this.#frame.length) this.#send();
      }
      return true;
    }

    #send(): void {
      const frame = this.#frame;
      this.#frame = new Float32Array(frame.length);
      this.#filled = 0;
      this.#port?.postMessage(frame, [frame.buffer]);
    }
  }

  /** Its port takes the port of the worker, and sends `PlayoutFigures`. */
  class PlayoutProcessor extends AudioWorkletProcessor {
    readonly #buffer = new PlayoutBuffer();
    #untilReport = REPORT_EVERY_QUANTA;

    constructor() {
      super();
      this.port.onmessage = ({ data }: MessageEvent<PlayoutPort>) => {
        data.port.onmessage = ({ data: { samples, isLast } }: MessageEvent<MixFrame>) =>
          this.#buffer.push(samples, isLast);
      };
    }

    override process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
      const [first, ...others] = outputs[0] ?? [];
      if (first === undefined) return true;
      this.#buffer.pull(first);
      for (const other of others) other.set(first);
      if (--this.#untilReport === 0) {
        this.#untilReport = REPORT_EVERY_QUANTA;
        this.port.postMessage(this.#buffer.figures);
      }
      return true;
    }
  }

  registerProcessor('media-capture', CaptureProcessor);
  registerProcessor('media-playout', PlayoutProcessor);
}
