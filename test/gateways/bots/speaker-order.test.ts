import { test } from 'tap';
import { SpeakerOrder } from '../../../src/gateways/bots/speaker-order.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

/** Packets of one speaker, by number; those that are given out by a time. */
function setUp(firstTimestamp = 5000) {
  const order = new SpeakerOrder();
  const add = (n: number, arrivalMs: number, { stream = 1, timestamp = firstTimestamp + 960 * n } = {}) =>
    order.add({ seatId: 1, stream, arrivalMs, timestamp: timestamp >>> 0, levelDbov: null, payload: payloadOf(n) });
  const at = (nowMs: number) => {
    const given: [number, number][] = [];
    order.release(nowMs, ({ payload, time }) => given.push([payload[1]!, time]));
    return given;
  };
  return { order, add, at };
}

test('packets are held for 200 ms, and come out in order, once, on the time scale of the room', (t) => {
  const { order, add, at } = setUp();
  for (const [n, ms] of [
    [0, 1000],
    [2, 1041],
    [1, 1042],
    [2, 1043],
    [3, 1060],
  ] as const)
    add(n, ms);
  t.same(at(1199), []);
  t.same(at(1200), [[0, 48_000]]);
  t.same(at(1500), [
    [1, 48_960],
    [2, 49_920],
    [3, 50_880],
  ]);
  t.ok(order.isEmpty);
  add(1, 1500);
  t.same(at(2000), [], 'too late');
  t.end();
});

test('timestamps wrap, and pauses stay pauses', (t) => {
  const { add, at } = setUp(2 ** 32 - 960);
  add(0, 1000);
  add(1, 1020);
  add(101, 3020);
  t.same(
    at(4000).map(([, time]) => time),
    [48_000, 48_960, 48_000 + 101 * 960],
  );
  t.end();
});

test('a new stream, or one that stood still, begins where it arrives, never before what was given out', (t) => {
  const { add, at } = setUp();
  add(0, 1000);
  add(1, 1020, { stream: 2, timestamp: 77 });
  t.same(at(2000), [
    [0, 48_000],
    [1, 48_960],
  ]);
  add(2, 5000, { stream: 2, timestamp: 77 + 960 });
  t.same(at(6000), [[2, 240_000]]);
  add(3, 4000, { stream: 3 });
  t.same(at(6000), [[3, 240_001]]);
  t.end();
});

test('a flood is given out early instead of being kept', (t) => {
  const { add, at } = setUp();
  for (let n = 0; n < 250; n++) add(n, 1000 + n, { timestamp: n * 120 });
  t.equal(at(1000).length, 50);
  t.end();
});

test('what comes at once is bounded, however much it is', (t) => {
  const { add, at } = setUp();
  for (let n = 0; n < 5000; n++) add(n, 1000, { timestamp: n });
  t.equal(at(1000).length, 800);
  t.equal(at(1200).length, 200);
  t.end();
});

test('a copy is left out, wherever it belongs', (t) => {
  const { add, at } = setUp();
  for (const n of [0, 2, 1, 2, 0, 1]) add(n, 1000 + 20 * n);
  t.same(
    at(1400).map(([n]) => n),
    [0, 1, 2],
  );
  t.end();
});
