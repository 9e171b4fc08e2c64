/** Opus by WebCodecs: the voice in packets of 20 ms, and the mix in samples. */

/** CELT at a constant rate: half a percent of a core, and the same in every browser. */
const ENCODER = {
  codec: 'opus',
  numberOfChannels: 1,
  bitrate: 32_000,
  bitrateMode: 'constant',
  opus: { frameDuration: 20_000, application: 'lowdelay', complexity: 5 },
} as const;
const DECODER = { codec: 'opus', sampleRate: 48_000, numberOfChannels: 1 } as const;
const FRAME_US = 20_000;
/** A decoder or encoder that is further behind than this is no longer of use. */
const MAX_QUEUED = 25;
const SILENCE_DBOV = -127;

export interface VoiceEncoder {
  /** 20 ms of samples, and their level, which comes out with their packet. */
  encode(frame: Float32Array, levelDbov: number): void;
  close(): void;
}

export interface MixDecoder {
  decode(packet: Uint8Array): void;
  close(): void;
}

/** Whether this browser encodes and decodes Opus by itself. */
export async function hasWebCodecs(sampleRate: number): Promise<boolean> {
  if (!('AudioEncoder' in globalThis && 'AudioDecoder' in globalThis)) return false;
  try {
    const [encoder, decoder] = await Promise.all([
      AudioEncoder.isConfigSupported({ ...ENCODER, sampleRate } as AudioEncoderConfig),
      AudioDecoder.isConfigSupported(DECODER),
    ]);
    return encoder.supported === true && decoder.supported === true;
  } catch {
    return false;
  }
}

export function createEncoder(
  sampleRate: number,
  onPacket: (packet: Uint8Array, levelDbov: number) => void,
): VoiceEncoder {
  let frames = 0;
  /** Of frames that are being encoded. */
  let levels: number[] = [];
  let encoder: AudioEncoder;
  const start = (): void => {
    const ours: number[] = [];
    levels = ours;
    encoder = new AudioEncoder({
      output: (chunk) => {
        const packet = new Uint8Array(chunk.byteLength);
        chunk.copyTo(packet);
        onPacket(packet, ours.shift() ?? SILENCE_DBOV);
      },
      // The next frame makes another one.
      error: () => {},
    });
    encoder.configure({ ...ENCODER, sampleRate } as AudioEncoderConfig);
  };
  start();
  return {
    encode: (frame, levelDbov) => {
      if (encoder.state !== 'configured') start();
      if (encoder.encodeQueueSize > MAX_QUEUED) return;
      levels.push(levelDbov);
      const data = new AudioData({
        format: 'f32',
        sampleRate,
        numberOfFrames: frame.length,
        numberOfChannels: 1,
        timestamp: frames++ * FRAME_US,
        data: frame as Float32Array<ArrayBuffer>,
      });
      encoder.encode(data);
      data.close();
    },
    close: () => {
      if (encoder.state !== 'closed') encoder.close();
    },
  };
}

export function createDecoder(onSamples: (samples: Float32Array) => void): MixDecoder {
  let packets = 0;
  let decoder: AudioDecoder;
  const start = (): void => {
    decoder = new AudioDecoder({
      output: (data) => {
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        data.close();
        onSamples(samples);
      },
      error: () => {},
    });
    decoder.configure(DECODER);
  };
  start();
  return {
    decode: (packet) => {
      // An empty one would end the decoder.
      if (packet.length === 0) return;
      if (decoder.state !== 'configured') start();
      if (decoder.decodeQueueSize > MAX_QUEUED) return;
      decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: packets++ * FRAME_US, data: packet }));
    },
    close: () => {
      if (decoder.state !== 'closed') decoder.close();
    },
  };
}
