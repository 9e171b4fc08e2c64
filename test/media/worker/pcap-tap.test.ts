import { test } from 'tap';
import type { Clock } from '../../../src/lib/clock.ts';
import { PcapTap } from '../../../src/media/worker/pcap-tap.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = 82;

/** Format of a pcap record header: seconds and microseconds, in the byte order the writer chose. */
function timesMs(records: Buffer): number[] {
  const times: number[] = [];
  for (let at = 0; at + 16 <= records.length; ) {
    times.push(records.readUInt32LE(at) * 1000 + records.readUInt32LE(at + 4) / 1000);
    at += 16 + records.readUInt32LE(at + 8);
  }
  return times;
}

/** Each clock read takes a moment. */
function passing(clock: Clock): Clock {
  let lookedMs = 0;
  return {
    now: () => {
      lookedMs += 0.01;
      return clock.now() + lookedMs;
    },
    wallNow: () => clock.wallNow() + lookedMs,
    setTimer: (at, callback) => clock.setTimer(at, callback),
  };
}

/** After each clock read the thread loses its CPU for as long as `pauseMs` says. */
class InterruptedClock extends FakeClock {
  pauseMs = 0;

  override now(): number {
    const nowMs = super.now();
    this.advance(this.pauseMs);
    return nowMs;
  }

  override wallNow(): number {
    const wallMs = super.wallNow();
    this.advance(this.pauseMs);
    return wallMs;
  }
}

test('packets have wall-clock times, also after the clock is set, and keep their spacing in between', (t) => {
  const clock = new FakeClock({ epochMs: Date.UTC(2026, 5, 1) });
  const pieces: Uint8Array[] = [];
  const recorder = new PcapTap({ maxBytes: 100_000, clock, emit: (records) => pieces.push(records) });
  const path = { address: '192.0.2.1', port: 5000, socket: { protocol: 'udp', send: () => true } } as const;
  const packet = () => recorder.received(new Uint8Array(40), path as never, clock.now());
  const wallMs: number[] = [];
  for (const stepMs of [0, 7_200_000, -3_600_000, 0.4]) {
    clock.stepWall(stepMs);
    recorder.flush();
    for (let i = 0; i < 2; i++) {
      clock.advance(20);
      wallMs.push(clock.wallNow());
      packet();
    }
  }
  recorder.flush();
  const times = timesMs(Buffer.concat(pieces));
  const expected = wallMs.map((ms, index) => (index < 6 ? ms : ms - 0.4));
  t.equal(times.length, expected.length);
  for (const [index, ms] of expected.entries())
    t.ok(Math.abs(times[index]! - ms) < 0.01, `packet ${index} at ${times[index]}, expected ${ms}`);
  t.end();
});

test('losing the CPU between two clock reads is not mistaken for a step of the wall clock', (t) => {
  const clock = new InterruptedClock();
  const pieces: Uint8Array[] = [];
  const recorder = new PcapTap({ maxBytes: 100_000, clock, emit: (records) => pieces.push(records) });
  const path = { address: '192.0.2.1', port: 5000, socket: { protocol: 'udp', send: () => true } } as const;
  const expected: number[] = [];
  for (const pauseMs of [0, 80, 0, 300, 0]) {
    clock.pauseMs = pauseMs;
    recorder.flush();
    clock.pauseMs = 0;
    clock.advance(20);
    expected.push(clock.wallNow());
    recorder.received(new Uint8Array(40), path as never, clock.now());
  }
  recorder.flush();
  const times = timesMs(Buffer.concat(pieces));
  for (const [index, ms] of expected.entries())
    t.ok(Math.abs(times[index]! - ms) < 0.01, `packet ${index} at ${times[index]}, expected ${ms}`);
  t.end();
});

test("a member's sent and received packets are in order of time, reports among the audio", async (t) => {
  const pieces: Uint8Array[] = [];
  const simulated = new SimulatedEngine(SEED, {
    engineClock: passing,
    emit: (event) => {
      if (event.type === 'tapped') pieces.push(event.records);
    },
  });
  t.teardown(() => simulated.close());
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const sound = toInt16(tone({ frequencyHz: 400, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  const frames = Array.from({ length: 50 }, (_, n) =>
    encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
  );
  const payload = (n: number) => frames[n % frames.length]!;
  const [ada] = [simulated.join({ payload }), simulated.join({ payload })];
  const tap = { format: 'pcap', maxBytes: 1_000_000 } as const;
  simulated.engine.handle({ type: 'set_tap', memberId: ada.options.id, tap });
  simulated.run(12);
  const times = timesMs(Buffer.concat(pieces));
  t.ok(times.length > 900, `${times.length} packets`);
  t.same(
    times.filter((ms, at) => at > 0 && ms < times[at - 1]!),
    [],
  );
});
