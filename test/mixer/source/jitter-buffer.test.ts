import fc from 'fast-check';
import { test } from 'tap';
import { FRAME_SAMPLES, PTIME_MS } from '../../../src/mixer/format.ts';
import { JitterBuffer } from '../../../src/mixer/source/jitter-buffer.ts';
import { cases } from '../../helpers/cases.ts';
import { type Arrival, counters, deliver, increasing, payloadOf, range, Stream } from '../../helpers/packet-stream.ts';
import { createPrng } from '../../helpers/prng.ts';

const SEED = Number(process.env['SEED'] ?? 4105);
const CONFIG = { seed: SEED, numRuns: cases(150) };

test('for any loss, delay, duplication and counter start: in order, at most once, with bounded delay', async (t) => {
  t.comment(`SEED=${SEED}`);
  const PACKETS = 300;
  const network = fc.record({
    salt: fc.nat(),
    jitterMs: fc.constantFrom(0, 5, 15, 60, 150),
    loss: fc.constantFrom(0, 0.02, 0.2),
    duplication: fc.constantFrom(0, 0.05, 0.5),
    firstSequenceNumber: fc.constantFrom(0, 65_300, 65_535, 32_700),
    firstTimestamp: fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32 - 100 * FRAME_SAMPLES, 2 ** 31 - 5000),
  });
  fc.assert(
    fc.property(network, ({ salt, jitterMs, loss, duplication, firstSequenceNumber, firstTimestamp }) => {
      const prng = createPrng(salt);
      const stream = new Stream(firstSequenceNumber, firstTimestamp);
      const arrivals: Arrival[] = [];
      let sent = 0;
      for (let n = 0; n < PACKETS; n++) {
        if (prng() < loss) continue;
        sent++;
        arrivals.push({ n, atMs: n * PTIME_MS + 40 + prng() * jitterMs });
        if (prng() < duplication) arrivals.push({ n, atMs: n * PTIME_MS + 40 + prng() * jitterMs });
      }
      deliver(stream, arrivals, PACKETS * PTIME_MS + 1000);
      const { popped, numbers } = stream;
      const worstDelayMs = Math.max(...popped.map(({ n, atMs }) => atMs - n * PTIME_MS - 40));
      // Jitter up to 150 ms, plus the margin, the tick and the time a frozen playout point adds.
      return (
        increasing(numbers) &&
        numbers.length <= sent &&
        numbers.length > sent * (jitterMs > 50 ? 0.94 : 0.99) - 5 &&
        worstDelayMs <= jitterMs + 90 &&
        stream.buffer.idle
      );
    }),
    CONFIG,
  );
});

test('for any permutation of neighbours within the delay, every packet is played', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 55 }), { minLength: 200, maxLength: 200 }), (lateness) => {
      const stream = new Stream(65_500, 2 ** 32 - 90_000);
      // The buffer learns for two seconds, and then the same again must all be played.
      const arrivals = lateness.map((lateMs, n) => ({ n, atMs: n * PTIME_MS + lateMs }));
      arrivals.push(...lateness.map((lateMs, i) => ({ n: 200 + i, atMs: (200 + i) * PTIME_MS + lateMs })));
      deliver(stream, arrivals, 400 * PTIME_MS + 500);
      const second = stream.numbers.filter((n) => n >= 200);
      return increasing(stream.numbers) && second.length >= 198 && stream.numbers.length >= 388;
    }),
    CONFIG,
  );
  t.pass();
});

test('a smooth stream is played packet by packet with little delay', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 500);
  t.equal(stream.popped.length, 499, 'all except the one that waits');
  t.same(
    stream.playouts.slice(1).every((what) => what === 'packet'),
    true,
  );
  t.ok(stream.buffer.delayMs <= 30 && stream.buffer.targetMs(10_000) <= 5);
  t.same(stream.counters, counters());
});

test('one lost packet is one concealed frame, counted once', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 100);
  for (let n = 101; n < 200; n++) {
    stream.push(n, n * PTIME_MS);
    stream.pop(n * PTIME_MS + 10);
  }
  t.same(stream.numbers, [...range(0, 100), ...range(101, stream.numbers.at(-1)! + 1)]);
  t.equal(stream.count('lost') + stream.count('late'), 1);
  t.equal(stream.counters.packetsLost, 1);
});

