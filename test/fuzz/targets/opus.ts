import { concealmentToc, packetSamples } from '../../../src/formats/opus-packet.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import { opusCodec } from '../../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES } from '../../../src/mixer/format.ts';
import { Source } from '../../../src/mixer/source/source.ts';
import { createFrameEncoder } from '../../helpers/opus.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';

const decoder = opusCodec.createDecoder();

/** One payload after another into the real decoder. */
export const opus: FuzzTarget = {
  name: 'opus',
  files: ['src/mixer/codec/opus.ts', 'src/formats/opus-packet.ts'],
  framed: true,
  native: true,
  weight: 2,
  // The longest packet, 120 ms, takes a large part of a millisecond.
  maxMs: 50,
  seeds: () => [joinFrames(speech), ...speech.slice(0, 3).map((frame) => joinFrames([frame]))],
  generate: (prng) => joinFrames(Array.from({ length: integerBetween(prng, 1, 4) }, () => payload(prng))),
  run: (input) => {
    for (const frame of splitFrames(input)) {
      const samples = packetSamples(frame);
      hold(samples >= 0 && samples <= 5760, 'a packet lasts at most 120 ms');
      const pcm = decoder.decode(frame);
      if (samples === 0) hold(pcm === undefined, 'an invalid packet is not decoded');
      if (pcm !== undefined) hold(pcm.length === samples, 'a packet decodes to the length it announces');
      const concealed = decoder.conceal();
      hold(concealed?.length === FRAME_SAMPLES, 'one frame of 20 ms is concealed');
      hold(packetSamples(Uint8Array.of(concealmentToc(frame[0] ?? 0))) === FRAME_SAMPLES, 'and the next one requested');
    }
  },
};

const pool = new CodecPool(opusCodec, () => 0);

/**
 * Packets through jitter buffer, decoder and gate, with a tick after every second packet. A frame begins with four
 * bytes: they move the sequence number, move the timestamp, give the level, and say how much time passes.
 */
export const voice: FuzzTarget = {
  name: 'voice',
  files: [
    'src/mixer/source/source.ts',
    'src/mixer/source/jitter-buffer.ts',
    'src/mixer/source/delay-estimator.ts',
    'src/mixer/source/redundancy-wait.ts',
    'src/mixer/source/time-stretch.ts',
    'src/mixer/source/stretch-plan.ts',
    'src/mixer/source/voice-activity.ts',
    'src/mixer/source/leveller.ts',
    'src/lib/serial.ts',
  ],
  framed: true,
  native: true,
  weight: 2,
  maxMs: 100,
  seeds: () => [
    joinFrames(speech.map((frame) => Buffer.concat([Buffer.from([1, 48, 20, 20]), frame]))),
    joinFrames(speech.map((frame, i) => Buffer.concat([Buffer.from([i % 5 === 4 ? 2 : 1, 48, 127, 20]), frame]))),
  ],
  generate: (prng) =>
    joinFrames(
      Array.from({ length: integerBetween(prng, 5, 40) }, () =>
        Buffer.concat([
          Buffer.from([pick(prng, [1, 1, 1, 0, 2, 255, 128]), pick(prng, [48, 48, 48, 0, 96, 200, 255])]),
          Buffer.from([pick(prng, [10, 60, 127, 255]), pick(prng, [0, 20, 20, 40, 255])]),
          prng() < 0.5 ? pick(prng, speech) : payload(prng),
        ]),
      ),
    ),
  run: (input) => {
    const source = new Source(pool, false, { levelling: true });
    let sequenceNumber = 0xfff0;
    let timestamp = 0xffff_0000;
    let nowMs = 0;
    for (const frame of splitFrames(input)) {
      const [step = 0, time = 0, level = 0, wait = 0, ...payload] = frame;
      sequenceNumber = (sequenceNumber + ((step << 24) >> 24)) & 0xffff;
      timestamp = (timestamp + (time >= 250 ? time * 100_000 : time * 20)) >>> 0;
      const levelDbov = level === 255 ? null : 0 - (level & 0x7f);
      const packet = { sequenceNumber, timestamp, payload: Uint8Array.from(payload), levelDbov };
      source.push({ ...packet, redundant: level >= 128 && level < 255 }, nowMs);
      nowMs += wait;
      read(source, nowMs);
    }
    for (let ticks = 0; ticks < 120 && source.awake; ticks++) {
      nowMs += 20;
      read(source, nowMs);
    }
    hold(!source.awake, 'a source without packets falls asleep');
    source.close();
    hold(pool.decodersInUse === 0, 'a closed source has no decoder');
  },
};

function read(source: Source, nowMs: number): void {
  if (!source.read(nowMs)) return;
  hold(source.frame.samples.length === FRAME_SAMPLES, 'a frame has 960 samples');
  hold(source.frame.samples.every(Number.isFinite), 'samples are numbers');
}

const encode = createFrameEncoder({ dtx: true });
const speech: readonly Uint8Array[] = Array.from({ length: 30 }, (_, frame) =>
  encode(Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => 8000 * Math.sin((frame * FRAME_SAMPLES + i) * 0.04))),
).map((packet) => Uint8Array.from(packet));

/** A payload whose first bytes lie about what follows (RFC 6716 section 3.2). */
function payload(prng: Prng): Buffer {
  const toc = integerBetween(prng, 0, 255);
  const count = pick(prng, [0, 1, 2, 3, 6, 12, 24, 48, 49, 63]) | (prng() < 0.5 ? 0x80 : 0) | (prng() < 0.3 ? 0x40 : 0);
  const body = randomBytes(prng, pick(prng, [0, 0, 1, 2, 3, 10, 60, 120, 255, 1275, 1276]));
  if (prng() < 0.3) body.fill(pick(prng, [0, 251, 252, 255]));
  return Buffer.concat([Buffer.from((toc & 3) === 3 && prng() < 0.9 ? [toc, count] : [toc]), body]);
}
