import opus from '@discordjs/opus';
import { test } from 'tap';
import type { Codec } from '../../../src/mixer/codec/codec.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import type { SourceOptions } from '../../../src/mixer/source/source-options.ts';
import { TalkerLimit } from '../../../src/mixer/source/talker-limit.ts';
import { createFrameDecoder, createFrameEncoder } from '../../helpers/opus.ts';
import { HYBRID, PlainCodec } from '../../helpers/plain-codec.ts';
import { clickRatio, concatInt16, rms, rmsDbfs, roundToInt16, toInt16, tone } from '../../helpers/signal.ts';
import { voiced } from '../../helpers/voiced.ts';

const TONE = toInt16(tone({ frequencyHz: 1000, samples: 48_000, amplitude: 0.3 }));
const frameOf = (sound: Int16Array, n: number) => {
  const at = (n % (sound.length / FRAME_SAMPLES)) * FRAME_SAMPLES;
  return sound.subarray(at, at + FRAME_SAMPLES);
};

/** A source whose packets are pushed just before the tick in which they are due. */
class Line {
  readonly pool: CodecPool;
  readonly source: Source;
  readonly heard: Int16Array[] = [];
  #n = 0;
  #timestamp = 1000;

  constructor(codec: Codec, { muted = false, ...options }: SourceOptions & { muted?: boolean } = {}) {
    this.pool = new CodecPool(codec, () => 0);
    this.source = new Source(this.pool, muted, options);
  }

  push(payload: Uint8Array, atMs: number, levelDbov: number | null = -20, samples = FRAME_SAMPLES): void {
    const packet = {
      sequenceNumber: this.#n++ & 0xffff,
      timestamp: this.#timestamp,
      payload,
      levelDbov,
      redundant: false,
    };
    this.#timestamp += samples;
    this.source.push(packet, atMs);
  }

  /** From now on the sender sends another stream. */
  restart(sequenceNumber: number, timestamp: number): void {
    this.#n = sequenceNumber;
    this.#timestamp = timestamp;
    this.source.restart();
  }

  /** A packet of the sender that never arrives. */
  lose(samples = FRAME_SAMPLES): void {
    this.#n++;
    this.#timestamp += samples;
  }

  /** The sender is silent for one frame. */
  rest(): void {
    this.#timestamp += FRAME_SAMPLES;
  }

  read(nowMs: number): boolean {
    const sounds = this.source.read(nowMs);
    this.heard.push(sounds ? roundToInt16(this.source.frame.samples) : new Int16Array(FRAME_SAMPLES));
    return sounds;
  }
}

test('a silent source is not decoded, however long, and a speaking one is', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  for (let n = 0; n < 500; n++) {
    line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS, n % 2 === 0 ? -127 : -70);
    line.read(n * PTIME_MS);
  }
  t.ok(line.heard.every((frame) => rms(frame) === 0));
  t.equal(line.pool.counters.framesDecoded, 0);
  t.equal(line.pool.decodersInUse, 0);
  for (let n = 500; n < 550; n++) {
    line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS);
    line.read(n * PTIME_MS);
  }
  t.ok(line.pool.counters.framesDecoded >= 47);
  t.equal(line.pool.decodersInUse, 1);
});

test('a muted source costs no decoding, fades out within a frame and comes back with the next word', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  const run = (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS);
      line.read(n * PTIME_MS);
    }
  };
  run(0, 50);
  line.source.setMuted(true);
  run(50, 52);
  t.ok(rms(line.heard[50]!) > 0 && Math.abs(line.heard[50]!.at(-1)!) < 50, 'fades');
  t.equal(rms(line.heard[51]!), 0);
  t.notOk(line.source.speaking);
  const { framesDecoded } = line.pool.counters;
  run(52, 150);
  t.equal(line.pool.counters.framesDecoded, framesDecoded);
  t.equal(line.pool.decodersInUse, 0);
  line.source.setMuted(false);
  run(150, 200);
  t.ok(rms(line.heard[152]!) > 0.15);
  const all = concatInt16(line.heard);
  t.ok(clickRatio(all, 2, all.length, TONE) < 1.4, 'without a click');
});