test('for any loss the time concealed is the time lost, so the delay stays', async (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(0.05, 0.3), (salt, loss) => {
      const prng = createPrng(salt);
      const stream = new Stream();
      const arrivals = range(0, 500)
        .filter((n) => n < 10 || prng() > loss)
        .map((n) => ({ n, atMs: n * PTIME_MS + 5 }));
      deliver(stream, arrivals, 500 * PTIME_MS);
      const delays = stream.popped.map(({ n, atMs }) => atMs - n * PTIME_MS);
      return Math.max(...delays) <= 50 && Math.min(...delays) >= 5;
    }),
    CONFIG,
  );
  t.pass();
});

test('when packets stop, concealment ends after five frames', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 50);
  const from = stream.playouts.length;
  for (let tick = 0; tick < 100; tick++) stream.pop(1010 + tick * PTIME_MS);
  const rest = stream.playouts.slice(from);
  const firstLate = rest.indexOf('late');
  t.same(rest.slice(firstLate, firstLate + 5), Array(5).fill('late'));
  t.ok(rest.slice(firstLate + 5).every((what) => what === 'idle'));
  t.ok(stream.buffer.idle);
});

test('a gap in time between consecutive packets is silence, not loss', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 50);
  stream.push(50, 1000, { payload: Uint8Array.of(0xf8) });
  const from = stream.playouts.length;
  for (let tick = 0; tick < 20; tick++) stream.pop(1010 + tick * PTIME_MS);
  t.equal(stream.playouts.slice(from).filter((what) => what === 'packet').length, 2);
  t.equal(stream.count('late') + stream.count('lost'), 0, 'nothing is concealed after a packet that announces it');
  // The refresh after 400 ms, and speech after another 400 ms.
  stream.push(51, 1400, { time: 70, payload: Uint8Array.of(0xf8) });
  for (let tick = 0; tick < 20; tick++) stream.pop(1410 + tick * PTIME_MS);
  for (let n = 52; n < 60; n++) {
    stream.push(n, 1800 + (n - 52) * PTIME_MS, { time: 90 + n - 52 });
    stream.pop(1810 + (n - 52) * PTIME_MS);
  }
  t.same(
    stream.numbers.filter((n) => n >= 52),
    range(52, 60),
  );
  t.equal(stream.count('late') + stream.count('lost'), 0);
  t.same(stream.counters, counters());
});

test('both packets around a short silence may arrive at once, and the second still waits for its time', async (t) => {
  const stream = new Stream();
  const arrivals = range(0, 300).map((n) => ({ n, atMs: n * PTIME_MS + (n % 10 === 0 ? 70 : 0) }));
  deliver(stream, arrivals, 300 * PTIME_MS - 10);
  t.ok(stream.buffer.targetMs(6000) >= 70, 'packets wait');
  stream.push(300, 6000);
  const before = stream.playouts.length;
  const at = new Map<number, number>();
  for (let nowMs = 6000; nowMs < 6200; nowMs += PTIME_MS) {
    if (nowMs === 6060) stream.push(301, nowMs, { time: 303 });
    if (stream.pop(nowMs) === 'packet') at.set(stream.numbers.at(-1)!, nowMs);
  }
  t.equal(stream.playouts.slice(before).includes('lost'), false);
  const waitedMs = at.get(301)! - 6060;
  const target = stream.buffer.targetMs(6100);
  t.ok(waitedMs >= target && waitedMs <= target + PTIME_MS, `waited ${waitedMs} ms, target ${target} ms`);
});

test('each talkspurt starts with the target delay, whether the delay was higher or lower before', async (t) => {
  for (const shiftMs of [-60, 60]) {
    const stream = new Stream();
    stream.runSmoothly(0, 100, 80);
    stream.push(100, 2080, { payload: Uint8Array.of(0xf8) });
    for (let nowMs = 2090; nowMs < 6000; nowMs += PTIME_MS) stream.pop(nowMs);
    // The path became shorter or longer while nothing was sent.
    for (let i = 0; i < 150; i++) {
      const n = 101 + i;
      const sentMs = 6000 + i * PTIME_MS;
      stream.push(n, sentMs + 80 + shiftMs, { time: sentMs / PTIME_MS });
      stream.pop(sentMs + 80 + shiftMs + 10);
      if (i === 5) {
        const waitedMs = stream.popped.at(-1)!.atMs - (6000 + (stream.numbers.at(-1)! - 101) * PTIME_MS + 80 + shiftMs);
        t.ok(waitedMs >= 0 && waitedMs <= 35, `${shiftMs}: waited ${waitedMs} ms after arrival`);
      }
    }
  }
});

