import { test } from 'tap';
import { CodecPool } from '../../src/mixer/codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLE_RATE } from '../../src/mixer/format.ts';
import type { MixParticipant } from '../../src/mixer/mix/mix-participant.ts';
import { Mixer } from '../../src/mixer/mix/mixer.ts';
import { LossyLink } from '../helpers/lossy-link.ts';
import { PlainCodec } from '../helpers/plain-codec.ts';
import { createPrng, integerBetween } from '../helpers/prng.ts';
import { concatInt16, rmsDbfs, toInt16, tone, toneLevelDbfs } from '../helpers/signal.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_121);
const PARTICIPANTS = 10;
const SECONDS = 60;
const AMPLITUDE = 0.1;

interface Packet {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** A participant with their own tone and clock, on a bad network. */
class Talker {
  readonly frequencyHz: number;
  readonly participant: MixParticipant;
  readonly link: LossyLink<Packet>;
  readonly heard: Int16Array[] = [];
  readonly timestamps: number[] = [];
  readonly #codec: PlainCodec;
  readonly #loop: Int16Array;
  /** ms of our time per frame of theirs */
  readonly #frameMs: number;
  #sequenceNumber: number;
  #timestamp: number;
  #frame = 0;
  #nextSendMs: number;

  constructor(index: number, mixer: Mixer, codec: PlainCodec, seed: number) {
    const prng = createPrng(seed + index);
    this.#codec = codec;
    this.frequencyHz = 300 + 250 * index;
    this.#loop = toInt16(tone({ frequencyHz: this.frequencyHz, samples: SAMPLE_RATE, amplitude: AMPLITUDE }));
    this.#frameMs = PTIME_MS * (1 + ((index % 5) - 2) * 50e-6);
    // Both counters wrap within the minute.
    this.#sequenceNumber = 65_536 - integerBetween(prng, 100, 2000);
    this.#timestamp = 2 ** 32 - integerBetween(prng, 100, 2000) * FRAME_SAMPLES;
    this.#nextSendMs = prng() * PTIME_MS;
    this.link = new LossyLink(prng, { delayMs: 30, jitterMs: 12, loss: 0.02, duplication: 0.01 });
    this.participant = mixer.add({
      muted: false,
      deafened: false,
      sink: {
        write: (payload, timestamp) => {
          this.heard.push(codec.decode(payload).slice());
          this.timestamps.push(timestamp);
        },
      },
    });
  }

  run(mixer: Mixer, nowMs: number): void {
    for (; this.#nextSendMs <= nowMs; this.#nextSendMs += this.#frameMs) {
      const start = (this.#frame++ % 50) * FRAME_SAMPLES;
      const payload = this.#codec.encode(this.#loop.subarray(start, start + FRAME_SAMPLES));
      this.link.send({ sequenceNumber: this.#sequenceNumber, timestamp: this.#timestamp, payload }, this.#nextSendMs);
      this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
      this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    }
    for (const { item, atMs } of this.link.receive(nowMs)) {
      mixer.push(this.participant, { ...item, levelDbov: -23, redundant: false }, atMs);
    }
  }
}

test('on a bad network everybody hears every tone but their own, for a minute', async (t) => {
  t.comment(`SEED=${SEED}`);
  const codec = new PlainCodec();
  const pool = new CodecPool(codec, () => 0);
  const mixer = new Mixer(pool, { maxTalkers: 0, levelling: false });
  const talkers = Array.from({ length: PARTICIPANTS }, (_, i) => new Talker(i, mixer, codec, SEED));
  const startedAt = performance.now();
  for (let tick = 0; tick < (SECONDS * 1000) / PTIME_MS; tick++) {
    const nowMs = tick * PTIME_MS;
    for (const talker of talkers) talker.run(mixer, nowMs);
    mixer.tick(tick, nowMs);
  }
  t.comment(`${SECONDS} s of room time took ${Math.round(performance.now() - startedAt)} ms`, pool.counters);

  // With ten talkers the headroom gain is sqrt(2/9).
  const expectedDbfs = 20 * Math.log10(AMPLITUDE * Math.sqrt(2 / (PARTICIPANTS - 1)));
  for (const listener of talkers) {
    // Half a second in the middle and one near the end, after both counters have wrapped and the clocks have drifted.
    for (const second of [20, SECONDS - 5]) {
      const heard = concatInt16(listener.heard.slice(second * 50, second * 50 + 25));
      for (const talker of talkers) {
        const level = toneLevelDbfs(heard, talker.frequencyHz);
        const name = `${listener.frequencyHz} Hz hears ${talker.frequencyHz} Hz at ${level.toFixed(1)} dBFS`;
        if (talker === listener) t.ok(level < expectedDbfs - 20, `${name}: not themselves`);
        else t.ok(Math.abs(level - expectedDbfs) < 3, `${name}: as loud as sent`);
      }
    }
    t.ok(rmsDbfs(concatInt16(listener.heard.slice(-50))) > -40, 'still hears something at the end');
    const gaps = listener.timestamps.slice(1).map((timestamp, i) => (timestamp - listener.timestamps[i]!) >>> 0);
    t.ok(
      gaps.slice(25).every((gap) => gap === FRAME_SAMPLES),
      'one packet every 20 ms',
    );
  }

  const frames = PARTICIPANTS * SECONDS * 50;
  const { counters } = pool;
  t.ok(counters.packetsLost < frames * 0.03, `${counters.packetsLost} of ${frames} lost, 2 % were dropped`);
  t.ok(counters.packetsLost > frames * 0.01, 'losses are noticed');
  t.ok(counters.framesConcealed < frames * 0.035, `${counters.framesConcealed} concealed`);
  t.ok(counters.packetsDuplicate > frames * 0.002, 'duplicates are noticed');
  t.ok(counters.packetsLate < frames * 0.005, `${counters.packetsLate} late`);
  mixer.close();
  t.equal(pool.decodersInUse, 0, 'every decoder is given back');
  t.equal(pool.encodersInUse, 0, 'every encoder is given back');
});