test('each new stream sounds as if it were the first, wherever its numbers begin, and without a click', async (t) => {
  const line = new Line(opusCodec);
  const frames = 40;
  // Behind the previous stream, a little ahead, far ahead, the same again, and across the wrap.
  const starts = [0, -3, 4, -900, 900, -30_000, 0, 17, -1, 65_530].map((step, i) => 1000 + i * 50 + step);
  for (const [change, start] of starts.entries()) {
    if (change > 0) line.restart(start & 0xffff, (start * FRAME_SAMPLES) >>> 0);
    const encode = createFrameEncoder();
    for (let n = 0; n < frames; n++) {
      const at = change * frames + n;
      // The sender's microphone fades in, or the click would be the sender's own.
      const frame = frameOf(TONE, at).map((sample, i) => (n === 0 ? (sample * i) / FRAME_SAMPLES : sample));
      line.push(encode(frame), at * PTIME_MS);
      line.read(at * PTIME_MS);
    }
    const heard = line.heard.slice(change * frames + 10);
    t.ok(
      heard.every((frame) => rms(frame) > 0.15),
      `stream ${change} sounds`,
    );
  }
  t.equal(line.pool.decodersInUse, 1);
  const { packetsLost, packetsLate, packetsDuplicate, packetsDiscarded } = line.pool.counters;
  t.strictSame(
    [packetsLost, packetsLate, packetsDuplicate, packetsDiscarded],
    [0, 0, 0, 0],
    'no stream counts for another',
  );
  const all = concatInt16(line.heard);
  t.ok(clickRatio(all, 2, all.length, TONE) < 1.4);
});

test('decoding earlier packets primes the decoder: the first word sounds as if it had always been decoding', async (t) => {
  const voice = toInt16(voiced(31, 4));
  const murmur = voice.map((value) => Math.round(value * 0.005));
  let lossDb = 0;
  let withoutDb = 0;
  let points = 0;
  for (let start = 20; start < 180; start += 23) {
    const encode = createFrameEncoder();
    const decode = createFrameDecoder();
    const fresh = createFrameDecoder();
    const line = new Line(opusCodec);
    const continuous: Int16Array[] = [];
    const unprepared: Int16Array[] = [];
    for (let n = 0; n < start + 10; n++) {
      const packet = encode(frameOf(n < start ? murmur : voice, n));
      continuous.push(decode(packet));
      unprepared.push(n < start ? new Int16Array(FRAME_SAMPLES) : fresh(packet));
      line.push(packet, n * PTIME_MS, n < start ? -66 : -21);
      line.read(n * PTIME_MS + 19);
    }
    // Whatever delay the buffer adds, the first frame with sound is packet `start`.
    const first = line.heard.findIndex((frame) => rms(frame) > 0);
    const snr = (frame: Int16Array, wanted: Int16Array) => {
      let [signal, noise] = [0, 0];
      // The fade-in takes the first 5 ms.
      for (let i = 240; i < FRAME_SAMPLES; i++) {
        signal += wanted[i]! ** 2;
        noise += (wanted[i]! - frame[i]!) ** 2;
      }
      return Math.min(40, 10 * Math.log10(signal / Math.max(noise, 1e-9)));
    };
    lossDb += snr(line.heard[first]!, continuous[start]!);
    withoutDb += snr(unprepared[start]!, continuous[start]!);
    points++;
  }
  t.comment(`${(lossDb / points).toFixed(1)} dB with, ${(withoutDb / points).toFixed(1)} dB without`);
  t.ok(lossDb / points > 30, `${(lossDb / points).toFixed(1)} dB`);
  t.ok(lossDb / points > withoutDb / points + 3, 'better than a fresh decoder');
});

test('a speaker who is cut off fades out within 100 ms, then costs nothing', async (t) => {
  for (const codec of [new PlainCodec(), undefined]) {
    const encode =
      codec === undefined ? createFrameEncoder({ application: 'lowDelay' }) : (pcm: Int16Array) => codec.encode(pcm);
    const line = new Line(codec ?? opusCodec);
    for (let n = 0; n < 120; n++) {
      if (n < 50) line.push(encode(frameOf(TONE, n)), n * PTIME_MS);
      line.read(n * PTIME_MS);
    }
    const after = line.heard.slice(50).map(rms);
    t.ok(after[0]! > 0.1, 'continues at first');
    t.ok(
      after.slice(7).every((level) => level === 0),
      'is over',
    );
    t.ok(line.pool.counters.framesConcealed <= 6, `${line.pool.counters.framesConcealed} frames concealed`);
    const all = concatInt16(line.heard.slice(2));
    t.ok(clickRatio(all, 50, all.length, TONE) < 1.4, 'without a click');
    t.equal(line.pool.decodersInUse, 0);
    t.notOk(line.source.awake);
    t.notOk(line.source.speaking);
  }
});

