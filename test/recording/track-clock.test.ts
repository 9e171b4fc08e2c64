import fc from 'fast-check';
import { test } from 'tap';
import { HOLD_MS, type PlacedPacket, type TapPacket, TrackClock } from '../../src/recording/track-clock.ts';
import { cases } from '../helpers/cases.ts';

const FRAME = 960;
const START_MS = 5000;

function packet(index: number, fields: Partial<TapPacket> = {}): TapPacket {
  return {
    arrivalMs: START_MS + 20 * index,
    stream: 1,
    timestamp: (4_294_960_000 + FRAME * index) >>> 0,
    payload: Uint8Array.of(0xf8, index & 0xff, 1),
    levelDbov: null,
    ...fields,
  };
}

function placed(packets: readonly TapPacket[]): PlacedPacket[] {
  const clock = new TrackClock(START_MS);
  const found: PlacedPacket[] = [];
  for (const each of packets) clock.add(each);
  clock.takeAll((each) => found.push(each));
  return found;
}

test('packets wait for a second, and for those before them', (t) => {
  const clock = new TrackClock(START_MS);
  const found: number[] = [];
  const take = (nowMs: number) => clock.take(nowMs, ({ payload }) => found.push(payload[1]!));
  clock.add(packet(0));
  clock.add(packet(2, { arrivalMs: START_MS + 20 }));
  clock.add(packet(1, { arrivalMs: START_MS + 60 }));
  take(START_MS + HOLD_MS - 1);
  t.same(found, []);
  take(START_MS + HOLD_MS);
  t.same(found, [0]);
  take(START_MS + HOLD_MS + 59);
  t.same(found, [0]);
  take(START_MS + HOLD_MS + 60);
  t.same(found, [0, 1, 2]);
  t.end();
});

test('in whatever order packets arrive, each is delivered once, in the order of its time', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 80 }), (indexes) => {
      const delays = indexes.map((index, n) => packet(index, { arrivalMs: START_MS + 900 + n }));
      const found = placed(delays).map(({ payload }) => payload[1]!);
      return [...new Set(indexes)].sort((a, b) => a - b).join() === found.join();
    }),
    { numRuns: cases(200) },
  );
  t.end();
});

test('the most prompt packets say when sound was captured', (t) => {
  const late = [7, 0, 19, 3, 25, 0, 11, 8];
  const found = placed(late.map((lateMs, index) => packet(index, { arrivalMs: START_MS + 20 * index + lateMs })));
  t.same(
    found.map(({ at }) => at + FRAME),
    late.map((_, index) => index * FRAME),
  );
  t.end();
});

test('another stream, and time that jumps, go on in server time', (t) => {
  const before = Array.from({ length: 10 }, (_, index) => packet(index));
  const after = Array.from({ length: 10 }, (_, index) =>
    packet(index + 10, { timestamp: 3_000_000_000 + index * FRAME }),
  );
  for (const stream of [1, 2]) {
    const found = placed([...before, ...after.map((each) => ({ ...each, stream }))]);
    t.same(
      found.map(({ at }) => at + FRAME),
      Array.from({ length: 20 }, (_, index) => index * FRAME),
    );
    t.equal(found[10]!.gap, null);
  }
  t.end();
});

test('what cannot be decoded, or would be in the time of another packet, is left out', (t) => {
  const odd = packet(1, { payload: new Uint8Array(0) });
  const overlapping = packet(2, { timestamp: (packet(2).timestamp + 100) >>> 0 });
  t.equal(placed([packet(0), odd, packet(2), overlapping]).length, 2);
  t.end();
});

test('a payload that no page can hold, or no decoder would take, is left out', (t) => {
  // One frame of 20 ms, as long as a datagram can be.
  const large = new Uint8Array(65_100);
  large.set([0xfb, 0x01]);
  t.equal(placed([packet(0, { payload: large }), packet(1)]).length, 1);
  t.end();
});

test('a sender whose time stamps jump with every packet leaves no trace of each', (t) => {
  const jumps = Array.from({ length: 5000 }, (_, n) =>
    packet(0, { timestamp: (n * 400_000_000) >>> 0, stream: n & 1 }),
  );
  t.ok(placed(jumps).length <= 50, `${placed(jumps).length} packets`);
  t.end();
});
