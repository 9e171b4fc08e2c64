import { test } from 'tap';
import { PcapTap } from '../../../src/media/worker/pcap-tap.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

/** Of a pcap record header: seconds and microseconds, little or big endian as the writer chose. */
function timesMs(records: Buffer): number[] {
  const times: number[] = [];
  for (let at = 0; at + 16 <= records.length; ) {
    times.push(records.readUInt32LE(at) * 1000 + records.readUInt32LE(at + 4) / 1000);
    at += 16 + records.readUInt32LE(at + 8);
  }
  return times;
}

test('packets have the time of the wall clock, also after it was set, and keep their distances meanwhile', (t) => {
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