test('a lost packet in mid-word is concealed without a click', async (t) => {
  const encode = createFrameEncoder({ application: 'lowDelay', bitsPerSecond: 64_000 });
  const line = new Line(opusCodec);
  for (let n = 0; n < 100; n++) {
    const packet = encode(frameOf(TONE, n));
    if (n % 10 === 5) line.lose();
    else line.push(packet, n * PTIME_MS);
    line.read(n * PTIME_MS);
  }
  t.equal(line.pool.counters.packetsLost, 10);
  t.ok(Math.abs(line.pool.counters.framesConcealed - 10) <= 1);
  const sound = concatInt16(line.heard.slice(3));
  t.ok(clickRatio(sound, 50, sound.length, TONE) < 1.6);
  t.ok(
    line.heard.slice(3).every((frame) => rms(frame) > 0.05),
    'no hole',
  );
});

for (const samples of [480, 960, 1920, 2880, 5760]) {
  test(`packets of ${samples / 48} ms are played exactly once, without gaps`, async (t) => {
    const encoder = new opus.OpusEncoder(48_000, 1);
    encoder.applyEncoderCTL(4000, 2051);
    encoder.setBitrate(96_000);
    const sound = toInt16(voiced(41, 3));
    const line = new Line(opusCodec);
    // A packet arrives when the last of its sound has been spoken.
    let sent = 0;
    for (let tick = 0; tick < 140; tick++) {
      const nowMs = tick * PTIME_MS;
      for (; (sent + samples) / 48 <= nowMs; sent += samples) {
        const frames = [];
        // The binding encodes 60 ms at most, so longer packets are assembled from 20 ms frames (RFC 6716 section
        // 3.2.5).
        for (let at = sent; at < sent + samples; at += Math.min(samples, FRAME_SAMPLES)) {
          frames.push(encoder.encode(Buffer.from(sound.slice(at, at + Math.min(samples, FRAME_SAMPLES)).buffer)));
        }
        line.push(joinFrames(frames), (sent + samples) / 48, -20, samples);
      }
      line.read(nowMs);
    }
    const heard = concatInt16(line.heard);
    const start = heard.findIndex((sample) => Math.abs(sample) > 0);
    const from = Math.floor(start / 480) * 480;
    let [signal, noise] = [0, 0];
    for (let i = from + 2000; i < heard.length - 6000; i++) {
      const wanted = sound[i - from - 120]!;
      signal += wanted ** 2;
      noise += (wanted - heard[i]!) ** 2;
    }
    const snr = 10 * Math.log10(signal / noise);
    t.ok(snr > 12, `${snr.toFixed(1)} dB against the original, ${from / 48} ms later`);
    t.equal(line.pool.counters.framesConcealed + line.pool.counters.packetsLost, 0);
  });
}

/** One packet of several frames of one configuration, each with its length (code 3, VBR). */
function joinFrames(frames: readonly Buffer[]): Buffer {
  if (frames.length === 1) return frames[0]!;
  const toc = frames[0]![0]! | 3;
  const lengths = frames.slice(0, -1).flatMap((frame) => {
    const bytes = frame.length - 1;
    return bytes < 252 ? [bytes] : [252 + ((bytes - 252) & 3), (bytes - 252 - ((bytes - 252) & 3)) >> 2];
  });
  return Buffer.concat([
    Buffer.from([toc, 0x80 | frames.length, ...lengths]),
    ...frames.map((frame) => frame.subarray(1)),
  ]);
}

test('a sender without levels is heard when it speaks, and not when it is silent', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  const silence = new Int16Array(FRAME_SAMPLES);
  for (let n = 0; n < 150; n++) {
    line.push(codec.encode(n < 50 || n >= 100 ? silence : frameOf(TONE, n)), n * PTIME_MS, null);
    const sounds = line.read(n * PTIME_MS);
    if (n < 49) t.equal(sounds, false);
    if (n > 52 && n < 99) t.ok(sounds && line.source.speaking);
    if (n > 120) t.notOk(sounds || line.source.speaking);
  }
});