test('a burst after a stall is played if it is not too old', async (t) => {
  for (const [stallMs, lostFrames] of [
    [60, 0],
    [100, 0],
    [300, 12],
  ] as const) {
    const stream = new Stream();
    stream.runSmoothly(0, 100);
    const last = 100 + stallMs / PTIME_MS;
    for (let n = 100; n < last; n++) stream.pop(n * PTIME_MS + 10);
    for (let n = 100; n <= last; n++) stream.push(n, last * PTIME_MS);
    stream.runSmoothly(last + 1, last + 50);
    const missing = range(0, last + 20).filter((n) => !stream.numbers.includes(n));
    t.ok(increasing(stream.numbers));
    t.ok(missing.length <= lostFrames, `${missing.length} of the packets missing after ${stallMs} ms`);
    const { n, atMs } = stream.popped.find((packet) => packet.n >= last)!;
    t.ok(atMs - n * PTIME_MS <= 150, `${atMs - n * PTIME_MS} ms of delay after ${stallMs} ms`);
  }
});

test('after our own stall of a second, sound continues at once and without a second of delay', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 100);
  for (let n = 100; n < 150; n++) stream.push(n, 3000);
  t.equal(stream.pop(3010), 'packet', 'no concealment of the skipped frames');
  t.ok(stream.numbers.at(-1)! >= 140, `continues with packet ${stream.numbers.at(-1)}`);
  stream.runSmoothly(151, 200);
  t.ok(stream.buffer.delayMs <= 150);
  t.ok(increasing(stream.numbers));
});

test('a late packet is counted, not played, and the next ones are given more time', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 100);
  const before = stream.buffer.targetMs(2000);
  for (let n = 101; n < 104; n++) {
    stream.push(n, n * PTIME_MS);
    stream.pop(n * PTIME_MS + 10);
  }
  stream.push(100, 104 * PTIME_MS);
  t.equal(stream.counters.packetsLate, 1);
  t.ok(stream.buffer.targetMs(2080) >= before + 10);
  stream.runSmoothly(104, 110);
  t.notOk(stream.numbers.includes(100));
});

test('redundant copies fill holes, never delay, never duplicate and never count as late', async (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(0, 0.1, 0.3), fc.constantFrom(1, 2), (salt, loss, distance) => {
      const prng = createPrng(salt);
      const plain = new Stream(65_530);
      const redundant = new Stream(65_530);
      const arrived = new Set<number>();
      const useful = new Set<number>();
      for (let n = 0; n < 300; n++) {
        const atMs = n * PTIME_MS + 30;
        if (n < 5 || prng() >= loss) {
          plain.push(n, atMs);
          arrived.add(n).add(n - distance);
          useful.add(n);
          if (n >= distance) redundant.push(n - distance, atMs, { redundant: true });
          redundant.push(n, atMs);
        }
        plain.pop(atMs + 10);
        redundant.pop(atMs + 10);
      }
      const { numbers, counters: counted } = redundant;
      const delays = redundant.popped.map(({ n, atMs }) => atMs - n * PTIME_MS - 30);
      const fresh = numbers.filter((n) => !useful.has(n));
      return (
        increasing(numbers) &&
        numbers.every((n) => arrived.has(n)) &&
        numbers.length >= plain.numbers.length - 3 &&
        counted.framesRecovered === fresh.length &&
        counted.packetsLate === 0 &&
        counted.packetsDuplicate === 0 &&
        counted.packetsDiscarded === 0 &&
        (loss > 0 || counted.framesRecovered === 0) &&
        Math.max(...delays) <= 80
      );
    }),
    CONFIG,
  );
  const stream = new Stream();
  stream.push(0, 0, { redundant: true });
  t.ok(stream.buffer.idle, 'a copy from before the start is ignored');
});

test('a hole is filled when its copy arrives before its turn', async (t) => {
  const stream = new Stream();
  for (let n = 0; n < 400; n++) {
    // Every tenth packet is slow, so all of them wait long enough for the copy in the next one.
    if (n % 10 === 4) stream.push(n - 3, n * PTIME_MS);
    if (n % 10 !== 1 && n % 10 !== 7) {
      stream.push(n - 1, n * PTIME_MS, { redundant: true });
      stream.push(n, n * PTIME_MS);
    }
    stream.pop(n * PTIME_MS + 10);
  }
  const settled = stream.numbers.filter((n) => n > 200);
  t.same(settled, range(201, settled.at(-1)! + 1));
  t.ok(stream.counters.framesRecovered >= 36, `${stream.counters.framesRecovered} of 40 recovered`);
});

