import { test } from 'tap';
import { bytesOf, MAX_FRAME_LENGTH, readFrame, samplesOf, writeFrame } from '../../../src/gateways/bots/frame.ts';
import { readFrame as readByBot, writePacket, writeSamples } from '../../../web/sdk/bot/frame.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer as ArrayBuffer;
const SAMPLES = Int16Array.from({ length: 960 }, (_, i) => ((i * 7919) % 65_536) - 32_768);

test('what the server writes is what the bot reads', (t) => {
  const header = {
    kind: 'opus',
    starts: true,
    speaker: 40_000,
    sequence: 2 ** 32 - 1,
    time: 2 ** 40 + 2 ** 31 + 5,
  } as const;
  const frame = writeFrame(header, payloadOf(9));
  t.equal(frame.subarray(0, 4).toString('hex'), '01019c40');
  t.equal(frame.length, 20);
  const { kind: _, ...rest } = header;
  t.same(readByBot(buffer(frame)), { ...rest, packet: payloadOf(9), samples: undefined });
  const pcm = writeFrame({ ...header, kind: 'pcm', starts: false }, bytesOf(SAMPLES));
  t.same(readByBot(buffer(pcm)), { ...rest, starts: false, packet: undefined, samples: SAMPLES });
  t.equal(pcm[0], 2);
  t.equal(readByBot(buffer(pcm.subarray(0, 15))), undefined);
  t.equal(readByBot(buffer(Buffer.concat([Buffer.of(9), pcm.subarray(1)]))), undefined, 'of a later version');
  t.end();
});

test('what the bot writes is what the server reads, and nothing else', (t) => {
  const packet = Buffer.from(writePacket(payloadOf(3), 7));
  const samples = Buffer.from(writeSamples(SAMPLES, 8));
  t.same(readFrame(packet, 'opus'), payloadOf(3));
  const read = new Int16Array(960);
  // Wherever it is in memory.
  samplesOf(readFrame(Buffer.concat([Buffer.alloc(1), samples]).subarray(1), 'pcm')!, read);
  t.same(read, SAMPLES);
  t.same([packet.readUInt32BE(4), samples.readUInt32BE(4)], [7, 8]);
  for (const [bytes, kind] of [
    [packet, 'pcm'],
    [samples, 'opus'],
    [samples.subarray(0, -1), 'pcm'],
    [Buffer.concat([samples, Buffer.alloc(2)]), 'pcm'],
    [packet.subarray(0, 16), 'opus'],
    [Buffer.alloc(0), 'opus'],
    [Buffer.concat([packet.subarray(0, 16), Buffer.of(3)]), 'opus'],
    [Buffer.concat([packet, Buffer.alloc(MAX_FRAME_LENGTH)]), 'opus'],
  ] as const)
    t.equal(readFrame(bytes, kind), null);
  t.end();
});
