import { test } from 'tap';
import { createDecoder, createEncoder, hasWebCodecs } from '../../../web/sdk/websocket-media/voice-codec.ts';
import { chunkOf, fakeWebCodecs, replaceGlobals, samplesOf } from '../../helpers/fake-web-codecs.ts';

const RATE = 48_000;
const frame = () => new Float32Array(960);

test('a browser needs an encoder and a decoder for this configuration', async (t) => {
  t.equal(await hasWebCodecs(RATE), false, 'Node has none');
  let isSupported = true;
  fakeWebCodecs(t, { isSupported: () => isSupported });
  t.equal(await hasWebCodecs(RATE), true);
  isSupported = false;
  t.equal(await hasWebCodecs(RATE), false);
  replaceGlobals(t, { AudioEncoder: { isConfigSupported: () => Promise.reject(new TypeError('unknown codec')) } });
  t.equal(await hasWebCodecs(RATE), false);
});

test('frames become packets, each with the level of its frame', (t) => {
  const { encoders, ...made } = fakeWebCodecs(t);
  const packets: [number[], number][] = [];
  const encoder = createEncoder(RATE, (packet, level) => packets.push([[...packet], level]));
  const [first] = encoders;
  t.match(first?.configuration, { codec: 'opus', sampleRate: RATE, numberOfChannels: 1, bitrateMode: 'constant' });
  encoder.encode(frame(), -20);
  encoder.encode(frame(), -30);
  t.match(first?.given, [
    { format: 'f32', numberOfFrames: 960, numberOfChannels: 1, timestamp: 0 },
    { timestamp: 20_000 },
  ]);
  t.equal(made.openData, 0, 'what was given is released');
  first?.output(chunkOf(1, 2));
  first?.output(chunkOf(3));
  first?.output(chunkOf(4));
  t.strictSame(packets, [
    [[1, 2], -20],
    [[3], -30],
    [[4], -127],
  ]);
  encoder.close();
  encoder.close();
  t.equal(first?.state, 'closed');
  t.end();
});

test('an encoder that is behind gets nothing, and levels stay with their frames', (t) => {
  const { encoders } = fakeWebCodecs(t);
  const levels: number[] = [];
  const encoder = createEncoder(RATE, (_, level) => levels.push(level));
  const [first] = encoders;
  encoder.encode(frame(), -20);
  first!.encodeQueueSize = 26;
  encoder.encode(frame(), -90);
  t.equal(first?.given.length, 1);
  first!.encodeQueueSize = 25;
  encoder.encode(frame(), -30);
  t.equal(first?.given.length, 2);
  first?.output(chunkOf(1));
  first?.output(chunkOf(1));
  t.strictSame(levels, [-20, -30]);
  t.end();
});

test('an encoder that has failed is replaced with the next frame, without the levels of what it has lost', (t) => {
  const { encoders } = fakeWebCodecs(t);
  const levels: number[] = [];
  const encoder = createEncoder(RATE, (_, level) => levels.push(level));
  encoder.encode(frame(), -20);
  encoders[0]?.fail();
  t.equal(encoders.length, 1);
  encoder.encode(frame(), -30);
  t.equal(encoders.length, 2);
  t.match(encoders[1]?.given, [{ timestamp: 20_000 }], 'time goes on');
  encoders[1]?.output(chunkOf(1));
  t.strictSame(levels, [-30]);
  t.end();
});

test('packets become samples', (t) => {
  const { decoders } = fakeWebCodecs(t);
  const heard: number[][] = [];
  const decoder = createDecoder((samples) => heard.push([...samples]));
  const [first] = decoders;
  t.match(first?.configuration, { codec: 'opus', sampleRate: RATE, numberOfChannels: 1 });
  decoder.decode(Uint8Array.of(1));
  decoder.decode(new Uint8Array());
  decoder.decode(Uint8Array.of(2));
  t.match(first?.given, [
    { type: 'key', timestamp: 0 },
    { type: 'key', timestamp: 20_000 },
  ]);
  t.equal(first?.given.length, 2, 'an empty packet would end the decoder');
  const data = samplesOf(0.5, -0.5);
  first?.output(data);
  t.strictSame(heard, [[0.5, -0.5]]);
  t.ok(data.isClosed);
  first!.decodeQueueSize = 26;
  decoder.decode(Uint8Array.of(3));
  t.equal(first?.given.length, 2, 'it is behind');
  first?.fail();
  decoder.decode(Uint8Array.of(4));
  t.equal(decoders.length, 2);
  t.equal(decoders[1]?.given.length, 1);
  decoder.close();
  decoder.close();
  t.equal(decoders[1]?.state, 'closed');
  t.end();
});
