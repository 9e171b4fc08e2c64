import opus from '@discordjs/opus';
import fc from 'fast-check';
import { test } from 'tap';
import {
  concealmentToc,
  isDtx,
  isSpeechFrame,
  packetSamples,
  SILENCE_PACKET,
  SILENCE_REFRESH_PACKET,
} from '../../src/formats/opus-packet.ts';
import { opusCodec } from '../../src/mixer/codec/opus.ts';
import { cases } from '../helpers/cases.ts';
import { createPrng } from '../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 4101);

/** What libopus makes of a packet: samples, or 0 if it refuses the packet. */
function libopusSamples(decoder: InstanceType<typeof opus.OpusEncoder>, packet: Uint8Array): number {
  try {
    return decoder.decode(Buffer.from(packet)).length / 2;
  } catch {
    return 0;
  }
}

test('every configuration has the same duration as in libopus', async (t) => {
  const decoder = new opus.OpusEncoder(48_000, 1);
  for (let config = 0; config < 32; config++) {
    for (const stereo of [0, 4]) {
      const toc = (config << 3) | stereo;
      // One frame, two of equal size, two of different sizes, and three, made of bytes that any mode can decode.
      const packets = [
        [toc, 1, 2, 3, 4],
        [toc | 1, 1, 2, 3, 4, 5, 6],
        [toc | 2, 2, 1, 2, 3, 4, 5],
        [toc | 3, 2, 1, 2, 3, 4, 5, 6],
      ].map((bytes) => Uint8Array.from(bytes));
      for (const packet of packets) {
        t.equal(
          packetSamples(packet),
          libopusSamples(decoder, packet),
          `configuration ${config}, code ${packet[0]! & 3}`,
        );
      }
    }
  }
});

test('real packets of every duration are measured at the duration they were encoded with', async (t) => {
  for (const application of [2048, 2051]) {
    for (const samples of [120, 240, 480, 960, 1920, 2880]) {
      const encoder = new opus.OpusEncoder(48_000, 1);
      encoder.applyEncoderCTL(4000, application);
      encoder.applyEncoderCTL(4040, 5000 + [120, 240, 480, 960, 1920, 2880].indexOf(samples) + 1);
      const pcm = Buffer.alloc(5760 * 2);
      for (let i = 0; i < 5760; i++) pcm.writeInt16LE(Math.round(8000 * Math.sin(i / 20)), 2 * i);
      const packet = encoder.encode(pcm.subarray(0, samples * 2));
      t.equal(packetSamples(packet), samples, `${samples} samples by application ${application}`);
    }
  }
});

test('for any bytes: libopus refuses whatever we refuse, and decodes the rest to the length we report', async (t) => {
  t.comment(`SEED=${SEED}`);
  const decoder = new opus.OpusEncoder(48_000, 1);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (packet) => {
      const ours = packetSamples(packet);
      const theirs = libopusSamples(decoder, packet);
      if (ours === 0) return theirs === 0;
      return ours <= 5760 && (theirs === 0 || theirs === ours);
    }),
    { seed: SEED, numRuns: cases(3000) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1200, max: 4000 }), (toc, length) => {
      const packet = new Uint8Array(length).fill(7);
      packet[0] = toc;
      const ours = packetSamples(packet);
      const theirs = libopusSamples(decoder, packet);
      return ours === 0 ? theirs === 0 : theirs === 0 || theirs === ours;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.equal(packetSamples(new Uint8Array(0)), 0, 'an empty packet is not a packet');
});

test('the packet made from one concealment byte lasts 20 ms in the mode of the last packet', async (t) => {
  const mode = (toc: number) => {
    const config = toc >> 3;
    return config < 12
      ? `silk ${config >> 2}`
      : config < 16
        ? `hybrid ${(config >> 1) & 1}`
        : `celt ${(config >> 2) & 3}`;
  };
  const wrong = [];
  for (let toc = 0; toc < 256; toc++) {
    const conceal = concealmentToc(toc);
    const same = mode(conceal) === mode(toc) && (conceal & 4) === (toc & 4);
    if (packetSamples(Uint8Array.of(conceal)) !== 960 || !same) wrong.push(toc);
  }
  t.same(wrong, [], 'mode, bandwidth and channels stay');
});

test('one or two bytes are discontinuous transmission, but a silence packet is not', async (t) => {
  t.ok(isDtx(Uint8Array.of(0x78)));
  t.ok(isDtx(Uint8Array.of(0x78, 0)));
  t.notOk(isDtx(Uint8Array.of(0x78, 0, 0)));
  t.notOk(isDtx(SILENCE_PACKET));
  t.equal(packetSamples(SILENCE_PACKET), 960);
  t.equal(packetSamples(SILENCE_REFRESH_PACKET), 960);
});

test('speech frames are single mono frames of 20 ms in SILK or hybrid mode, and nothing else', async (t) => {
  const body = new Array<number>(60).fill(7);
  const accepted: number[] = [];
  for (let toc = 0; toc < 256; toc++) if (isSpeechFrame(Uint8Array.of(toc, ...body))) accepted.push(toc);
  t.strictSame(accepted, [8, 40, 72, 104, 120]);
  t.notOk(isSpeechFrame(Uint8Array.of()), 'empty');
  t.notOk(isSpeechFrame(Uint8Array.of(120, 1)), 'silence');
  t.ok(isSpeechFrame(Uint8Array.of(120, ...new Array<number>(1275).fill(1))));
  t.notOk(isSpeechFrame(Uint8Array.of(120, ...new Array<number>(1276).fill(1))), 'too long');
});

test('whatever is in a speech frame, the decoder accepts it', async (t) => {
  const prng = createPrng(SEED);
  t.comment(`SEED=${SEED}`);
  for (const toc of [8, 40, 72, 104, 120]) {
    const decoder = opusCodec.createDecoder();
    for (let n = 0; n < 200; n++) {
      const packet = Uint8Array.from({ length: 3 + Math.floor(prng() ** 2 * 300) }, (_, i) =>
        i === 0 ? toc : Math.floor(prng() * 256),
      );
      if (!isSpeechFrame(packet)) t.fail('not a speech frame');
      if (decoder.decode(packet)?.length !== 960) t.fail(`refused: ${packet.join()}`);
    }
  }
});