test('a jump of the timestamp or the sequence number restarts the buffer at once', async (t) => {
  for (const [sequenceJump, timeJump] of [
    [0, 10_000],
    [0, -10_000],
    [5000, 0],
    [-5000, 0],
    [20_000, 1_000_000],
    [32_768, 2 ** 31 / FRAME_SAMPLES],
  ] as const) {
    const stream = new Stream(100, 1000);
    stream.runSmoothly(0, 100);
    for (let n = 100; n < 150; n++) {
      stream.push(n + sequenceJump, n * PTIME_MS, { time: n + timeJump, payload: payloadOf(n) });
      stream.pop(n * PTIME_MS + 10);
    }
    const after = stream.numbers.filter((n) => n >= 100);
    t.ok(after.length >= 47, `${sequenceJump}, ${timeJump}: ${after.length} of 50 played`);
    t.ok(increasing(after));
    t.ok(stream.buffer.delayMs <= 40);
  }
});

test('packets that are not Opus are refused and counted', async (t) => {
  const stream = new Stream();
  stream.push(0, 0, { payload: new Uint8Array(0) });
  stream.push(1, 0, { payload: Uint8Array.of(0xfb, 0) });
  stream.push(2, 0, { payload: Uint8Array.of(0xf9, 1, 2, 3) });
  t.equal(stream.counters.packetsDiscarded, 3);
  t.ok(stream.buffer.idle);
  stream.runSmoothly(3, 20);
  t.ok(stream.numbers.length > 14);
});

test('when full, the oldest make room, and even older ones are dropped at no cost', async (t) => {
  const stream = new Stream();
  // Packets of 2.5 ms.
  const push = (n: number) => stream.push(n, 0, { time: n / 8, payload: Uint8Array.of(0xe0, n, 0, 0) });
  for (let n = 1; n < 30; n++) push(n);
  push(0);
  for (let i = 0; i < 30; i++) stream.pop(PTIME_MS + i);
  t.same(stream.numbers, range(5, 30));
  t.equal(stream.counters.packetsDiscarded, 4);
  t.equal(stream.counters.packetsLate, 1);
  t.ok(!stream.playouts.includes('lost'));
});

test('after a reset nothing waits, and another stream can begin', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 20);
  stream.push(21, 420);
  stream.buffer.reset();
  t.ok(stream.buffer.idle);
  t.equal(stream.pop(450), 'idle');
  const { buffer } = stream;
  buffer.push(50_000, 3_000_000_000, payloadOf(777), -20, false, 500);
  for (let nowMs = 500; nowMs < 560; nowMs += PTIME_MS) stream.pop(nowMs);
  t.equal(stream.numbers.at(-1), 777);
});

test('packets wait for copies only where packets are lost and copies arrive', async (t) => {
  for (const [loss, copies] of [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ] as const) {
    const stream = new Stream();
    for (let n = 0; n < 400; n++) {
      if (!loss || n % 10 !== 5) {
        if (copies) stream.push(n - 1, n * PTIME_MS, { redundant: true });
        stream.push(n, n * PTIME_MS);
      }
      stream.pop(n * PTIME_MS + 10);
    }
    const target = stream.buffer.targetMs(400 * PTIME_MS);
    const waits = loss && copies;
    t.ok(waits ? target >= 20 && target <= 30 : target <= 10, `loss ${loss}, copies ${copies}: ${target} ms`);
  }
});

test('a loss of several packets counts each of them, in the counters and for the value of copies', async (t) => {
  const stream = new Stream();
  stream.push(0, 0, { redundant: true });
  for (let n = 1; n < 100; n++) {
    stream.push(n - 1, n * PTIME_MS, { redundant: true });
    stream.push(n, n * PTIME_MS);
    stream.pop(n * PTIME_MS + 10);
  }
  // One lost packet alone is not worth waiting for copies, but four are. The copy fills one hole of five.
  stream.push(103, 103 * PTIME_MS, { redundant: true });
  stream.push(104, 104 * PTIME_MS);
  for (let nowMs = 1990; nowMs < 2300; nowMs += PTIME_MS) stream.pop(nowMs);
  t.equal(stream.counters.packetsLost, 3);
  t.ok(stream.buffer.targetMs(2300) >= 20, `${stream.buffer.targetMs(2300)} ms`);
});

