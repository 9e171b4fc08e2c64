/** The codec behind a gate; see `CodecGate`. A call that throws counts as inside until the next call. */
import type { Channels, Codec, Decoder, Encoder, EncoderSettings } from '../../mixer/codec/codec.ts';
import type { CodecGate } from '../link/codec-gate.ts';

export function gatedCodec(codec: Codec, gate: CodecGate): Codec {
  return {
    createEncoder: (channels) => new GatedEncoder(codec, gate, channels),
    createDecoder: (channels) => new GatedDecoder(codec, gate, channels),
  };
}

class GatedEncoder implements Encoder {
  readonly #encoder: Encoder;
  readonly #gate: CodecGate;

  constructor(codec: Codec, gate: CodecGate, channels?: Channels) {
    this.#gate = gate;
    gate.enter();
    this.#encoder = codec.createEncoder(channels);
    gate.leave();
  }

  configure(settings: EncoderSettings): void {
    this.#gate.enter();
    this.#encoder.configure(settings);
    this.#gate.leave();
  }

  reset(): void {
    this.#gate.enter();
    this.#encoder.reset();
    this.#gate.leave();
  }

  encode(frame: Int16Array): Uint8Array {
    this.#gate.enter();
    const packet = this.#encoder.encode(frame);
    this.#gate.leave();
    return packet;
  }
}

class GatedDecoder implements Decoder {
  readonly #decoder: Decoder;
  readonly #gate: CodecGate;

  constructor(codec: Codec, gate: CodecGate, channels?: Channels) {
    this.#gate = gate;
    gate.enter();
    this.#decoder = codec.createDecoder(channels);
    gate.leave();
  }

  decode(packet: Uint8Array): Int16Array | undefined {
    this.#gate.enter();
    const samples = this.#decoder.decode(packet);
    this.#gate.leave();
    return samples;
  }

  conceal(): Int16Array | undefined {
    this.#gate.enter();
    const samples = this.#decoder.conceal();
    this.#gate.leave();
    return samples;
  }

  reset(): void {
    this.#gate.enter();
    this.#decoder.reset();
    this.#gate.leave();
  }
}
