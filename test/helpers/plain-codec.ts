import type { Codec } from '../../src/mixer/codec/codec.ts';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';

/** Looks like a 20 ms CELT packet. Inside it carries the number of a frame in `frames`. */
const TOC = 0xf8;
const TABLE = 4096;

/**
 * A lossless codec that costs nothing, so that a minute of a room is simulated in a second. Packets refer to frames in
 * a table.
 */
export class PlainCodec implements Codec {
  readonly #frames: Int16Array[] = [];
  #next = 0;

  /** Returns the packet for a frame. It can be decoded until 4,096 more frames have been encoded. */
  encode(frame: Int16Array): Uint8Array {
    const index = this.#next++ % TABLE;
    if (this.#frames[index]?.length !== frame.length) this.#frames[index] = new Int16Array(frame.length);
    this.#frames[index]!.set(frame);
    return Uint8Array.of(TOC, index >> 8, index & 255);
  }

  /** Returns the frame of a packet. Packets of silence refer to no frame and decode to silence. */
  decode(packet: Uint8Array): Int16Array {
    const known = packet.length === 3 && packet[1]! < TABLE >> 8;
    return (known ? this.#frames[(packet[1]! << 8) | packet[2]!] : undefined) ?? new Int16Array(FRAME_SAMPLES);
  }

  createEncoder() {
    return { configure: () => {}, reset: () => {}, encode: (frame: Int16Array) => this.encode(frame) };
  }

  createDecoder() {
    let last: Int16Array = new Int16Array(FRAME_SAMPLES);
    return {
      reset: () => {
        last = new Int16Array(FRAME_SAMPLES);
      },
      decode: (packet: Uint8Array) => {
        last = this.decode(packet);
        return last;
      },
      conceal: () => last,
    };
  }
}
