import * as fc from 'fast-check';
import { test } from 'tap';
import type { VoiceFormat } from '../../../../src/gateways/mumble/wire/version.ts';
import {
  isPing,
  MAX_OPUS_BYTES,
  MAX_PACKET_BYTES,
  type MumbleVoice,
  type ReceivedVoice,
  readVoicePacket,
  writeVoicePacket,
} from '../../../../src/gateways/mumble/wire/voice-packet.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const VOICE: MumbleVoice = { target: 0, session: 0, frameNumber: 200, opus: bytesOf('f8fffe'), isLast: false };

function written(format: VoiceFormat, voice: MumbleVoice, isFromServer?: boolean): Uint8Array {
  const into = new Uint8Array(MAX_PACKET_BYTES);
  return into.subarray(0, writeVoicePacket(format, into, voice, isFromServer));
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (voice: ReceivedVoice | null) => {
  if (voice === null) return null;
  const { position: _, opus, ...rest } = voice;
  return { ...rest, opus: hex(opus) };
};
const positionIn = (format: VoiceFormat, packet: Uint8Array) => {
  const position = readVoicePacket(format, packet)?.position;
  return position && [...position];
};
const floats = (...values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer);

test('packets look as Mumble writes them', async (t) => {
  const last = { ...VOICE, isLast: true };
  t.equal(hex(written('old', VOICE)), '8080c803f8fffe');
  t.equal(hex(written('old', { ...last, target: 31 })), '9f80c8a003f8fffe');
  t.equal(hex(written('old', { ...VOICE, session: 12 }, true)), '800c80c803f8fffe');
  t.equal(hex(written('protobuf', VOICE)), '00080020c8012a03f8fffe');
  t.equal(hex(written('protobuf', { ...last, session: 12, target: 2 }, true)), '001002180c20c8012a03f8fffe800101');
});

test('what is written is read again', (t) => {
  const voice = fc.record({
    target: fc.nat(31),
    session: fc.nat(2 ** 32 - 1),
    frameNumber: fc.maxSafeNat(),
    opus: fc.uint8Array({ minLength: 1, maxLength: MAX_OPUS_BYTES }),
    isLast: fc.boolean(),
  });
  fc.assert(
    fc.property(voice, fc.constantFrom('old', 'protobuf'), fc.boolean(), (given, format, isFromServer) => {
      const packet = written(format, given, isFromServer);
      const expected = { ...given, session: isFromServer ? given.session : 0, opus: hex(given.opus) };
      t.ok(packet.length + 4 <= MAX_PACKET_BYTES);
      t.same(plain(readVoicePacket(format, packet, isFromServer)), expected);
    }),
  );
  t.end();
});

test('a position may follow an old packet, and anything else behind it is malformed', async (t) => {
  const packet = written('old', VOICE);
  const longer = (bytes: number) => Buffer.concat([packet, Buffer.alloc(bytes)]);
  t.same(plain(readVoicePacket('old', longer(12))), { ...VOICE, opus: 'f8fffe' });
  for (const bytes of [1, 11, 13, 24]) t.equal(readVoicePacket('old', longer(bytes)), null);
});

test('volumes and unknown fields of new packets are left out', async (t) => {
  const extra = '320c000000000000000000000000 3d0000803f f2060101';
  t.same(plain(readVoicePacket('protobuf', bytesOf(`00 0800 20c801 ${extra} 2a03f8fffe ${extra}`))), {
    ...VOICE,
    opus: 'f8fffe',
  });
});

test('positions are read from both formats, and only if they are three numbers that say something', async (t) => {
  const old = (position: Uint8Array) => Buffer.concat([written('old', VOICE), position]);
  const bytes = (position: Uint8Array) => Buffer.concat([Buffer.of(0x32, position.length), position]);
  const since = (position: Uint8Array) => Buffer.concat([written('protobuf', VOICE), bytes(position)]);
  const first = (position: Uint8Array) =>
    Buffer.concat([Buffer.of(0), bytes(position), written('protobuf', VOICE).subarray(1)]);
  for (const [format, packet] of [
    ['old', old],
    ['protobuf', since],
    ['protobuf', first],
  ] as const) {
    t.same(positionIn(format, packet(floats(1.5, -2, 300))), [1.5, -2, 300], format);
    t.same(positionIn(format, packet(floats(0, 0, 1))), [0, 0, 1]);
    t.equal(positionIn(format, packet(floats(0, 0, 0))), null, 'a client that does not know');
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const at of [0, 1, 2])
        t.equal(
          positionIn(format, packet(floats(...[0, 1, 2].map((i) => (i === at ? wrong : 1))))),
          null,
          `${wrong} at ${at}`,
        );
    t.equal(positionIn(format, written(format, VOICE)), null, 'the one before is not kept');
  }
  for (const wrong of [floats(), floats(1, 2), floats(1, 2, 3, 4)]) {
    t.equal(positionIn('protobuf', since(wrong)), null, `${wrong.length} bytes`);
    t.equal(readVoicePacket('protobuf', since(wrong))?.frameNumber, 200, 'the voice is heard all the same');
  }
  const single = Buffer.concat([1, 2, 3].map((value) => Buffer.concat([Buffer.of(0x35), floats(value)])));
  const voice = readVoicePacket('protobuf', Buffer.concat([written('protobuf', VOICE), single]));
  t.match(voice, { frameNumber: 200, position: null }, 'one by one');
  t.equal(readVoicePacket('protobuf', since(floats(1, 2, 3)).subarray(0, -1)), null, 'cut off');
});

test('what is not Opus, empty or cut off is refused', async (t) => {
  t.equal(readVoicePacket('old', bytesOf('00 80c8 03f8fffe')), null, 'CELT');
  t.equal(readVoicePacket('old', bytesOf('40 80c8 03f8fffe')), null, 'Speex');
  t.equal(readVoicePacket('old', bytesOf('80 80c8 00')), null, 'no Opus');
  t.equal(readVoicePacket('old', bytesOf('80 80c8 f0ffffffff f8fffe')), null, 'too long');
  t.equal(readVoicePacket('old', bytesOf('80 80c8 c04003 f8fffe')), null, 'unknown flags of the length');
  t.equal(readVoicePacket('protobuf', bytesOf('00 0800 20c801')), null, 'no Opus');
  t.equal(readVoicePacket('protobuf', bytesOf('00 0800 2a00')), null, 'empty Opus');
  t.equal(readVoicePacket('protobuf', bytesOf('02 0800 2a01f8')), null, 'another type');
  t.equal(readVoicePacket('protobuf', bytesOf('00 20ffffffffffffffffff01 2a01f8')), null, 'a frame number above 2^53');
  for (const format of ['old', 'protobuf'] as const) {
    const packet = written(format, VOICE);
    for (let length = 0; length < packet.length; length++)
      t.equal(readVoicePacket(format, packet.subarray(0, length)), null, `${format}, ${length} bytes`);
  }
});

test('pings are known by their first byte', async (t) => {
  t.ok(isPing('old', bytesOf('2001')));
  t.notOk(isPing('old', bytesOf('8001')));
  t.ok(isPing('protobuf', bytesOf('010801')));
  t.notOk(isPing('protobuf', bytesOf('0008')));
  t.notOk(isPing('protobuf', bytesOf('20')));
  t.notOk(isPing('old', bytesOf('')));
});

test('no input throws', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isFromServer) => {
      for (const format of ['old', 'protobuf'] as const) readVoicePacket(format, bytes, isFromServer);
    }),
  );
  t.end();
});
