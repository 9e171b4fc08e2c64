/**
 * The last packets of a source that were not decoded. Decoding them first brings a decoder in sync with the next packet
 * (RFC 7845 section 4.6).
 */
import type { Decoder } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { MAX_PACKET_SAMPLES, SILENCE_DBOV } from '../format.ts';
import { levelDbov } from '../kernels/pcm.ts';

/** RFC 7845 section 4.6 requires 80 ms. */
const PACKETS = 4;

/** Temporary within one call. */
const decoded = new Float32Array(MAX_PACKET_SAMPLES);

export class PreRoll {
  readonly #payloads: Uint8Array[] = [];

  /** Keeps a packet that is not decoded. */
  add(payload: Uint8Array): void {
    if (this.#payloads.length === PACKETS) this.#payloads.shift();
    this.#payloads.push(payload);
  }

  clear(): void {
    this.#payloads.length = 0;
  }

  /** A decoder in sync with the kept packets. */
  takeDecoder(pool: CodecPool): Decoder {
    const decoder = pool.takeDecoder();
    for (const payload of this.#payloads) decoder.decode(payload);
    return decoder;
  }

  /** The level of the next packet in dBov: decodes it and discards the sound. */
  measure(payload: Uint8Array, pool: CodecPool): number {
    const decoder = this.takeDecoder(pool);
    const pcm = decoder.decode(payload);
    if (pcm !== undefined) decoded.set(pcm);
    pool.releaseDecoder(decoder);
    pool.counters.packetsChecked++;
    return pcm === undefined ? SILENCE_DBOV : levelDbov(decoded.subarray(0, pcm.length));
  }
}
