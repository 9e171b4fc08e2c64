/**
 * What the mixers of one worker share. Encoders and decoders are large (18 to 60 kB outside of the JavaScript heap) and slow to make, so they
 * are used again.
 */
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { type Kernels, threadKernels } from '../kernels/kernels.ts';
import type { Codec, Decoder, Encoder, EncoderSettings } from './codec.ts';
import { complexityOn, type Side, sideOf } from './complexity.ts';

/** Everything the mixers of one worker count. Plain numbers, only ever increased. */
export interface MixCounters {
  /** Packets made; a packet that many listeners get counts once. */
  framesEncoded: number;
  /** Frames encoded only to bring an encoder into step, and thrown away. */
  framesPrimed: number;
  /** Time spent in encoders. */
  encodeMs: number;
  framesDecoded: number;
  /** Decoded only to compare them with what they claim, and thrown away. */
  packetsChecked: number;
  framesConcealed: number;
  framesRecovered: number;
  /** Pieces of speech left out or repeated, to change the delay. */
  timeStretches: number;
  packetsLost: number;
  packetsLate: number;
  packetsDuplicate: number;
  /** Not Opus, contradictory, or too many at once. */
  packetsDiscarded: number;
}

function newMixCounters(): MixCounters {
  return {
    framesEncoded: 0,
    framesPrimed: 0,
    encodeMs: 0,
    framesDecoded: 0,
    packetsChecked: 0,
    framesConcealed: 0,
    framesRecovered: 0,
    timeStretches: 0,
    packetsLost: 0,
    packetsLate: 0,
    packetsDuplicate: 0,
    packetsDiscarded: 0,
  };
}

/** Each takes five decodings (`pre-roll.ts`), so all together at most 4 % of a core, however many senders lie. */
const CHECKS = { perSecond: 200, burst: 8 } as const;

export class CodecPool {
  readonly counters = newMixCounters();
  /** Monotonic milliseconds, only to measure with. */
  readonly now: () => number;
  readonly kernels: Kernels;
  readonly #codec: Codec;
  readonly #encoders: Encoder[] = [];
  readonly #decoders: Decoder[] = [];
  /** Those in use, and what was asked for them. */
  readonly #settings = new Map<Encoder, EncoderSettings>();
  readonly #checks = new TokenBucket({ ...CHECKS, now: 0 });
  #maxComplexity = 10;
  #decodersInUse = 0;

  constructor(codec: Codec, now: () => number, kernels: Kernels = threadKernels()) {
    this.#codec = codec;
    this.now = now;
    this.kernels = kernels;
  }

  get encodersInUse(): number {
    return this.#settings.size;
  }

  get decodersInUse(): number {
    return this.#decodersInUse;
  }

  /**
   * An encoder whose next frame depends on nothing before it.
   * @param side of the border between complexities where it begins, whatever the limit is; by default where the limit is
   */
  takeEncoder(settings: EncoderSettings, side: Side = this.sideOf(settings)): Encoder {
    const encoder = this.#encoders.pop() ?? this.#codec.createEncoder();
    this.#settings.set(encoder, settings);
    this.setSide(encoder, settings, side);
    encoder.reset();
    return encoder;
  }

  /** The encoder encodes its next frames on this side of the border, as near as that lets it come to the limit. */
  setSide(encoder: Encoder, settings: EncoderSettings, side: Side): void {
    const { bitrate, complexity } = this.#limited(settings);
    encoder.configure({ bitrate, complexity: complexityOn(side, complexity) });
  }

  /** Where encoders with these settings are now. */
  sideOf(settings: EncoderSettings): Side {
    return sideOf(Math.min(settings.complexity, this.#maxComplexity));
  }

  releaseEncoder(encoder: Encoder): void {
    this.#settings.delete(encoder);
    this.#encoders.push(encoder);
  }

  /**
   * From now on no encoder runs at more than this, whatever was asked for it. Those in use change between two frames, all at once, so that
   * they are always on the same side of the border between complexities.
   */
  limitComplexity(maxComplexity: number): void {
    this.#maxComplexity = maxComplexity;
    for (const [encoder, settings] of this.#settings) encoder.configure(this.#limited(settings));
  }

  #limited({ bitrate, complexity }: EncoderSettings): EncoderSettings {
    return { bitrate, complexity: Math.min(complexity, this.#maxComplexity) };
  }

  /** Whether there is time for one packet more that is decoded only to be checked; if so, it is counted. */
  allowsCheck(nowMs: number): boolean {
    return this.#checks.take(nowMs);
  }

  takeDecoder(): Decoder {
    this.#decodersInUse++;
    const decoder = this.#decoders.pop() ?? this.#codec.createDecoder();
    decoder.reset();
    return decoder;
  }

  releaseDecoder(decoder: Decoder): void {
    this.#decodersInUse--;
    this.#decoders.push(decoder);
  }
}