test('excess delay disappears in the pauses of a voice, without a click', async (t) => {
  for (const packetMs of [20, 60]) {
    const codec = new PlainCodec();
    const real = createPacketsOf(packetMs);
    const line = new Line(packetMs === 20 ? codec : opusCodec);
    const arrivals: { atMs: number; payload: Uint8Array; level: number }[] = [];
    const ticks = 600;
    const stallEnd = packetMs === 20 ? 2080 : 2140;
    for (let at = 0; at < ticks * PTIME_MS; at += packetMs) {
      // 140 ms of speech, then 100 ms of near silence, with a stall after two seconds.
      const loud = at % 240 < 140;
      const pcm = new Int16Array(packetMs * 48);
      for (let i = 0; i < pcm.length; i++) pcm[i] = TONE[(at * 48 + i) % 48_000]! * (loud ? 1 : 0.002);
      const payload = packetMs === 20 ? codec.encode(pcm) : real(pcm);
      const atMs = at + packetMs;
      arrivals.push({ atMs: atMs > 2000 && atMs < stallEnd ? stallEnd : atMs, payload, level: loud ? -14 : -68 });
    }
    const delays: number[] = [];
    for (let tick = 0; tick < ticks; tick++) {
      while (arrivals[0] !== undefined && arrivals[0].atMs <= tick * PTIME_MS) {
        const { atMs, payload, level } = arrivals.shift()!;
        line.push(payload, atMs, level, packetMs * 48);
      }
      line.read(tick * PTIME_MS);
      delays.push(line.source.jitterBufferDelayMs);
    }
    const after = Math.max(...delays.slice(104, 118));
    t.ok(after >= 60, `${packetMs}: ${after} ms after the stall`);
    t.ok(delays.at(-1)! <= 45, `${packetMs}: ${delays.at(-1)} ms at the end`);
    if (packetMs === 20) {
      const before = concatInt16(line.heard.slice(10, 99));
      const rest = concatInt16(line.heard.slice(110));
      t.ok(clickRatio(rest, 2, rest.length, before) < 1.3, 'no click');
    }
  }
});

test('a voice without pauses keeps an excess delay for three seconds while its packets are passed on', async (t) => {
  const shortenedAfterMs = (mayPass: boolean) => {
    const codec = new PlainCodec(HYBRID);
    const line = new Line(codec);
    const passed: boolean[] = [];
    for (let tick = 0; tick < 400; tick++) {
      // The first packets come in two bursts, so the delay is longer than what the even ones after them need.
      const due = tick === 3 ? 4 : tick < 3 ? 0 : 1;
      for (let n = 0; n < due; n++) line.push(codec.encode(frameOf(TONE, tick)), tick * PTIME_MS, -14);
      line.source.read(tick * PTIME_MS, mayPass);
      passed.push(line.source.passed !== undefined);
      if (line.pool.counters.timeStretches > 0) return { ms: tick * PTIME_MS, passed: passed.filter(Boolean).length };
    }
    return undefined;
  };
  const decoded = shortenedAfterMs(false);
  const passedOn = shortenedAfterMs(true);
  t.equal(passedOn!.ms - decoded!.ms, 2500 + PTIME_MS, 'and is decoded from the next tick on');
  t.ok(passedOn!.passed > 140, `${passedOn!.passed} packets were passed on before`);
});

test('a frame dropped from the background is cross-faded', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  // 20 ms hold half a cycle more than a whole number, so every dropped frame inverts the tone.
  const background = tone({ frequencyHz: 1025, samples: 48_000, amplitude: 0.001 });
  let pushed = 0;
  for (let tick = 0; tick < 450; tick++) {
    // Something loud now and then keeps the source active. 80 ms of packets arrive late, together.
    const due = tick >= 50 && tick < 54 ? pushed : tick + 1;
    for (; pushed < due; pushed++) {
      const gain = pushed % 14 === 0 ? 200 : 1;
      const pcm = background.subarray((pushed % 50) * FRAME_SAMPLES).subarray(0, FRAME_SAMPLES);
      line.push(codec.encode(toInt16(pcm.map((sample) => sample * gain))), tick * PTIME_MS, gain > 1 ? -17 : -63);
    }
    line.read(tick * PTIME_MS);
  }
  t.ok(line.source.jitterBufferDelayMs < 60, 'frames were dropped');
  const quiet = (n: number) => line.heard[n] !== undefined && rms(line.heard[n]!) < 0.002 && rms(line.heard[n]!) > 0;
  let sharpest = 0;
  for (let n = 60; n < 450; n++) {
    if (!quiet(n - 1) || !quiet(n)) continue;
    const pair = concatInt16([line.heard[n - 1]!, line.heard[n]!]);
    for (let i = 2; i < pair.length; i++) {
      sharpest = Math.max(sharpest, Math.abs(pair[i]! - 2 * pair[i - 1]! + pair[i - 2]!));
    }
  }
  t.comment(sharpest, line.source.jitterBufferDelayMs);
  t.ok(sharpest > 0 && sharpest < 15, `second difference of ${sharpest} steps in a tone of 33`);
});

