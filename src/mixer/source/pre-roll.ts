/**
 * The last packets of a source that were not decoded. Decoding them first brings a decoder in sync with the next packet
 * (RFC 7845 section 4.6).
 */
import { cutTo } from '../../lib/cut.ts';
import type { Decoder } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { MAX_PACKET_SAMPLES, SILENCE_DBOV } from '../format.ts';
import { levelDbov } from '../kernels/pcm.ts';

/**
 * RFC 7845 section 4.6 requires 80 ms. In the middle of a word that is not always enough: in one of ten places a decoder
 * is then within 5 dB of one that always ran, after 120 ms within 13 dB.
 */
const PACKETS = 6;
/** For a level, 80 ms are enough. */
const CHECK_PACKETS = 4;

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
    cutTo(this.#payloads, 0);
  }

  /** A decoder in sync with the kept packets. */
  takeDecoder(pool: CodecPool): Decoder {
    const decoder = pool.takeDecoder();
    for (const payload of this.#payloads) decoder.decode(payload);
    return decoder;
  }

  /**
   * The level of the next packet in dBov: decodes it and discards the sound.
   * @param packets how many packets it is the mean of, including earlier ones
   */
  measure(payload: Uint8Array, pool: CodecPool, packets = 1): number {
    const decoder = pool.takeDecoder();
    const first = Math.max(0, this.#payloads.length - CHECK_PACKETS);
    let power = 0;
    for (let i = first; i <= this.#payloads.length; i++) {
      const pcm = decoder.decode(this.#payloads[i] ?? payload);
      if (i <= this.#payloads.length - packets) continue;
      if (pcm !== undefined) decoded.set(pcm);
      const dbov = pcm === undefined ? SILENCE_DBOV : levelDbov(decoded.subarray(0, pcm.length));
      power += 10 ** (dbov / 10) / packets;
    }
    pool.releaseDecoder(decoder);
    pool.counters.packetsChecked++;
    return Math.max(SILENCE_DBOV, 10 * Math.log10(power));
  }
}
