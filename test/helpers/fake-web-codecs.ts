/** WebCodecs without a codec: a packet has one byte, and says which frame it is of. */
import type { Test } from 'tap';

export interface FakeCodec {
  state: string;
  encodeQueueSize: number;
  decodeQueueSize: number;
  configuration: Record<string, unknown>;
  /** What was given to it. */
  readonly given: Record<string, unknown>[];
  /** As the browser does it: with what comes out, or an error, after which it is closed. */
  output(result: object): void;
  fail(): void;
}

export interface FakeWebCodecs {
  readonly encoders: FakeCodec[];
  readonly decoders: FakeCodec[];
  /** How many of `AudioData` are not closed. */
  openData: number;
}

/** Puts them into this process until the test ends. */
export function fakeWebCodecs(t: Test, { isSupported = (): boolean => true } = {}): FakeWebCodecs {
  const made: FakeWebCodecs = { encoders: [], decoders: [], openData: 0 };
  const codec = (all: FakeCodec[]) =>
    class implements FakeCodec {
      static async isConfigSupported(configuration: object) {
        return { supported: isSupported(), config: configuration };
      }

      state = 'unconfigured';
      encodeQueueSize = 0;
      decodeQueueSize = 0;
      configuration = {};
      readonly given: Record<string, unknown>[] = [];
      readonly #callbacks: { output(result: object): void; error(error: Error): void };

      constructor(callbacks: { output(result: object): void; error(error: Error): void }) {
        this.#callbacks = callbacks;
        all.push(this);
      }

      configure(configuration: Record<string, unknown>): void {
        this.configuration = configuration;
        this.state = 'configured';
      }

      encode(data: Record<string, unknown>): void {
        this.given.push({ ...data });
      }

      decode(chunk: Record<string, unknown>): void {
        this.given.push({ ...chunk });
      }

      close(): void {
        if (this.state === 'closed') throw new Error('closed twice');
        this.state = 'closed';
      }

      output(result: object): void {
        this.#callbacks.output(result);
      }

      fail(): void {
        this.state = 'closed';
        this.#callbacks.error(new Error('EncodingError'));
      }
    };
  class FakeAudioData {
    constructor(init: object) {
      made.openData++;
      Object.assign(this, init);
    }

    close(): void {
      made.openData--;
    }
  }
  class FakeChunk {
    constructor(init: object) {
      Object.assign(this, init);
    }
  }
  replaceGlobals(t, {
    AudioEncoder: codec(made.encoders),
    AudioDecoder: codec(made.decoders),
    AudioData: FakeAudioData,
    EncodedAudioChunk: FakeChunk,
  });
  return made;
}

/** Until the test ends. */
export function replaceGlobals(t: Test, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.teardown(() => {
      if (before === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, before);
    });
  }
}

/** What an encoder puts out. */
export function chunkOf(...bytes: number[]): object {
  return { byteLength: bytes.length, copyTo: (target: Uint8Array) => target.set(bytes) };
}

/** What a decoder puts out. */
export function samplesOf(...samples: number[]) {
  const data = {
    numberOfFrames: samples.length,
    isClosed: false,
    copyTo: (target: Float32Array) => target.set(samples),
    close: () => {
      data.isClosed = true;
    },
  };
  return data;
}
