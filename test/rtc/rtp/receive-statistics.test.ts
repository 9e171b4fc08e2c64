import fc from 'fast-check';
import { test } from 'tap';
import { ReceiveStatistics } from '../../../src/rtc/rtp/receive-statistics.ts';
import { cases } from '../../helpers/cases.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 210);
const CLOCK_RATE_HZ = 48_000;
const CLOCK_RATE_KHZ = CLOCK_RATE_HZ / 1000;

/** An honest sender over a network that loses packets, delays them and sometimes goes down. */
interface HonestStream {
  readonly packetMs: number;
  readonly firstSequenceNumber: number;
  readonly firstTimestamp: number;
  readonly loss: number;
  readonly jitterMs: number;
  /** Its clock against ours. */
  readonly drift: number;
  /** Nothing gets through for these periods, each at a random time. */
  readonly outagesMs: readonly number[];
  /** Packets held during an outage all arrive right after it. */
  readonly queued: boolean;
  readonly salt: number;
}

const honestStream: fc.Arbitrary<HonestStream> = fc.record({
  packetMs: fc.constantFrom(2.5, 5, 10, 20, 40, 60),
  firstSequenceNumber: fc.nat(0xffff),
  firstTimestamp: fc.nat(0xffff_ffff),
  loss: fc.constantFrom(0, 0.02, 0.3, 0.9),
  jitterMs: fc.constantFrom(0, 10, 200),
  drift: fc.constantFrom(-0.001, 0, 0.001),
  outagesMs: fc.array(fc.integer({ min: 100, max: 5000 }), { maxLength: 3 }),
  queued: fc.boolean(),
  salt: fc.nat(),
});

const DURATION_MS = 60_000;