function createPacketsOf(packetMs: number): (pcm: Int16Array) => Buffer {
  const encode = createFrameEncoder({ application: 'lowDelay' });
  return (pcm) =>
    joinFrames(
      Array.from({ length: packetMs / PTIME_MS }, (_, i) =>
        encode(pcm.slice(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)),
      ),
    );
}

test('an undecodable packet is concealed for as long as it would have lasted', async (t) => {
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const line = new Line(opusCodec);
  for (let n = 0; n < 60; n++) {
    const packet = encode(frameOf(TONE, n));
    // Two frames of which the first is longer than the packet.
    if (n === 30) line.push(Uint8Array.of(packet[0]! | 2, 200, 1, 2), n * PTIME_MS, -20, 2 * FRAME_SAMPLES);
    else if (n !== 31) line.push(packet, n * PTIME_MS);
    line.read(n * PTIME_MS);
  }
  t.equal(line.pool.counters.packetsDiscarded, 1);
  t.equal(line.pool.counters.framesConcealed, 2);
  t.equal(line.pool.counters.packetsLost, 0);
});

test('close gives the decoder back, and closing twice is harmless', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  for (let n = 0; n < 10; n++) {
    line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS);
    line.read(n * PTIME_MS);
  }
  t.equal(line.pool.decodersInUse, 1);
  line.source.close();
  line.source.close();
  t.equal(line.pool.decodersInUse, 0);
});

/** Sends and reads frames `from` to `to` of the tone, each at the level that it claims. */
function talk(line: Line, codec: PlainCodec, from: number, to: number, levelDbov: number | null = -14): void {
  for (let n = from; n < to; n++) {
    line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS, levelDbov);
    line.read(n * PTIME_MS);
  }
}

test('an audible participant is a speaker and, once decoded, a proven one, until they are muted', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  const { source } = line;
  t.notOk(source.speaking || source.isProvenSpeaker || source.sounding || source.awake);
  t.same([source.levelDbov, source.loudnessDbov], [-127, -60]);
  talk(line, codec, 0, 20);
  t.ok(source.speaking && source.isProvenSpeaker && source.sounding && source.awake);
  t.ok(Math.abs(source.levelDbov + 14) < 1 && Math.abs(source.loudnessDbov + 14) < 3);
  source.setMuted(true);
  t.notOk(source.speaking || source.isProvenSpeaker);
  t.ok(source.sounding && source.awake, 'the last frame has yet to fade out');
});

test('a muted participant shows no level, whatever their packets claim', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec, { muted: true });
  talk(line, codec, 0, 50);
  t.same([line.source.levelDbov, line.source.loudnessDbov], [-127, -60]);
  t.equal(line.pool.counters.packetsChecked, 0, 'nor is it checked');
});

test('DTX packets are neither speech nor a lie, whatever they claim', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  let n = 0;
  for (let spurt = 0; spurt < 10; spurt++) {
    talk(line, codec, n, n + 20);
    n += 20;
    for (let i = 0; i < 30; i++, n++) {
      line.push(Uint8Array.of(0xf8), n * PTIME_MS, -14);
      line.read(n * PTIME_MS);
    }
    t.notOk(line.source.speaking);
  }
  // Every packet of a sender caught lying would be decoded.
  const { framesDecoded, packetsChecked } = line.pool.counters;
  talk(line, codec, n, n + 10, -70);
  t.equal(line.pool.counters.framesDecoded, framesDecoded);
  t.ok(line.pool.counters.packetsChecked <= packetsChecked + 1);
});

test('a restarted stream is decoded by a decoder with no memory of the one before', async (t) => {
  const codec = new PlainCodec();
  const decoded: (Uint8Array | 'reset')[] = [];
  const spy: Codec = {
    createEncoder: () => codec.createEncoder(),
    createDecoder: () => {
      const decoder = codec.createDecoder();
      return {
        conceal: decoder.conceal,
        reset: () => {
          decoded.push('reset');
          decoder.reset();
        },
        decode: (packet) => {
          decoded.push(packet);
          return decoder.decode(packet);
        },
      };
    },
  };
  const line = new Line(spy);
  talk(line, codec, 0, 30);
  line.restart(7000, 123_456);
  const before = decoded.length;
  talk(line, codec, 30, 60);
  t.equal(decoded[before], 'reset');
  t.equal(decoded.filter((one) => one === 'reset').length, 2, 'once for each stream');
  t.equal(line.pool.decodersInUse, 1);
});

