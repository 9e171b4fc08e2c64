/** What the mixer asks of a codec. `opus.ts` is the one that runs; tests bring one that costs nothing. */
export interface EncoderSettings {
  readonly bitrate: number;
  /** 0 to 10; below 3 onsets get audible pre-echoes. */
  readonly complexity: number;
}

export interface Encoder {
  configure(settings: EncoderSettings): void;
  /** The next frame will not depend on any before it. */
  reset(): void;
  /** Encodes exactly `FRAME_SAMPLES` samples; the packet is the caller's. */
  encode(frame: Int16Array): Uint8Array;
}

export interface Decoder {
  /** `packetSamples(packet)` samples, valid until the next call, or nothing if the packet is corrupt. */
  decode(packet: Uint8Array): Int16Array | undefined;
  /** One 20 ms frame that continues what was decoded last. It fades only slowly: after some frames the caller must. */
  conceal(): Int16Array | undefined;
  reset(): void;
}

export interface Codec {
  createEncoder(): Encoder;
  createDecoder(): Decoder;
}
