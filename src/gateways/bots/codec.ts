/** What bots need of an Opus codec, in mono with frames of 20 ms. */
export interface FrameEncoder {
  /** 960 samples; the caller owns the packet. */
  encode(frame: Int16Array): Uint8Array;
}

export interface FrameDecoder {
  /** Valid until the next call; undefined if the packet is corrupt. */
  decode(packet: Uint8Array): Int16Array | undefined;
}

export interface FrameCodec {
  createEncoder(): FrameEncoder;
  createDecoder(): FrameDecoder;
}