test('an admitted talker does not ask again, so that somebody louder need not wait for them', async (t) => {
  const codec = new PlainCodec();
  const limit = new TalkerLimit(2);
  const pool = new CodecPool(codec, () => 0);
  const quiet = toInt16(tone({ frequencyHz: 700, samples: 48_000, amplitude: 0.02 }));
  const people = [quiet, quiet, TONE].map((sound) => ({
    sound,
    source: new Source(pool, false, { talkerLimit: limit }),
  }));
  const run = (from: number, to: number, talking: number) => {
    for (let n = from; n < to; n++) {
      for (const [i, { sound, source }] of people.slice(0, talking).entries()) {
        const payload = codec.encode(frameOf(sound, n));
        const packet = { sequenceNumber: n, timestamp: n * FRAME_SAMPLES, payload, redundant: false };
        source.push({ ...packet, levelDbov: i === 2 ? -14 : -37 }, n * PTIME_MS);
      }
      for (const { source } of people) source.read(n * PTIME_MS);
      limit.decide();
    }
  };
  run(0, 100, 1);
  run(100, 105, 2);
  t.same(
    people.map(({ source }) => source.admitted),
    [true, true, false],
  );
  run(105, 115, 3);
  t.same(
    people.map(({ source }) => source.sounding),
    [false, true, true],
  );
});

test('a loss of ten packets fades out within 100 ms, and the sound returns at its time', async (t) => {
  const codec = new PlainCodec();
  const [whole, broken] = [new Line(codec), new Line(codec)];
  for (let n = 0; n < 80; n++) {
    const packet = codec.encode(frameOf(TONE, n));
    whole.push(packet, n * PTIME_MS);
    if (n >= 40 && n < 50) broken.lose();
    else broken.push(packet, n * PTIME_MS);
    for (const line of [whole, broken]) line.read(n * PTIME_MS);
  }
  const levels = broken.heard.slice(38, 56).map(rms);
  const firstSilent = levels.indexOf(0);
  t.ok(firstSilent >= 5 && firstSilent <= 8, `silent after ${firstSilent - 2} frames`);
  t.ok(
    levels.slice(firstSilent - 4, firstSilent + 1).every((level, i) => level < levels[firstSilent - 5 + i]!),
    'each frame is quieter than the one before',
  );
  t.equal(broken.pool.counters.packetsLost, 10);
  t.same(broken.heard.slice(60), whole.heard.slice(60), 'with the delay that it had');
});

test('time passes for silent sources as for audible ones, and losses change no delay', async (t) => {
  const codec = new PlainCodec();
  const lines = [-14, -70].map((level) => ({ level, line: new Line(codec) }));
  const delays = lines.map((): number[] => []);
  for (let n = 0; n < 300; n++) {
    for (const [i, { level, line }] of lines.entries()) {
      if (n > 5 && n % 7 < 2) line.lose();
      else line.push(codec.encode(frameOf(TONE, n)), n * PTIME_MS + 3, level);
      line.read(n * PTIME_MS + 10);
      delays[i]!.push(line.source.jitterBufferDelayMs);
    }
  }
  t.ok(lines[0]!.line.source.speaking && !lines[1]!.line.source.speaking);
  for (const [i, own] of delays.entries()) {
    t.ok(Math.max(...own) <= 45 && Math.min(...own) >= 0, `${i}: ${Math.min(...own)} to ${Math.max(...own)} ms`);
  }
  for (const { line } of lines) t.ok(Math.abs(line.pool.counters.packetsLost - 84) <= 2);
});

/** A steady voice with some harmonics, which never pauses. */
const HELD = toInt16(
  Float32Array.from({ length: 48_000 }, (_, i) => {
    const phase = (2 * Math.PI * 150 * i) / 48_000;
    return 0.2 * (Math.sin(phase) + 0.6 * Math.sin(2 * phase + 1) + 0.4 * Math.sin(5 * phase + 2));
  }),
);

/** Sends the sound over a network with these delays. Returns the delay of the buffer in each tick. */
function send(line: Line, codec: PlainCodec, ticks: number, level: number, delayMs: (n: number) => number): number[] {
  const arrivals = Array.from({ length: ticks }, (_, n) => ({ n, atMs: n * PTIME_MS + delayMs(n) }));
  // Packets keep their order.
  for (let n = 1; n < ticks; n++) arrivals[n]!.atMs = Math.max(arrivals[n]!.atMs, arrivals[n - 1]!.atMs);
  const delays: number[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    while (arrivals[0] !== undefined && arrivals[0].atMs <= tick * PTIME_MS) {
      const { n, atMs } = arrivals.shift()!;
      line.push(codec.encode(frameOf(HELD, n)), atMs, level);
    }
    line.read(tick * PTIME_MS);
    delays.push(line.source.jitterBufferDelayMs);
  }
  return delays;
}

