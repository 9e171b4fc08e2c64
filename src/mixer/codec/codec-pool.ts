/**
 * Resources shared by the mixers of one worker. Encoders and decoders are large (18 to 60 kB outside the JavaScript
 * heap) and slow to create, so they are reused.
 */
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { type Kernels, threadKernels } from '../kernels/kernels.ts';
import type { Channels, Codec, Decoder, Encoder, EncoderSettings } from './codec.ts';
import { complexityOn, type Side, sideOf } from './complexity.ts';

/** Counters of the mixers of one worker. Plain numbers that only increase. */
export interface MixCounters {
  /** Packets encoded; a packet for many listeners counts once. */
  framesEncoded: number;
  /** Frames encoded only to synchronise an encoder, and discarded. */
  framesPrimed: number;
  /** Time spent in encoders. */
  encodeMs: number;
  /** Packets of lone talkers sent on as they came; a packet for many listeners counts once. */
  framesPassed: number;
  framesDecoded: number;
  /** Packets decoded only to compare them with their claimed level, and discarded. */
  packetsChecked: number;
  framesConcealed: number;
  framesRecovered: number;
  /** Pieces of speech skipped or repeated to adjust the delay. */
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
    framesPassed: 0,
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

/** Each check takes five decodings (`pre-roll.ts`), so this is at most 4 % of a core, however many senders lie. */
const CHECKS = { perSecond: 200, burst: 8 } as const;

export class CodecPool {
  readonly counters = newMixCounters();
  /** Monotonic milliseconds, only for measurements. */
  readonly now: () => number;
  readonly kernels: Kernels;
  /** A number in [0, 1), where senders must not foresee what happens. */
  readonly random: () => number;
  readonly #codec: Codec;
  readonly #encoders: Readonly<Record<Channels, Encoder[]>> = { 1: [], 2: [] };
  readonly #decoders: Readonly<Record<Channels, Decoder[]>> = { 1: [], 2: [] };
  /** Encoders in use with their requested settings. */
  readonly #settings = new Map<Encoder, EncoderSettings>();
  readonly #checks = new TokenBucket({ ...CHECKS, now: 0 });
  #maxComplexity = 10;
  #decodersInUse = 0;

  constructor(codec: Codec, now: () => number, kernels: Kernels = threadKernels(), random: () => number = () => 0.5) {
    this.#codec = codec;
    this.now = now;
    this.random = random;
    this.kernels = kernels;
  }

  get encodersInUse(): number {
    return this.#settings.size;
  }

  get decodersInUse(): number {
    return this.#decodersInUse;
  }

  /**
   * An encoder whose next frame does not depend on earlier ones.
   * @param side of the complexity border on which it starts, whatever the limit is; by default the side of the limit
   */
  takeEncoder(settings: EncoderSettings, side: Side = this.sideOf(settings)): Encoder {
    const { channels = 1 } = settings;
    const encoder = this.#encoders[channels].pop() ?? this.#codec.createEncoder(channels);
    this.#settings.set(encoder, settings);
    this.setSide(encoder, settings, side);
    encoder.reset();
    return encoder;
  }

  /** From the next frame on, the encoder stays on this side of the border, as close to the limit as possible. */
  setSide(encoder: Encoder, settings: EncoderSettings, side: Side): void {
    const { bitrate, complexity } = this.#limited(settings);
    encoder.configure({ bitrate, complexity: complexityOn(side, complexity) });
  }

  /** An encoder in use has other settings from the next frame on. */
  retune(encoder: Encoder, settings: EncoderSettings): void {
    this.#settings.set(encoder, settings);
    encoder.configure(this.#limited(settings));
  }

  /** The current side of encoders with these settings. */
  sideOf(settings: EncoderSettings): Side {
    return sideOf(Math.min(settings.complexity, this.#maxComplexity));
  }

  releaseEncoder(encoder: Encoder): void {
    const { channels = 1 } = this.#settings.get(encoder) ?? {};
    this.#settings.delete(encoder);
    this.#encoders[channels].push(encoder);
  }

  /**
   * From now on no encoder exceeds this complexity, whatever was requested. Encoders in use change between two frames,
   * all at once, so that they are always on the same side of the complexity border.
   */
  limitComplexity(maxComplexity: number): void {
    this.#maxComplexity = maxComplexity;
    for (const [encoder, settings] of this.#settings) encoder.configure(this.#limited(settings));
  }

  #limited({ bitrate, complexity }: EncoderSettings): EncoderSettings {
    return { bitrate, complexity: Math.min(complexity, this.#maxComplexity) };
  }

  /** Whether there is time to decode one more packet as a check; if so, counts it. */
  allowsCheck(nowMs: number): boolean {
    return this.#checks.take(nowMs);
  }

  takeDecoder(channels: Channels = 1): Decoder {
    this.#decodersInUse++;
    const decoder = this.#decoders[channels].pop() ?? this.#codec.createDecoder(channels);
    decoder.reset();
    return decoder;
  }

  /** @param channels as when it was taken */
  releaseDecoder(decoder: Decoder, channels: Channels = 1): void {
    this.#decodersInUse--;
    this.#decoders[channels].push(decoder);
  }
}
