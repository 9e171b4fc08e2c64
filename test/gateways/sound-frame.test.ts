import { test } from 'tap';
import {
  bytesOf,
  MAX_FRAME_LENGTH,
  MAX_VOICE_FRAME_LENGTH,
  readAcknowledgement,
  readFrame,
  readVoice,
  samplesOf,
  writeAcknowledgement,
  writeFrame,
} from '../../src/gateways/sound-frame.ts';
import { readFrame as readByBot, writePacket, writeSamples } from '../../web/sdk/bot/frame.ts';
import {
  writeAcknowledgement as acknowledgementOfClient,
  readFrame as readByClient,
  writeVoice,
} from '../../web/sdk/websocket-media/frame.ts';
import { payloadOf } from '../helpers/packet-stream.ts';

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

test('what a person sends is what the server reads, with its level', (t) => {
  const into = { sequence: 0, time: 0, levelDbov: null as number | null, payload: new Uint8Array(0) };
  for (const levelDbov of [0, -1, -63, -127]) {
    const sent = { sequence: 2 ** 32 - 1, time: 2 ** 40 + 2 ** 31 + 5, levelDbov, packet: payloadOf(3) };
    t.ok(readVoice(Buffer.from(writeVoice(sent)), into));
    t.same(into, { sequence: sent.sequence, time: sent.time, levelDbov, payload: payloadOf(3) });
  }
  t.equal(writeVoice({ sequence: 1, time: 0, levelDbov: 12, packet: payloadOf(3) }).byteLength, 20);
  t.ok(readVoice(Buffer.from(writePacket(payloadOf(3), 7)), into));
  t.equal(into.levelDbov, null, 'a bot says nothing of levels');
  const whole = Buffer.from(
    writeVoice({ sequence: 1, time: 0, levelDbov: -9, packet: new Uint8Array(1276).fill(0xf8) }),
  );
  t.equal(whole.length, MAX_VOICE_FRAME_LENGTH);
  t.equal(readVoice(Buffer.concat([whole, Buffer.of(1)]), into), false);
  t.equal(readVoice(whole.subarray(0, 16), into), false);
  t.equal(readVoice(Buffer.from(writeSamples(SAMPLES, 8)), into), false);
  t.end();
});

test('acknowledgements are read by both sides, and nothing else is one', (t) => {
  t.same(readAcknowledgement(Buffer.from(acknowledgementOfClient(7, 12.4))), { sequence: 7, heldMs: 12 });
  t.same(readByClient(buffer(writeAcknowledgement({ sequence: 2 ** 32 - 1, heldMs: 90.6 }))), {
    kind: 'acknowledgement',
    sequence: 2 ** 32 - 1,
    heldMs: 91,
  });
  t.match(readAcknowledgement(writeAcknowledgement({ sequence: 1, heldMs: -4 })), { heldMs: 0 });
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(16), Buffer.from(acknowledgementOfClient(7, 1)).subarray(1)])
    t.equal(readAcknowledgement(bytes), null);
  t.equal(readAcknowledgement(Buffer.concat([writeAcknowledgement({ sequence: 1, heldMs: 0 }), Buffer.of(1)])), null);
  t.end();
});

test('what the server writes is what a page reads', (t) => {
  const header = { kind: 'opus', starts: true, speaker: 0, sequence: 5, time: 960 } as const;
  t.same(readByClient(buffer(writeFrame(header, payloadOf(9)))), {
    kind: 'sound',
    starts: true,
    sequence: 5,
    packet: payloadOf(9),
  });
  t.equal(readByClient(buffer(writeFrame({ ...header, kind: 'pcm' }, bytesOf(SAMPLES)))), undefined);
  t.equal(readByClient(new ArrayBuffer(15)), undefined);
  t.end();
});