/** The packets that arrive, in the order of arrival. */
function arrivalsOf(stream: HonestStream): { readonly n: number; readonly atMs: number }[] {
  const prng = createPrng(SEED + stream.salt);
  const outages = stream.outagesMs.map((lengthMs) => {
    const fromMs = 1000 + prng() * (DURATION_MS - lengthMs - 2000);
    return { fromMs, toMs: fromMs + lengthMs };
  });
  const arrivals = [];
  for (let n = 0; n * stream.packetMs < DURATION_MS; n++) {
    const sentMs = n * stream.packetMs * (1 - stream.drift);
    const outage = outages.find(({ fromMs, toMs }) => sentMs >= fromMs && sentMs < toMs);
    if (prng() < stream.loss) continue;
    const jitterMs = prng() * stream.jitterMs;
    if (outage === undefined) arrivals.push({ n, atMs: sentMs + jitterMs });
    // A queue keeps half of it.
    else if (stream.queued && prng() < 0.5) arrivals.push({ n, atMs: outage.toMs + jitterMs });
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

test('in an honest stream every lost packet is counted, and no other', (t) => {
  fc.assert(
    fc.property(honestStream, (stream) => {
      const statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
      const arrivals = arrivalsOf(stream);
      const numbers = arrivals.map(({ n }) => n);
      for (const { n, atMs } of arrivals) {
        const timestamp = (stream.firstTimestamp + n * stream.packetMs * CLOCK_RATE_KHZ) >>> 0;
        statistics.receive((stream.firstSequenceNumber + n) & 0xffff, timestamp, atMs);
      }
      const sent = numbers.reduce((a, b) => Math.max(a, b)) - numbers.reduce((a, b) => Math.min(a, b)) + 1;
      return statistics.expected === sent && statistics.lost === sent - arrivals.length;
    }),
    { seed: SEED, numRuns: cases(150) },
  );
  t.end();
});

test('sequence numbers that jump ahead are not lost packets', (t) => {
  const statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
  for (let n = 0; n < 500; n++) statistics.receive(n, n * 960, n * 20);
  const jumped = (n: number) => (499 + (n - 499) * 999) & 0xffff;
  for (let n = 500; n < 1500; n++) statistics.receive(jumped(n), n * 960, n * 20);
  t.equal(statistics.received, 1500);
  t.equal(statistics.lost, 0);
  t.equal(statistics.takeFractionLost(), 0);
  for (let n = 1500; n < 2000; n++) {
    if (n % 5 !== 0) statistics.receive((jumped(1499) + n - 1499) & 0xffff, n * 960, n * 20);
  }
  t.equal(statistics.lost, 100, 'later losses are counted');
  t.end();
});

test('until two consecutive packets have arrived, packets are taken to be 20 ms long', (t) => {
  // A second may be missing: 50 packets.
  for (const [step, lost] of [
    [50, 49],
    [51, 0],
  ] as const) {
    const statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
    statistics.receive(1, 0, 0);
    // Between them there may have been pauses.
    statistics.receive(1 + step, 3 * step * 960, 0);
    t.equal(statistics.lost, lost, `${step} packets on`);
  }
  t.end();
});

test('whatever is claimed, no more is lost than there was time for', (t) => {
  const packet = fc.record({
    step: fc.oneof(fc.constant(1), fc.integer({ min: -127, max: 100 }), fc.integer({ min: 1, max: 0x7fff })),
    timestampStep: fc.oneof(fc.constant(960), fc.constant(120), fc.nat(0xffff_ffff)),
    afterMs: fc.oneof(fc.constant(20), fc.nat(100)),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 400 }), (packets) => {
      const statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
      let [sequenceNumber, timestamp, nowMs] = [0, 0, 0];
      for (const { step, timestampStep, afterMs } of packets) {
        sequenceNumber = (sequenceNumber + step) & 0xffff;
        timestamp = (timestamp + timestampStep) >>> 0;
        nowMs += afterMs;
        statistics.receive(sequenceNumber, timestamp, nowMs);
        // The shortest possible packets, for the second of margin too, plus a first packet that was not the first.
        if (statistics.lost > (1.002 * nowMs + 1000) / 2.5 + 127) return false;
        if (statistics.expected < 0) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: cases(300) },
  );
  t.end();
});

test('loss and its fraction follow RFC 3550 appendix A.3, across wraps', (t) => {
  const statistics = new ReceiveStatistics(48_000);
  let sent = 0;
  for (let n = 65_000; n < 65_000 + 70_000; n++, sent++) {
    if (n % 10 === 3) continue;
    statistics.receive(n & 0xffff, n * 960, n * 20);
  }
  t.equal(statistics.expected, sent);
  t.equal(statistics.lost, sent / 10);
  t.equal(statistics.highestSequenceNumber, 65_000 + sent - 1);
  t.equal(statistics.takeFractionLost(), 25);
  t.equal(statistics.takeFractionLost(), 0, 'nothing was expected since');
  t.end();
});

test('before the first packet there is nothing to report', (t) => {
  const statistics = new ReceiveStatistics(48_000);
  t.match(statistics, { received: 0, expected: 0, lost: 0, jitter: 0, highestSequenceNumber: 0 });
  t.equal(statistics.expectedSinceReport, 0);
  t.equal(statistics.takeFractionLost(), 0);
  t.end();
});

/** The packets that arrive, out of 60 in each of several intervals. The numbers may wrap. */
const intervals = fc.tuple(
  fc.nat(65_535),
  fc.array(fc.subarray(Array.from({ length: 60 }, (_, i) => i)), { minLength: 1, maxLength: 4 }),
);

test('the fraction is relative to the packets expected since the last report, and never negative or more than all', (t) => {
  fc.assert(
    fc.property(intervals, ([base, received]) => {
      const statistics = new ReceiveStatistics(48_000);
      let [expectedBefore, lostBefore] = [0, 0];
      return received.every((offsets, i) => {
        for (const n of offsets.map((offset) => base + 60 * i + offset))
          statistics.receive(n & 0xffff, n * 960, n * 20);
        const expected = statistics.expected - expectedBefore;
        const lost = statistics.lost - lostBefore;
        const isSince = statistics.expectedSinceReport === expected;
        [expectedBefore, lostBefore] = [statistics.expected, statistics.lost];
        const fraction = statistics.takeFractionLost();
        const exact = expected === 0 ? 0 : Math.max(0, lost / expected);
        return isSince && Math.abs(fraction / 256 - exact) <= 1 / 256 && fraction >= 0 && fraction <= 255;
      });
    }),
  );
  const statistics = new ReceiveStatistics(48_000);
  const receive = (n: number) => statistics.receive(n, n * 960, n * 20);
  for (const n of [0, 1, 2, 3, 5]) receive(n);
  t.equal(statistics.takeFractionLost(), 42, 'one of six, rounded down');
  receive(4);
  t.equal(statistics.takeFractionLost(), 0, 'a late packet is not a negative loss');
  receive(1400);
  t.equal(statistics.takeFractionLost(), 255, 'nearly all');
  t.end();
});

test('older packets count too when the first one received had number 0', (t) => {
  const statistics = new ReceiveStatistics(48_000);
  for (const n of [0, -1, -2]) statistics.receive(n & 0xffff, n * 960, 1000 + n * 20);
  t.match(statistics, { expected: 3, lost: 0, highestSequenceNumber: 0 });
  t.end();
});

test('jitter is the smoothed difference of transit times (RFC 3550 section 6.4.1)', (t) => {
  const steady = new ReceiveStatistics(48_000);
  for (let n = 0; n < 400; n++) steady.receive(n, (0xffff0000 + n * 960) >>> 0, n * 20 + (n % 2) * 5);
  t.ok(Math.abs(steady.jitter - 240) <= 2, `5 ms is 240 units: ${steady.jitter}`);

  // One packet arrives 100 ms late, and all later ones just as late.
  for (const clockRateHz of [48_000, 8000]) {
    const perMs = clockRateHz / 1000;
    const statistics = new ReceiveStatistics(clockRateHz);
    const receive = (n: number, lateMs: number) => statistics.receive(n, n * 20 * perMs, n * 20 + lateMs);
    for (let n = 0; n < 10; n++) receive(n, 0);
    t.equal(statistics.jitter, 0);
    for (let n = 10; n < 60; n++) {
      receive(n, 100);
      const expected = ((100 * perMs) / 16) * (15 / 16) ** (n - 10);
      t.ok(statistics.jitter <= expected + 1e-6 && statistics.jitter > expected - 1 - 1e-6, `${n}`);
    }
  }
  t.end();
});

test('an early packet adds as much jitter as a late one', (t) => {
  const [early, late] = [new ReceiveStatistics(48_000), new ReceiveStatistics(48_000)];
  for (const [statistics, ms] of [
    [early, -50],
    [late, 50],
  ] as const) {
    statistics.receive(1, 960, 1000);
    statistics.receive(2, 1920, 1020 + ms);
  }
  t.equal(early.jitter, 150);
  t.equal(late.jitter, 150);
  t.end();
});