test('a duplicate packet is counted as one, and copies in other packets are not', async (t) => {
  const stream = new Stream();
  stream.push(0, 0);
  stream.push(1, 20);
  for (let i = 0; i < 3; i++) stream.push(1, 21);
  stream.push(1, 22, { redundant: true });
  t.match(stream.counters, { packetsDuplicate: 3, packetsDiscarded: 0, packetsLate: 0 });
  for (let nowMs = 0; nowMs < 200; nowMs += PTIME_MS) stream.pop(nowMs);
  t.same(stream.numbers, [0, 1]);
});

test('packets whose sequence numbers and timestamps contradict each other are refused and counted, and copies only refused', async (t) => {
  // The buffer has 10 at time 10 and 20 at time 20. Each of these contradicts one of them in number and time.
  for (const [n, time] of [
    [15, 9],
    [25, 15],
    [5, 15],
    [15, 21],
    [20, 19],
    [10, 11],
  ] as const) {
    const stream = new Stream();
    stream.push(10, 0);
    stream.push(20, 0);
    stream.push(n, 0, { time, redundant: true });
    t.match(stream.counters, { packetsDiscarded: 0, packetsDuplicate: 0 }, `copy ${n} at ${time}`);
    stream.push(n, 0, { time });
    t.match(stream.counters, { packetsDiscarded: 1, packetsDuplicate: 0 }, `packet ${n} at ${time}`);
  }
  const played = new Stream();
  played.runSmoothly(0, 50);
  played.push(40, 1000, { time: 52 });
  t.equal(played.counters.packetsDiscarded, 1, 'a number that was played, at a future time');
});

test('a packet dropped from a full buffer is late when it arrives again, and nothing waits for it', async (t) => {
  const stream = new Stream();
  stream.runSmoothly(0, 50);
  for (let n = 50; n < 80; n++) stream.push(n, 1000);
  const { packetsDiscarded, packetsLate } = stream.counters;
  t.ok(packetsDiscarded >= 5);
  stream.push(48 + packetsDiscarded, 1000);
  t.equal(stream.counters.packetsLate, packetsLate + 1);
  t.equal(stream.counters.packetsDiscarded, packetsDiscarded);
});

test('a packet older than all of a full buffer is dropped, and the waiting ones stay', async (t) => {
  const stream = new Stream();
  const push = (n: number) => stream.push(n, 0, { time: n / 8, payload: Uint8Array.of(0xe0, n, 0, 0) });
  for (let n = 10; n < 35; n++) push(n);
  push(5);
  t.equal(stream.counters.packetsDiscarded, 1);
  for (let i = 0; i < 30; i++) stream.pop(PTIME_MS + i);
  t.same(stream.numbers, range(10, 35));
});

test('when a later packet arrives first, the frames concealed before it are part of the loss', async (t) => {
  // The path becomes shorter during a loss, so the end of the loss arrives before its turn.
  for (const [waitedTicks, lost] of [
    [1, 3],
    [1, 4],
    [2, 4],
  ] as const) {
    const stream = new Stream();
    stream.runSmoothly(0, 100, 60);
    const startMs = 100 * PTIME_MS + 70;
    stream.pop(startMs);
    const from = stream.playouts.length;
    for (let tick = 1; tick <= waitedTicks; tick++) t.equal(stream.pop(startMs + tick * PTIME_MS), 'late');
    stream.push(100 + lost, startMs + waitedTicks * PTIME_MS + 5);
    let nowMs = startMs + waitedTicks * PTIME_MS;
    do nowMs += PTIME_MS;
    while (stream.pop(nowMs) !== 'packet' && nowMs < startMs + 1000);
    const concealed = stream.playouts.slice(from).filter((what) => what === 'late' || what === 'lost').length;
    t.equal(concealed, lost, `${waitedTicks} ticks without a packet, ${lost} lost`);
    t.equal(stream.numbers.at(-1), 100 + lost);
  }
});

