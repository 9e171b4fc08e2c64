/** The codec interface of the mixer. `opus.ts` is the real one; tests use one that costs nothing. */

/** Mono or stereo. */
export type Channels = 1 | 2;

export interface EncoderSettings {
  /** 1 by default. */
  readonly channels?: Channels;
  readonly bitrate: number;
  /** 0 to 10; below 3, onsets get audible pre-echoes. */
  readonly complexity: number;
}

export interface Encoder {
  configure(settings: EncoderSettings): void;
  /** The next frame will not depend on earlier ones. */
  reset(): void;
  /** Encodes exactly `FRAME_SAMPLES` samples of each channel, interleaved; the caller owns the packet. */
  encode(frame: Int16Array): Uint8Array;
}

export interface Decoder {
  /**
   * `packetSamples(packet)` samples of each channel, interleaved, valid until the next call; undefined if the packet is
   * corrupt.
   */
  decode(packet: Uint8Array): Int16Array | undefined;
  /**
   * One 20 ms frame that continues the last decoded one. It fades only slowly, so after some frames the caller must
   * fade.
   */
  conceal(): Int16Array | undefined;
  reset(): void;
}

export interface Codec {
  /** For mono by default. */
  createEncoder(channels?: Channels): Encoder;
  /** For mono by default. Mono packets give both sides of stereo the same samples. */
  createDecoder(channels?: Channels): Decoder;
}
