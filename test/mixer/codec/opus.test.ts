import opus from '@discordjs/opus';
import fc from 'fast-check';
import { test } from 'tap';
import {
  concealmentToc,
  packetSamples,
  SILENCE_PACKET,
  SILENCE_REFRESH_PACKET,
} from '../../../src/formats/opus-packet.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { cases } from '../../helpers/cases.ts';
import { findDelay, rms, segmentalSnrDb, toInt16 } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const SEED = Number(process.env['SEED'] ?? 4102);
const VOICE = toInt16(voiced(SEED, 1));
const frame = (n: number) => VOICE.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES);
const SETTINGS = { bitrate: 48_000, complexity: 10 };

/** Packets of one sender in each mode, bandwidth, frame size and channel count that browsers can send. */
function everyMode(): { readonly name: string; readonly packets: Buffer[] }[] {
  const modes = [];
  for (const channels of [1, 2]) {
    for (const mode of [1000, 1001, 1002]) {
      for (const samples of [120, 480, 960, 1920, 2880]) {
        if (mode !== 1002 && samples < 480) continue;
        const encoder = new opus.OpusEncoder(48_000, channels);
        encoder.applyEncoderCTL(4000, mode === 1002 ? 2051 : 2048);
        if (mode !== 1002) encoder.applyEncoderCTL(11002, mode);
        encoder.setBitrate(32_000);
        const pcm = new Int16Array(samples * channels);
        const packets = Array.from({ length: 4 }, (_, n) => {
          for (let i = 0; i < samples; i++) pcm.fill(VOICE[n * samples + i]!, i * channels, (i + 1) * channels);
          return encoder.encode(Buffer.from(pcm.buffer));
        });
        modes.push({ name: `mode ${mode}, ${samples} samples, ${channels} channels`, packets });
      }
    }
  }
  return modes;
}

test('speech comes out as it went in, 2.5 ms later', async (t) => {
  const encoder = opusCodec.createEncoder();
  encoder.configure(SETTINGS);
  const decoder = opusCodec.createDecoder();
  const decoded = new Int16Array(VOICE.length);
  for (let n = 0; n < 50; n++) decoded.set(decoder.decode(encoder.encode(frame(n)))!, n * FRAME_SAMPLES);
  const delay = findDelay(VOICE, decoded, 0, 500).samples;
  t.equal(delay, 120);
  t.ok(segmentalSnrDb(VOICE.subarray(0, -delay), decoded.subarray(delay)) > 11, 'clearly the same');
});

test('the encoder sends CELT only, at about the requested bitrate', async (t) => {
  for (const bitrate of [40_000, 48_000]) {
    const encoder = opusCodec.createEncoder();
    encoder.configure({ bitrate, complexity: 5 });
    let bytes = 0;
    for (let n = 0; n < 50; n++) {
      const packet = encoder.encode(frame(n));
      bytes += packet.length;
      t.ok(packet[0]! >> 3 >= 16, 'CELT');
      t.equal(packetSamples(packet), FRAME_SAMPLES);
    }
    t.ok(Math.abs((bytes * 8) / bitrate - 1) < 0.35, `${bytes * 8} bits in a second, ${bitrate} requested`);
  }
});

test('packets belong to the caller, and later frames do not change them', async (t) => {
  const encoder = opusCodec.createEncoder();
  encoder.configure(SETTINGS);
  const first = encoder.encode(frame(3));
  const copy = Buffer.from(first);
  for (let n = 4; n < 20; n++) encoder.encode(frame(n));
  t.same(first, copy);
});

test('a reset leaves nothing of earlier audio', async (t) => {
  const fresh = opusCodec.createEncoder();
  fresh.configure(SETTINGS);
  const used = opusCodec.createEncoder();
  used.configure({ bitrate: 32_000, complexity: 3 });
  for (let n = 0; n < 20; n++) used.encode(frame(n));
  used.configure(SETTINGS);
  used.reset();
  const decoders = [opusCodec.createDecoder(), opusCodec.createDecoder()];
  decoders[1]!.decode(fresh.encode(frame(40)));
  fresh.reset();
  decoders[1]!.reset();
  for (let n = 20; n < 30; n++) {
    const packets = [fresh.encode(frame(n)), used.encode(frame(n))];
    t.same(packets[1], packets[0], `packet ${n}`);
    t.same(decoders[1]!.decode(packets[1]!), decoders[0]!.decode(packets[0]!), `sound ${n}`);
  }
});

test('concealment produces exactly one frame after a packet of any mode, and on a fresh decoder', async (t) => {
  t.equal(opusCodec.createDecoder().conceal()?.length, FRAME_SAMPLES, 'fresh');
  for (const { name, packets } of everyMode()) {
    const decoder = opusCodec.createDecoder();
    for (const packet of packets) t.equal(decoder.decode(packet)?.length, packetSamples(packet), name);
    for (let n = 0; n < 8; n++) t.equal(decoder.conceal()?.length, FRAME_SAMPLES, `${name}, concealed frame ${n}`);
    t.equal(decoder.decode(packets[0]!)?.length, packetSamples(packets[0]!), `${name}, goes on`);
  }
});

