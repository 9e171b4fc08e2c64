import type { Codec, Encoder } from '../../src/mixer/codec/codec.ts';
import { FRAME_SAMPLES } from '../../src/mixer/format.ts';

/** The first byte of mono packets with one frame of 20 ms: CELT, and hybrid as browsers code speech. */
const CELT = 0xf8;
export const HYBRID = 0x78;
const TABLE = 4096;

/**
 * A lossless codec that costs nothing, so that a minute of a room is simulated in a second. Packets refer to frames in
 * a table.
 */
export class PlainCodec implements Codec {
  readonly #frames: Int16Array[] = [];
  readonly #toc: number;
  #next = 0;

  /** @param toc the first byte of all packets */
  constructor(toc = CELT) {
    this.#toc = toc;
  }

  /** Returns the packet for a frame. It can be decoded until 4,096 more frames have been encoded. */
  encode(frame: Int16Array): Uint8Array {
    const index = this.#next++ % TABLE;
    if (this.#frames[index]?.length !== frame.length) this.#frames[index] = new Int16Array(frame.length);
    this.#frames[index]!.set(frame);
    return Uint8Array.of(this.#toc, index >> 8, index & 255);
  }

  /** Returns the frame of a packet. Packets of silence refer to no frame and decode to silence. */
  decode(packet: Uint8Array): Int16Array {
    const known = packet.length === 3 && packet[1]! < TABLE >> 8;
    return (known ? this.#frames[(packet[1]! << 8) | packet[2]!] : undefined) ?? new Int16Array(FRAME_SAMPLES);
  }

  createEncoder(): Encoder {
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