test('for any network, a shortage is more than 2 ms, an excess more than a tick, and there are never both', async (t) => {
  let [shortages, excesses] = [0, 0];
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(3, 20, 80), (salt, jitterMs) => {
      const prng = createPrng(salt);
      const stream = new Stream();
      t.notOk(stream.buffer.hasShortage(0) || stream.buffer.hasExcess(0));
      for (let n = 0; n < 200; n++) {
        const nowMs = n * PTIME_MS + 40 + jitterMs * prng() ** 4;
        stream.push(n, nowMs);
        stream.pop(nowMs + 10);
        const excessMs = stream.buffer.delayMs - stream.buffer.targetMs(nowMs + 10);
        const [shortage, excess] = [stream.buffer.hasShortage(nowMs + 10), stream.buffer.hasExcess(nowMs + 10)];
        const isPlaying = stream.playouts.includes('packet') && stream.playouts.at(-1) !== 'idle';
        if (isPlaying && (shortage !== excessMs < -2 || excess !== excessMs > PTIME_MS)) return false;
        shortages += shortage ? 1 : 0;
        excesses += excess ? 1 : 0;
      }
      stream.buffer.pause();
      return !stream.buffer.hasShortage(5000) && !stream.buffer.hasExcess(5000);
    }),
    CONFIG,
  );
  t.ok(shortages > 0 && excesses > 0, `${shortages} and ${excesses}`);
});

test('a packet is handed out with its level, its duration and whether only its copy arrived', async (t) => {
  const buffer = new JitterBuffer(counters());
  const packets = [
    { payload: Uint8Array.of(0xf8, 1, 2, 3), levelDbov: -10, durationSamples: 960, recovered: false },
    { payload: Uint8Array.of(0xf9, 1, 2), levelDbov: null, durationSamples: 1920, recovered: true },
    { payload: Uint8Array.of(0xf0, 9, 9), levelDbov: -127, durationSamples: 480, recovered: false },
  ];
  let timestamp = 0;
  for (const [n, { payload, levelDbov, durationSamples, recovered }] of packets.entries()) {
    buffer.push(n, timestamp, payload, levelDbov, recovered, 0);
    timestamp += durationSamples;
  }
  t.notOk(buffer.empty);
  for (const wanted of packets) {
    t.equal(buffer.pop(40), 'packet');
    t.match(buffer.packet, wanted);
  }
  t.ok(buffer.empty && !buffer.idle, 'it still plays');
});

test('for any packets at all: nothing throws, nothing grows, order holds, and a good stream is soon played', async (t) => {
  const hostile = fc.record({
    sequenceNumber: fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 30 })),
    timestamp: fc.oneof(
      fc.constant(5000),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.integer({ min: 0, max: 40 }).map((n) => n * FRAME_SAMPLES),
    ),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constant(Uint8Array.of(0xf8, 1, 2, 3)),
      fc.constant(Uint8Array.of(0x18, 9, 9)),
    ),
    redundant: fc.boolean(),
    pops: fc.nat(3),
    afterMs: fc.oneof(fc.nat(30), fc.constant(3000)),
  });
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 120 }), (packets) => {
      const counted = counters();
      const buffer = new JitterBuffer(counted);
      let nowMs = 0;
      let pushed = 0;
      let played = 0;
      for (const { sequenceNumber, timestamp, payload, redundant, pops, afterMs } of packets) {
        buffer.push(sequenceNumber, timestamp, payload, null, redundant, nowMs);
        pushed++;
        for (let i = 0; i < pops; i++) if (buffer.pop(nowMs) === 'packet') played++;
        nowMs += afterMs;
        if (buffer.targetMs(nowMs) > 202) return false;
      }
      let idleAfter = 0;
      for (; !buffer.idle && idleAfter < 2000; idleAfter++) {
        nowMs += PTIME_MS;
        if (buffer.pop(nowMs) === 'packet') played++;
      }
      if (played > pushed || idleAfter > 400) return false;
      // A stream with unrelated counters, as after a change of device.
      let good = 0;
      for (let n = 0; n < 60; n++) {
        buffer.push((40_000 + n) & 0xffff, 2_500_000_000 + n * FRAME_SAMPLES, payloadOf(n), null, false, nowMs);
        if (buffer.pop(nowMs + 10) === 'packet') good++;
        nowMs += PTIME_MS;
      }
      return good >= 40 && counted.packetsLost >= 0;
    }),
    { seed: SEED, numRuns: cases(400) },
  );
  t.pass();
});

