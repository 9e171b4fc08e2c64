import fc from 'fast-check';
import { test } from 'tap';
import { ReceiveStatistics } from '../../../src/rtc/rtp/receive-statistics.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 210);
const CLOCK_RATE_HZ = 48_000;
const CLOCK_RATE_KHZ = CLOCK_RATE_HZ / 1000;

/** A sender that tells the truth, over a network that loses, delays and now and then carries nothing at all. */
interface HonestStream {
  readonly packetMs: number;
  readonly firstSequenceNumber: number;
  readonly firstTimestamp: number;
  readonly loss: number;
  readonly jitterMs: number;
  /** Its clock against ours. */
  readonly drift: number;
  /** Nothing gets through for so long, each at a random time. */
  readonly outagesMs: readonly number[];
  /** What waits during an outage comes all at once after it. */
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

test('of an honest stream every lost packet is counted, and no other', (t) => {
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
    { seed: SEED, numRuns: 150 },
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
  t.equal(statistics.lost, 100, 'what is lost afterwards is counted');
  t.end();
});

test('whatever is claimed, no more is lost than was time for', (t) => {
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
        // Of the shortest packets that there are, for the second of margin too; and a first packet that was not the first.
        if (statistics.lost > (1.002 * nowMs + 1000) / 2.5 + 127) return false;
        if (statistics.expected < 0) return false;
      }
      return true;
    }),
    { seed: SEED, numRuns: 300 },
  );
  t.end();
});
