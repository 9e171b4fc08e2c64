import { test } from 'tap';
import type { Clock } from '../../../src/lib/clock.ts';
import { PcapTap } from '../../../src/media/worker/pcap-tap.ts';
import type { NetworkPath } from '../../../src/rtc/net/network-path.ts';
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

const PACKET = Uint8Array.from({ length: 40 }, (_, i) => i);
const HERE = { address: '10.0.0.1', port: 40_000 };
const THERE = { address: '192.0.2.1', port: 5000 };
const pathWith = (local: typeof HERE | undefined) =>
  ({ ...THERE, socket: { protocol: 'udp', local, send: () => true } }) as unknown as NetworkPath;

/** IPv4 and UDP addresses of the record at this offset, and its length with its header. */
function readRecord(records: Uint8Array, at: number) {
  const view = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  const ip = at + 16;
  const address = (offset: number) => [...view.subarray(ip + offset, ip + offset + 4)].join('.');
  const udp = ip + 20;
  return {
    from: `${address(12)}:${view.readUInt16BE(udp)}`,
    to: `${address(16)}:${view.readUInt16BE(udp + 2)}`,
    payload: [...view.subarray(udp + 8, ip + view.readUInt32LE(at + 8))],
    bytes: 16 + view.readUInt32LE(at + 8),
  };
}

function recording(maxBytes = 1_000_000) {
  const clock = new FakeClock();
  const pieces: { readonly records: Uint8Array; readonly isFull: boolean }[] = [];
  const tap = new PcapTap({ maxBytes, clock, emit: (records, isFull) => pieces.push({ records, isFull }) });
  return { clock, pieces, tap };
}

test('a received packet goes from the peer to us, and a sent one back, wherever each of them is', (t) => {
  const { pieces, tap } = recording();
  const path = pathWith(HERE);
  tap.received(PACKET, path, 0);
  tap.sent(PACKET, path, 1);
  tap.received(PACKET, { ...path, address: '192.0.2.9' } as NetworkPath, 2);
  tap.received(PACKET, pathWith(undefined), 3);
  tap.flush();
  const found = [];
  for (let at = 0; at < pieces[0]!.records.length; ) {
    const record = readRecord(pieces[0]!.records, at);
    at += record.bytes;
    found.push(record);
  }
  t.same(
    found.map(({ from, to }) => [from, to]),
    [
      ['192.0.2.1:5000', '10.0.0.1:40000'],
      ['10.0.0.1:40000', '192.0.2.1:5000'],
      ['192.0.2.9:5000', '10.0.0.1:40000'],
      ['192.0.2.1:5000', '0.0.0.0:0'],
    ],
  );
  t.ok(found.every(({ payload }) => payload.join() === PACKET.join()));
  t.end();
});

test('nothing is emitted without packets, and with many nothing is lost, flushed or not', (t) => {
  const { pieces, tap } = recording();
  tap.flush();
  t.same(pieces, []);
  const path = pathWith(HERE);
  for (let n = 0; n < 2000; n++) {
    tap.received(PACKET, path, n);
    if (n % 700 === 0) tap.flush();
  }
  tap.flush();
  tap.flush();
  const { bytes } = readRecord(pieces[0]!.records, 0);
  t.equal(
    pieces.reduce((sum, { records }) => sum + records.length, 0),
    2000 * bytes,
  );
  t.ok(pieces.every(({ records, isFull }) => records.length > 0 && records.length <= 16_384 && !isFull));
  t.ok(timesMs(Buffer.concat(pieces.map(({ records }) => records))).every((ms, n, all) => n === 0 || ms > all[n - 1]!));
  t.end();
});

test('a capture ends before the first packet that does not fit, and says so once', (t) => {
  const { bytes } = (() => {
    const { pieces, tap } = recording();
    tap.received(PACKET, pathWith(HERE), 0);
    tap.flush();
    return readRecord(pieces[0]!.records, 0);
  })();
  for (const [maxBytes, fits] of [
    [3 * bytes, 3],
    [4 * bytes - 1, 3],
    [bytes - 1, 0],
  ] as const) {
    const { pieces, tap } = recording(maxBytes);
    for (let n = 0; n < 10; n++) tap.received(PACKET, pathWith(HERE), n);
    tap.flush();
    t.equal(pieces.length, 1);
    t.same([pieces[0]!.records.length, pieces[0]!.isFull], [fits * bytes, true]);
  }
  t.end();
});

test('the wall clock was set if it is off by 50 ms, and both clocks were read within 5 ms', (t) => {
  for (const [stepMs, pauseMs, isFollowed] of [
    [50, 0, true],
    [49, 0, false],
    [-50, 0, true],
    [-49, 0, false],
    [3_600_000, 2.5, true],
    [3_600_000, 2.6, false],
  ] as const) {
    const clock = new InterruptedClock();
    const pieces: Uint8Array[] = [];
    const tap = new PcapTap({ maxBytes: 10_000, clock, emit: (records) => pieces.push(records) });
    tap.received(PACKET, pathWith(HERE), 1000);
    tap.flush();
    clock.stepWall(stepMs);
    clock.pauseMs = pauseMs;
    tap.flush();
    tap.received(PACKET, pathWith(HERE), 1000);
    clock.pauseMs = 0;
    tap.flush();
    const [before, after] = timesMs(Buffer.concat(pieces)) as [number, number];
    const moved = after - before;
    // Reading the clocks takes the pause.
    t.equal(Math.abs(moved - stepMs) <= 2 * pauseMs + 1, isFollowed, `${stepMs} ms, ${pauseMs} ms: ${moved} ms`);
  }
  t.end();
});