test('in an honest stream every lost packet is counted, even over outages of some seconds', async (t) => {
  const frames = 1500;
  const outage = fc.record({ from: fc.integer({ min: 20, max: 1000 }), length: fc.integer({ min: 1, max: 250 }) });
  const stream = fc.record({ salt: fc.nat(), loss: fc.constantFrom(0, 0.02, 0.3), start: fc.nat(0xffff), outage });
  fc.assert(
    fc.property(stream, ({ salt, loss, start, outage: { from, length } }) => {
      const prng = createPrng(SEED + salt);
      const received = range(0, frames).filter(
        (n) => n === 0 || n >= frames - 30 || ((n < from || n >= from + length) && prng() >= loss),
      );
      const line = new Stream(start, start * FRAME_SAMPLES);
      const arrivals = received.map((n) => ({ n, atMs: n * PTIME_MS + 5 }));
      deliver(line, arrivals, (frames + 20) * PTIME_MS);
      return line.counters.packetsLost === frames - received.length;
    }),
    { ...CONFIG, numRuns: cases(60) },
  );
  t.pass();
});

test('a sender that jumps ahead in sequence numbers has lost nothing', async (t) => {
  for (const jump of [60, 999, 1001, 30_000]) {
    const stream = new Stream();
    stream.runSmoothly(0, 500);
    for (let n = 500; n < 1000; n++) {
      stream.push(500 + (n - 500) * jump, n * PTIME_MS, { time: n });
      stream.pop(n * PTIME_MS + 10);
    }
    // The margin explains one small jump.
    const atMost = jump === 60 ? jump : 0;
    t.ok(stream.counters.packetsLost <= atMost, `${stream.counters.packetsLost} lost by jumps of ${jump}`);
  }
});

test('timestamp jumps on top cannot claim more losses than there was time for', async (t) => {
  const stream = new Stream();
  for (let i = 0; i < 500; i++) {
    stream.push(i * 200, i * PTIME_MS, { time: i * 200 });
    stream.pop(i * PTIME_MS + 10);
  }
  t.ok(stream.counters.packetsLost <= 500 * 1.002 + 50, `${stream.counters.packetsLost} lost of 500 in ten seconds`);
});

test('a copy of a packet far ahead neither restarts the buffer nor says anything about loss', async (t) => {
  const stream = new Stream();
  t.equal(stream.buffer.delayMs, 0, 'nothing has waited');
  stream.runSmoothly(0, 100);
  // Nobody can have sent this many in 20 ms.
  for (const ahead of [400, 900]) stream.push(100 + ahead, 100 * PTIME_MS, { redundant: true });
  for (let n = 100; n < 150; n++) {
    stream.push(n, n * PTIME_MS);
    stream.pop(n * PTIME_MS + 10);
  }
  t.same(stream.numbers.slice(-45), range(stream.numbers.at(-1)! - 44, stream.numbers.at(-1)! + 1));
  t.ok(stream.numbers.at(-1)! >= 147);
  t.equal(stream.counters.packetsLost, 0);
});

test('a packet that fills a hole in a full buffer comes in its place, and the oldest makes room for it', async (t) => {
  const stream = new Stream();
  const push = (n: number) => stream.push(n, 0, { time: n / 8, payload: Uint8Array.of(0xe0, n, 0, 0) });
  for (const n of range(10, 36)) if (n !== 20) push(n);
  push(20);
  t.equal(stream.counters.packetsDiscarded, 1);
  for (let i = 0; i < 30; i++) stream.pop(PTIME_MS + i);
  t.same(stream.numbers, range(11, 36));
});

test('two packets lost in a row make copies worth waiting for, and one alone does not', async (t) => {
  for (const lost of [1, 2]) {
    const stream = new Stream();
    stream.push(0, 0, { redundant: true });
    for (let n = 1; n < 100; n++) {
      stream.push(n - 1, n * PTIME_MS, { redundant: true });
      stream.push(n, n * PTIME_MS);
      stream.pop(n * PTIME_MS + 10);
    }
    stream.push(100 + lost, (100 + lost) * PTIME_MS);
    for (let nowMs = 1990; nowMs < 2200; nowMs += PTIME_MS) stream.pop(nowMs);
    t.equal(stream.counters.packetsLost, lost);
    t.equal(stream.buffer.targetMs(2200) >= PTIME_MS, lost === 2, `${stream.buffer.targetMs(2200)} ms`);
  }
});
