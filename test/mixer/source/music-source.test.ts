import { test } from 'tap';
import { SILENCE_REFRESH_PACKET } from '../../../src/formats/opus-packet.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { MusicSource } from '../../../src/mixer/source/music-source.ts';
import { TalkerLimit } from '../../../src/mixer/source/talker-limit.ts';
import { createMusicEncoder, encodeStereo, type StereoTone, stereoTone } from '../../helpers/music.ts';
import { concatInt16, rms, rmsDbfs, roundToInt16, toneLevelDbfs } from '../../helpers/signal.ts';

const TONES: StereoTone = { leftHz: 440, rightHz: 880 };
const SILENT = new Int16Array(FRAME_SAMPLES);

/** A source whose packets are pushed just before the tick in which they are due. */
class Line {
  readonly pool = new CodecPool(opusCodec, () => 0);
  readonly limit: TalkerLimit;
  readonly source: MusicSource;
  readonly heard = { left: [] as Int16Array[], right: [] as Int16Array[], mono: [] as Int16Array[] };
  tick = 0;
  #sequenceNumber = 0;

  constructor(limit = new TalkerLimit(4)) {
    this.limit = limit;
    this.source = new MusicSource(this.pool, false, { music: limit, room: new TalkerLimit(4) });
  }

  /** Undefined: nothing arrives. @param isSent the sender has sent it */
  run(payload: Uint8Array | undefined, isSent = true): boolean {
    const nowMs = this.tick * PTIME_MS;
    if (payload !== undefined) {
      const timestamp = this.tick * FRAME_SAMPLES;
      const packet = { sequenceNumber: this.#sequenceNumber, timestamp, payload, levelDbov: null, redundant: false };
      this.source.push(packet, nowMs);
    }
    if (isSent) this.#sequenceNumber++;
    const sounds = this.source.read(nowMs);
    const sides = sounds ? this.source.sides : undefined;
    this.heard.left.push(sides === undefined ? SILENT : roundToInt16(sides.left.samples));
    this.heard.right.push(sides === undefined ? SILENT : roundToInt16(sides.right.samples));
    this.heard.mono.push(sounds ? roundToInt16(this.source.frame.samples) : SILENT);
    this.limit.decide();
    this.tick++;
    return sounds;
  }
}

test('both sides come out as they went in, and in mono their mean', (t) => {
  const line = new Line();
  for (const packet of encodeStereo(TONES, 50)) line.run(packet);
  const [left, right, mono] = [line.heard.left, line.heard.right, line.heard.mono].map((frames) =>
    concatInt16(frames.slice(10)),
  ) as [Int16Array, Int16Array, Int16Array];
  t.ok(Math.abs(toneLevelDbfs(left, 440) + 20) < 0.5, `${toneLevelDbfs(left, 440)} dBFS`);
  t.ok(Math.abs(toneLevelDbfs(right, 880) + 20) < 0.5, `${toneLevelDbfs(right, 880)} dBFS`);
  t.ok(toneLevelDbfs(left, 880) < -60 && toneLevelDbfs(right, 440) < -60);
  for (const frequencyHz of [440, 880]) t.ok(Math.abs(toneLevelDbfs(mono, frequencyHz) + 26) < 0.5);
  t.end();
});

test('quiet music is heard from its first packet to its last, and is not levelled', (t) => {
  const line = new Line();
  const amplitude = 0.0008;
  for (const packet of encodeStereo({ leftHz: 440, rightHz: 440, amplitude }, 200)) line.run(packet);
  const first = line.heard.left.findIndex((frame) => rms(frame) > 0);
  t.ok(first <= 2, `heard from frame ${first}`);
  for (const at of [20, 100, 199]) {
    const level = rmsDbfs(line.heard.left[at]!);
    t.ok(Math.abs(level - (20 * Math.log10(amplitude) - 3)) < 1.5, `frame ${at}: ${level} dBFS`);
  }
  t.equal(line.source.passed, undefined);
  t.end();
});

test('a lost packet is concealed on both sides, and the end fades', (t) => {
  const line = new Line();
  for (const [n, packet] of encodeStereo(TONES, 40).entries()) line.run(n === 30 ? undefined : packet);
  t.ok(
    line.heard.left.slice(5, 40).every((frame) => rms(frame) > 0.015),
    'no gap',
  );
  t.ok(
    line.heard.right.slice(5, 40).every((frame) => rms(frame) > 0.015),
    'no gap',
  );
  for (let n = 0; n < 60; n++) line.run(undefined, false);
  t.equal(rms(line.heard.left.at(-1)!), 0);
  t.notOk(line.source.awake);
  t.notOk(line.source.sounding);
  t.equal(line.pool.decodersInUse, 0);
  t.equal(line.pool.kernels.frames.taken, new CodecPool(opusCodec, () => 0).kernels.frames.taken);
  t.end();
});

test('muted music fades within a frame and is not decoded; unmuted it comes back', (t) => {
  const line = new Line();
  const packets = encodeStereo(TONES, 60);
  for (const packet of packets.slice(0, 20)) line.run(packet);
  t.ok(line.source.isProvenSpeaker);
  line.source.setMuted(true);
  line.run(packets[20]);
  t.ok(rms(line.heard.left.at(-1)!.subarray(-48)) < 0.003);
  const decoded = line.pool.counters.framesDecoded;
  for (const packet of packets.slice(21, 40)) t.notOk(line.run(packet));
  t.ok(line.pool.counters.framesDecoded <= decoded + 1);
  t.notOk(line.source.isProvenSpeaker);
  line.source.setMuted(false);
  for (const packet of packets.slice(40)) line.run(packet);
  t.ok(rms(line.heard.left.at(-1)!) > 0.015);
  t.end();
});

test('silence is not decoded, and nothing needs the ticks in it', (t) => {
  const line = new Line();
  line.run(SILENCE_REFRESH_PACKET);
  for (let n = 0; n < 30; n++) line.run(undefined, false);
  t.equal(line.pool.counters.framesDecoded, 0);
  t.notOk(line.source.awake);
  t.end();
});

test('beyond the limit nothing is decoded until a place is free', (t) => {
  const limit = new TalkerLimit(1);
  const [first, second] = [new Line(limit), new Line(limit)];
  const packets = encodeStereo(TONES, 120);
  for (const packet of packets.slice(0, 40)) {
    first.run(packet);
    second.run(packet);
  }
  t.ok(first.source.sounding);
  t.notOk(second.source.sounding);
  t.equal(second.pool.counters.framesDecoded, 0);
  first.source.close();
  for (const packet of packets.slice(40, 60)) second.run(packet);
  t.ok(second.source.sounding);
  t.end();
});

test('a sender whose clock is slow or fast is followed without a gap', (t) => {
  for (const ppm of [-2000, 2000]) {
    const line = new Line();
    const encode = createMusicEncoder();
    const sound = stereoTone(TONES, 50);
    let sent = 0;
    for (let tick = 0; tick < 1500; tick++) {
      const due = Math.floor(tick * (1 + ppm / 1e6)) + 1;
      for (; sent < due; sent++) {
        const at = (sent % 50) * 2 * FRAME_SAMPLES;
        const payload = encode(sound.subarray(at, at + 2 * FRAME_SAMPLES));
        const packet = { sequenceNumber: sent & 0xffff, timestamp: sent * FRAME_SAMPLES, payload };
        line.source.push({ ...packet, levelDbov: null, redundant: false }, tick * PTIME_MS);
      }
      line.run(undefined, false);
    }
    const silent = line.heard.left.slice(10).filter((frame) => rms(frame) < 0.009).length;
    t.equal(silent, 0, `${ppm} ppm`);
    t.ok(line.source.jitterBufferDelayMs < 120, `${ppm} ppm: ${line.source.jitterBufferDelayMs} ms`);
    line.source.close();
  }
  t.end();
});

test('another stream of the sender continues with another decoder', (t) => {
  const line = new Line();
  for (const packet of encodeStereo(TONES, 20)) line.run(packet);
  line.source.restart();
  for (const packet of encodeStereo({ leftHz: 660, rightHz: 660 }, 20)) line.run(packet);
  t.ok(toneLevelDbfs(concatInt16(line.heard.left.slice(-10)), 660) > -21);
  t.end();
});