test('a frame is concealed in the mode of the last packet', async (t) => {
  for (const { name, packets } of everyMode()) {
    const decoder = opusCodec.createDecoder();
    const plain = new opus.OpusEncoder(48_000, 1);
    for (const packet of packets) {
      const asked = Buffer.of(concealmentToc(packet[0]!));
      for (const bytes of [packet, asked, asked]) {
        const expected = plain.decode(bytes);
        const pcm = bytes === asked ? decoder.conceal() : decoder.decode(bytes);
        if (!Buffer.from(pcm!.buffer, pcm!.byteOffset, pcm!.byteLength).equals(expected)) t.fail(name);
      }
    }
  }
});

test('the first concealed frame continues the voice', async (t) => {
  const encoder = opusCodec.createEncoder();
  encoder.configure(SETTINGS);
  const decoder = opusCodec.createDecoder();
  let level = 0;
  for (let n = 0; n < 6; n++) level = rms(decoder.decode(encoder.encode(frame(n)))!);
  const concealed = rms(decoder.conceal()!);
  t.ok(concealed > level / 3 && concealed < level * 2, `${concealed} after ${level}`);
});

test('silence packets decode to exact silence after speech in any mode', async (t) => {
  for (const { name, packets } of everyMode()) {
    const decoder = opusCodec.createDecoder();
    for (const packet of packets) decoder.decode(packet);
    decoder.decode(SILENCE_PACKET);
    decoder.decode(SILENCE_PACKET);
    const rest = [SILENCE_PACKET, SILENCE_REFRESH_PACKET, SILENCE_REFRESH_PACKET].map(
      (packet) => decoder.decode(packet)!,
    );
    t.ok(
      rest.every((pcm) => pcm.length === FRAME_SAMPLES && pcm.every((sample) => sample === 0)),
      name,
    );
  }
  const encoder = opusCodec.createEncoder();
  encoder.configure(SETTINGS);
  const decoder = opusCodec.createDecoder();
  for (let n = 0; n < 10; n++) decoder.decode(encoder.encode(frame(n)));
  const tail = decoder.decode(SILENCE_PACKET)!;
  t.ok(
    tail.subarray(300).every((sample) => sample === 0),
    'after our own encoder the tail ends within 6 ms',
  );
});

test('no bytes make a decoder throw, and good packets decode after any', async (t) => {
  t.comment(`SEED=${SEED}`);
  const good = everyMode().flatMap(({ packets }) => packets);
  const mutated = fc
    .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 6 }), fc.nat(300))
    .map(([packet, changes, length]) => {
      const bytes = Uint8Array.from(packet);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes.subarray(0, Math.max(1, length));
    });
  const decoder = opusCodec.createDecoder();
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), fc.constantFrom(...good), (bytes, packet) => {
      const samples = packetSamples(bytes);
      const pcm = decoder.decode(bytes);
      return (
        (pcm === undefined || pcm.length === samples) &&
        decoder.conceal()?.length === FRAME_SAMPLES &&
        decoder.decode(packet)?.length === packetSamples(packet)
      );
    }),
    { seed: SEED, numRuns: cases(1000) },
  );
});

test('packets are those of libopus with the settings that are asked for, also after they change', async (t) => {
  const plain = new opus.OpusEncoder(48_000, 1);
  plain.applyEncoderCTL(4000, 2051);
  const encoder = opusCodec.createEncoder();
  const settings = [
    { bitrate: 24_000, complexity: 0 },
    { bitrate: 24_000, complexity: 10 },
    { bitrate: 64_000, complexity: 10 },
    { bitrate: 64_000, complexity: 3 },
  ];
  for (const [i, { bitrate, complexity }] of settings.entries()) {
    encoder.configure({ bitrate, complexity });
    // The same again changes nothing.
    if (i % 2 === 1) encoder.configure({ bitrate, complexity });
    plain.setBitrate(bitrate);
    plain.applyEncoderCTL(4010, complexity);
    for (let n = 5 * i; n < 5 * i + 5; n++) {
      const expected = plain.encode(Buffer.from(Int16Array.from(frame(n)).buffer));
      if (!Buffer.from(encoder.encode(frame(n))).equals(expected)) t.fail(`frame ${n}, ${bitrate} b/s, ${complexity}`);
    }
  }
});

test('after a reset only the first packet depends on nothing', async (t) => {
  const encoder = opusCodec.createEncoder();
  encoder.configure(SETTINGS);
  const plain = new opus.OpusEncoder(48_000, 1);
  plain.applyEncoderCTL(4000, 2051);
  plain.setBitrate(SETTINGS.bitrate);
  plain.applyEncoderCTL(4010, SETTINGS.complexity);
  const isSame = (n: number) =>
    plain.encode(Buffer.from(Int16Array.from(frame(n)).buffer)).equals(Buffer.from(encoder.encode(frame(n))));
  for (let n = 0; n < 5; n++) t.ok(isSame(n), `${n}`);
  encoder.reset();
  plain.applyEncoderCTL(4028, 0);
  plain.applyEncoderCTL(4042, 1);
  t.ok(isSame(5), 'the first');
  plain.applyEncoderCTL(4042, 0);
  for (let n = 6; n < 12; n++) t.ok(isSame(n), `${n}`);
});
