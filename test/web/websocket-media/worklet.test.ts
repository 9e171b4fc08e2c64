import { type Test, test } from 'tap';
import { registerMediaProcessors } from '../../../web/sdk/websocket-media/worklet.ts';
import { replaceGlobals } from '../../helpers/fake-web-codecs.ts';

const QUANTUM = 128;

class FakePort {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: unknown[] = [];
  readonly transferred: unknown[] = [];

  postMessage(message: unknown, transfer: unknown[] = []): void {
    this.sent.push(message);
    this.transferred.push(...transfer);
  }
}

interface Processor {
  readonly port: FakePort;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

function setUp(t: Test, rate = 48_000) {
  const processors = new Map<string, new () => Processor>();
  class AudioWorkletProcessor {
    readonly port = new FakePort();
  }
  replaceGlobals(t, {
    sampleRate: rate,
    AudioWorkletProcessor,
    registerProcessor: (name: string, made: new () => Processor) => processors.set(name, made),
  });
  registerMediaProcessors();
  const create = (name: string) => {
    const processor = new (processors.get(name)!)();
    const port = new FakePort();
    processor.port.onmessage?.({ data: { port } });
    return { processor, port };
  };
  return { create };
}

const quantum = (value: number) => new Float32Array(QUANTUM).fill(value);

for (const [rate, length] of [
  [48_000, 960],
  [44_100, 882],
] as const)
  test(`a microphone at ${rate} Hz becomes frames of 20 ms, without a sample lost`, (t) => {
    const { processor, port } = setUp(t, rate).create('media-capture');
    let at = 0;
    for (let block = 0; block < 40; block++) {
      const input = Float32Array.from({ length: QUANTUM }, () => at++);
      t.equal(processor.process([[input]], []), true);
    }
    const frames = port.sent as Float32Array[];
    t.equal(frames.length, Math.floor((40 * QUANTUM) / length));
    t.ok(frames.every((frame) => frame.length === length));
    t.strictSame(
      frames.flatMap((frame) => [...frame]),
      Array.from({ length: frames.length * length }, (_, index) => index),
    );
    t.strictSame(
      port.transferred,
      frames.map(({ buffer }) => buffer),
    );
    t.end();
  });

test('stereo becomes mono, and nothing becomes silence', (t) => {
  const { processor, port } = setUp(t).create('media-capture');
  for (let block = 0; block < 8; block++) processor.process([[quantum(0.5), quantum(-0.25)]], []);
  t.ok((port.sent[0] as Float32Array).every((sample) => sample === 0.125));
  for (let block = 0; block < 15; block++) processor.process([[]], []);
  t.ok((port.sent[2] as Float32Array).every((sample) => sample === 0));
  const { processor: alone } = setUp(t).create('media-capture');
  t.equal(alone.process([], []), true);
  t.end();
});

test('frames of the mix are played on every side, and figures are told about four times a second', (t) => {
  const { processor, port } = setUp(t).create('media-playout');
  t.equal(processor.process([], []), true, 'without an output');
  for (let frame = 0; frame < 10; frame++)
    port.onmessage?.({ data: { samples: new Float32Array(960).fill(0.25), isLast: false } });
  const heard: number[] = [];
  for (let block = 0; block < 99; block++) {
    const [left, right] = [quantum(9), quantum(9)];
    processor.process([], [[left, right]]);
    t.strictSame(right, left);
    heard.push(left[QUANTUM - 1]!);
  }
  t.ok(heard.includes(0.25));
  t.equal(processor.port.sent.length, 0);
  processor.process([], [[quantum(0)]]);
  t.match(processor.port.sent, [{ playedMs: Number, underruns: Number }]);
  for (let block = 0; block < 100; block++) processor.process([], [[quantum(0)]]);
  t.equal(processor.port.sent.length, 2);
  t.end();
});
