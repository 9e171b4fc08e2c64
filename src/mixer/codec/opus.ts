/**
 * The Opus codec (libopus through @discordjs/opus), with the precautions that this binding needs. No other file imports
 * it.
 */

import { packetSamples, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import { loadAddon } from '../../lib/packaged.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../format.ts';
import type { Channels, Codec, Decoder, Encoder, EncoderSettings } from './codec.ts';

const { OpusEncoder } = loadAddon('@discordjs/opus') as typeof import('@discordjs/opus');

// opus_defines.h. Never pass requests that read a value: the binding would write through a pointer made from our
// number.
const SET_APPLICATION = 4000;
const SET_COMPLEXITY = 4010;
const RESET_STATE = 4028;
const SET_PREDICTION_DISABLED = 4042;
const APPLICATION_RESTRICTED_LOWDELAY = 2051;

/** Encodes 20 ms frames as CELT, because no other mode can be handed over between encoders. */
class OpusFrameEncoder implements Encoder {
  readonly #opus: InstanceType<typeof OpusEncoder>;
  readonly #pcm: Int16Array;
  readonly #bytes: Buffer;
  #bitrate = 0;
  #complexity = -1;
  #independent = false;

  constructor(channels: Channels = 1) {
    this.#opus = new OpusEncoder(SAMPLE_RATE, channels);
    this.#pcm = new Int16Array(FRAME_SAMPLES * channels);
    this.#bytes = Buffer.from(this.#pcm.buffer);
    // Only possible before the first frame. CELT has 2.5 ms of look-ahead instead of 6.5 ms.
    this.#opus.applyEncoderCTL(SET_APPLICATION, APPLICATION_RESTRICTED_LOWDELAY);
  }

  configure({ bitrate, complexity }: EncoderSettings): void {
    if (bitrate !== this.#bitrate) this.#opus.setBitrate(bitrate);
    if (complexity !== this.#complexity) this.#opus.applyEncoderCTL(SET_COMPLEXITY, complexity);
    this.#bitrate = bitrate;
    this.#complexity = complexity;
  }

  reset(): void {
    this.#opus.applyEncoderCTL(RESET_STATE, 0);
    // A reset encoder would predict from the energies of a fresh decoder, which differ from those of a decoder that was
    // silent.
    this.#opus.applyEncoderCTL(SET_PREDICTION_DISABLED, 1);
    this.#independent = true;
  }

  encode(frame: Int16Array): Uint8Array {
    this.#pcm.set(frame);
    const packet = this.#opus.encode(this.#bytes);
    if (this.#independent) this.#opus.applyEncoderCTL(SET_PREDICTION_DISABLED, 0);
    this.#independent = false;
    return packet;
  }
}

/** RFC 6716 section 3.1: the bit of the first byte that says stereo. */
const STEREO_BIT = 4;
/** Conceals 20 ms. Libopus does it in the mode of the last packet, whichever mode this byte names. */
const CONCEALMENT: Readonly<Record<Channels, Buffer>> = {
  1: Buffer.from(SILENCE_REFRESH_PACKET),
  2: Buffer.from(SILENCE_REFRESH_PACKET.map((byte, index) => (index === 0 ? byte | STEREO_BIT : byte))),
};

/** Decodes any Opus packet, mono or stereo, to mono or to stereo. */
class OpusPacketDecoder implements Decoder {
  readonly #opus: InstanceType<typeof OpusEncoder>;
  readonly #concealment: Buffer;

  constructor(channels: Channels = 1) {
    this.#opus = new OpusEncoder(SAMPLE_RATE, channels);
    this.#concealment = CONCEALMENT[channels];
  }

  decode(packet: Uint8Array): Int16Array | undefined {
    if (packetSamples(packet) === 0) return undefined;
    return this.#run(Buffer.isBuffer(packet) ? packet : Buffer.from(packet.buffer, packet.byteOffset, packet.length));
  }

  conceal(): Int16Array | undefined {
    return this.#run(this.#concealment);
  }

  reset(): void {
    this.#opus.applyDecoderCTL(RESET_STATE, 0);
  }

  #run(packet: Buffer): Int16Array | undefined {
    try {
      const bytes = this.#opus.decode(packet);
      return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
    } catch {
      return undefined;
    }
  }
}

export const opusCodec: Codec = {
  createEncoder: (channels) => new OpusFrameEncoder(channels),
  createDecoder: (channels) => new OpusPacketDecoder(channels),
};