for (const [who, level] of [
  ['a voice that never pauses', -13],
  ['somebody who is silent', -70],
] as const) {
  test(`after a stall the delay of ${who} falls again, without a click and without a packet left over`, async (t) => {
    const codec = new PlainCodec();
    const line = new Line(codec);
    const delays = send(line, codec, 700, level, (n) => (n >= 100 && n < 104 ? (104 - n) * PTIME_MS : 5));
    const worst = Math.max(...delays.slice(100, 120));
    t.ok(worst >= 50, `${worst} ms after the stall`);
    t.ok(delays.at(-1)! <= 45, `${delays.at(-1)} ms at the end`);
    t.equal(line.pool.counters.packetsLost + line.pool.counters.packetsDiscarded, 0);
    if (level < -60) {
      t.equal(line.pool.counters.framesDecoded, 0);
      return;
    }
    t.ok(line.pool.counters.timeStretches >= 4, `${line.pool.counters.timeStretches} pieces`);
    t.ok(line.pool.counters.framesDecoded >= 695, 'every packet is decoded');
    const sound = concatInt16(line.heard.slice(110));
    t.ok(clickRatio(sound, 2, sound.length, HELD) < 1.3);
    t.ok(line.heard.slice(110).every((frame) => rms(frame) > 0.1));
  });

  test(`when its network begins to jitter ${who} gets more delay, without a click`, async (t) => {
    const codec = new PlainCodec();
    const line = new Line(codec);
    // Every seventh packet, and those right after it, arrive 45 ms later.
    const delays = send(line, codec, 700, level, (n) => (n >= 200 && n % 7 === 3 ? 50 : 5));
    const [before, after] = [delays[190]!, delays.at(-1)!];
    t.ok(before <= 30, `${before} ms before`);
    t.ok(after >= 45, `${after} ms at the end`);
    t.equal(line.pool.counters.packetsDiscarded, 0);
    const late = line.pool.counters.packetsLate + line.pool.counters.packetsLost;
    t.ok(late <= 6, `${late} were missed`);
    if (level < -60) {
      t.equal(line.pool.counters.framesDecoded, 0);
      return;
    }
    const sound = concatInt16(line.heard.slice(450));
    t.ok(clickRatio(sound, 2, sound.length, HELD) < 1.3);
  });
}

test('with levelling a quiet voice becomes louder, and switching it off restores the original level', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec, { levelling: true });
  const quiet = toInt16(voiced(21, 4).map((sample) => sample * 0.1));
  /** How much louder the end is than the sent signal. */
  const run = (from: number, to: number) => {
    const sent: Int16Array[] = [];
    for (let n = from; n < to; n++) {
      // Words of 600 ms with pauses of 200 ms, which reveal the background.
      const pcm = n % 40 < 30 ? frameOf(quiet, n) : new Int16Array(FRAME_SAMPLES).fill(1);
      line.push(codec.encode(pcm), n * PTIME_MS, Math.round(Math.max(-70, rmsDbfs(pcm))));
      line.read(n * PTIME_MS);
      sent.push(pcm);
    }
    return rmsDbfs(concatInt16(line.heard.slice(-200))) - rmsDbfs(concatInt16(sent.slice(-200)));
  };
  const raisedDb = run(0, 800);
  t.ok(raisedDb > 10, `${raisedDb.toFixed(1)} dB`);
  line.source.setLevelling(false);
  const releasedDb = run(800, 1200);
  t.ok(Math.abs(releasedDb) < 0.5, `and ${releasedDb.toFixed(1)} dB`);
});

test('a source gives everything back: frames when it is silent, everything when it is closed', async (t) => {
  const codec = new PlainCodec();
  const line = new Line(codec);
  const { frames } = line.pool.kernels;
  const before = frames.taken;
  talk(line, codec, 0, 20);
  t.equal(frames.taken, before + 1);
  for (let n = 20; n < 60; n++) {
    line.rest();
    line.read(n * PTIME_MS);
  }
  t.equal(frames.taken, before);
  t.equal(line.pool.decodersInUse, 0);
  talk(line, codec, 60, 80);
  t.equal(frames.taken, before + 1);
  line.source.close();
  t.equal(frames.taken, before);
});

/** Packets of 10 ms whose second byte gives the amplitude of every sample. */
const steady = {
  payload: (value: number) => Uint8Array.of(0xf0, value / 100, 0),
  codec: {
    createEncoder: () => new PlainCodec().createEncoder(),
    createDecoder: () => {
      let last = 0;
      return {
        reset: () => {
          last = 0;
        },
        decode: (packet: Uint8Array) => {
          last = packet[1]! * 100;
          return new Int16Array(480).fill(last);
        },
        conceal: () => new Int16Array(FRAME_SAMPLES).fill(last),
      };
    },
  } satisfies Codec,
};

test('a word that begins in the middle of a frame has silence before it, not stale samples', async (t) => {
  for (const silentHalves of [100, 101]) {
    const line = new Line(steady.codec);
    let half = 0;
    for (let n = 0; n < 110; n++) {
      for (let i = 0; i < 2; i++, half++) {
        const speaks = half < 60 || half >= 60 + silentHalves;
        const loudness = half < 60 ? 20_000 : speaks ? 5000 : 0;
        line.push(steady.payload(loudness), n * PTIME_MS + 10 * i, speaks ? -14 : -70, 480);
      }
      line.read(n * PTIME_MS + 19);
    }
    const end = line.heard.findIndex((frame, n) => n > 30 && rms(frame) === 0);
    const begin = line.heard.findIndex((frame, n) => n > end && rms(frame) > 0);
    t.ok(end > 0 && begin > end + 5);
    t.ok(
      line.heard[begin]!.every((sample) => sample <= 5000),
      'nothing is as loud as the word before',
    );
    const silent = line.heard[begin]!.findIndex((sample) => sample > 0);
    t.equal(silent >= 480, silentHalves % 2 === 1, `begins at sample ${silent}`);
  }
});

test('a loss that begins in the middle of a frame ends in silence, not in stale samples', async (t) => {
  const line = new Line(steady.codec);
  let half = 0;
  for (let n = 0; n < 90; n++) {
    for (let i = 0; i < 2; i++, half++) {
      if (half >= 61 && half < 85) {
        line.lose(480);
        continue;
      }
      line.push(steady.payload(10_000), n * PTIME_MS + 10 * i, -14, 480);
    }
    line.read(n * PTIME_MS + 19);
  }
  const lost = line.heard.slice(31, 48);
  const firstSilent = lost.findIndex((frame) => rms(frame) === 0);
  t.ok(firstSilent >= 4 && firstSilent <= 8, `after ${firstSilent} frames`);
  let last = 10_000;
  const heard = concatInt16(line.heard.slice(30, 31 + firstSilent));
  t.ok(
    heard.every((sample) => {
      const falls = sample <= last + 1;
      last = sample;
      return falls;
    }),
    'it only becomes quieter',
  );
});

test('a voice that is passed on can be rendered in any tick, and is concealed where nothing arrived', async (t) => {
  const codec = new PlainCodec(HYBRID);
  const line = new Line(codec);
  const frames: Int16Array[] = [];
  const LOST = 30;
  for (let tick = 0; tick < 60; tick++) {
    if (tick === LOST) line.lose();
    else line.push(codec.encode(frameOf(TONE, tick)), tick * PTIME_MS, -14);
    line.source.read(tick * PTIME_MS + 1, true);
    if (line.source.passed === undefined) continue;
    line.source.render();
    const first = roundToInt16(line.source.frame.samples);
    line.source.render();
    t.same(roundToInt16(line.source.frame.samples), first, 'once in a tick');
    frames[tick] = first;
  }
  t.ok(frames.filter((frame) => frame !== undefined).length > 50);
  // The jitter buffer may hold a packet for a tick.
  const delay = [0, 1, 2].find((ticks) => isEqual(frames[20]!, frameOf(TONE, 20 - ticks)));
  t.not(delay, undefined, 'it sounds as it was said');
  for (const tick of [10, 25, 40, 55]) t.ok(isEqual(frames[tick]!, frameOf(TONE, tick - delay!)), `tick ${tick}`);
  const concealed = frames[LOST + delay!];
  t.ok(concealed === undefined || rmsDbfs(concealed) > rmsDbfs(frameOf(TONE, 0)) - 3, 'a gap is filled');
});

const isEqual = (one: Int16Array, other: Int16Array) => one.every((sample, i) => sample === other[i]);
