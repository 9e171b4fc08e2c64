import { test } from 'tap';
import type { EndpointEvents } from '../../../src/media/endpoint.ts';
import type { RelayedParameters } from '../../../src/media/relayed.ts';
import { RelayedEndpoint } from '../../../src/media/worker/relayed-endpoint.ts';
import { createVoiceCounters } from '../../../src/rtc/webrtc-counters.ts';
import { payloadOf } from '../../helpers/packet-stream.ts';

const FRAME = 960;
/** CELT of 2.5, 10 and 60 ms (three frames). */
const [SHORT, TEN, SIXTY] = [Uint8Array.of(0xe0, 1), Uint8Array.of(0xf0, 1), Uint8Array.of(0xfb, 3, 1, 2, 3)];

function setUp(given: Partial<RelayedParameters> = {}, isTaken = true) {
  const log: unknown[] = [];
  const relayed: unknown[] = [];
  const events: EndpointEvents = {
    sourceChanged: () => log.push('source'),
    directionChanged: () => {},
    packet: ({ sequenceNumber, timestamp, payload, levelDbov }, nowMs) =>
      log.push([sequenceNumber, timestamp, payload[1], levelDbov, nowMs]),
    silent: () => log.push('silent'),
    moved: () => log.push('moved'),
    closed: () => log.push('closed'),
  };
  let closings = 0;
  const endpoint = new RelayedEndpoint({
    id: 7,
    parameters: { speaks: true, listens: true, ...given },
    events,
    relay: (...packet) => {
      relayed.push(packet);
      return isTaken;
    },
    onClosed: () => closings++,
  });
  const enqueue = (payload: Uint8Array, levelDbov: number | null = null) =>
    endpoint.enqueue({ sequenceNumber: 9, timestamp: 9, payload, levelDbov, redundant: false });
  const arrive = (n: number, startsStream = false) =>
    endpoint.receive(
      { sequenceNumber: n, timestamp: 5 * n, payload: payloadOf(n), levelDbov: -n, redundant: false },
      ...([startsStream, 1000 + n] as const),
    );
  const counters = () => {
    const totals = createVoiceCounters();
    endpoint.countInto(totals);
    return totals;
  };
  return { endpoint, log, relayed, enqueue, arrive, counters, closings: () => closings };
}

test('packets that are not queued are played as they arrive', (t) => {
  const { log, arrive, counters } = setUp();
  arrive(1);
  arrive(3, true);
  t.same(log, [[1, 5, 1, -1, 1001], 'source', [3, 15, 3, -3, 1003]]);
  t.match(counters(), { packetsIn: 2, bytesIn: 8, packetsRejected: 0 });
  t.end();
});

test('queued packets are played one a tick, whenever they came, in a stream of their own', (t) => {
  const { endpoint, log, enqueue } = setUp();
  for (let n = 0; n < 3; n++) enqueue(payloadOf(n), -40);
  for (let tick = 100; tick < 105; tick++) endpoint.play(tick, 20 * tick);
  t.same(
    log,
    [0, 1, 2].map((n) => [n + 1, (100 + n) * FRAME, n, -40, 20 * (100 + n)]),
  );
  // A pause is one in the timestamps, not in the numbers.
  enqueue(payloadOf(7));
  endpoint.play(120, 2400);
  t.same(log.at(-1), [4, 120 * FRAME, 7, null, 2400]);
  t.end();
});

test('packets of any duration keep their time', (t) => {
  const { endpoint, log, enqueue } = setUp();
  for (const payload of [SIXTY, TEN, TEN, ...Array<Uint8Array>(8).fill(SHORT), SIXTY]) enqueue(payload);
  const perTick = Array.from({ length: 6 }, (_, i) => {
    log.length = 0;
    endpoint.play(i, 0);
    return log.map((entry) => (entry as number[])[1]);
  });
  t.same(
    perTick.slice(0, 4),
    [[0], [], [], [3 * FRAME]].map((row, i) => (i < 3 ? row : [2880])),
  );
  t.same(perTick[4], [3840 - 480].concat([3840]));
  t.same(perTick[5], [120, 240, 360, 480, 600, 720, 840, 960].map((more) => 3840 + more).slice(0, 8));
  t.end();
});

test('after skipped ticks what is late is caught up, unless it is much', (t) => {
  const { endpoint, log, enqueue } = setUp();
  for (let n = 0; n < 60; n++) enqueue(payloadOf(n));
  endpoint.play(10, 0);
  log.length = 0;
  endpoint.play(14, 0);
  t.same(
    log.map((entry) => (entry as number[])[1]),
    [11, 12, 13, 14].map((tick) => tick * FRAME),
  );
  log.length = 0;
  endpoint.play(30, 0);
  t.same(
    log.map((entry) => (entry as number[])[1]),
    [30 * FRAME],
  );
  t.end();
});

test('the end of what is queued is known, and so is what was cleared', (t) => {
  const { endpoint, log, enqueue } = setUp();
  t.equal(endpoint.takePlayed(), undefined);
  for (let n = 0; n < 5; n++) enqueue(payloadOf(n));
  t.equal(endpoint.takePlayed(), undefined);
  endpoint.play(0, 0);
  t.equal(endpoint.takePlayed(), FRAME);
  t.equal(endpoint.takePlayed(), undefined);
  endpoint.clear();
  t.equal(endpoint.takePlayed(), 5 * FRAME);
  t.equal(log.at(-1), 'source', 'what sounds fades');
  log.length = 0;
  for (let tick = 1; tick < 9; tick++) endpoint.play(tick, 0);
  t.same(log, []);
  t.end();
});

test('the queue is bounded, and what does not fit counts as played', (t) => {
  const { endpoint, enqueue, counters } = setUp();
  for (let n = 0; n < 5000; n++) enqueue(SHORT);
  t.match(counters(), { packetsIn: 4000, packetsRejected: 1000 });
  t.equal(endpoint.takePlayed(), 1000 * 120);
  t.end();
});

test('the mix is relayed to those who listen, and counted if it is taken', (t) => {
  const payload = payloadOf(1);
  for (const [given, isTaken, sent, counted] of [
    [{}, true, 1, 1],
    [{}, false, 1, 0],
    [{ listens: false }, true, 0, 0],
  ] as const) {
    const { endpoint, relayed, counters } = setUp(given, isTaken);
    endpoint.send(payload, 2 ** 32 + 960, true, 0);
    t.same(relayed, Array(sent).fill([7, payload, 960, true]));
    t.match(counters(), { packetsOut: counted, bytesOut: 4 * counted });
    t.equal(endpoint.sends, given !== undefined && !('listens' in given));
  }
  t.end();
});

test('nothing is heard of those who do not speak, nor what is no Opus, nor after the end', (t) => {
  const silent = setUp({ speaks: false });
  silent.arrive(1);
  silent.enqueue(payloadOf(2));
  silent.endpoint.play(1, 0);
  t.same(silent.log, []);
  t.match(silent.counters(), { packetsIn: 0, packetsRejected: 2 });
  t.equal(silent.endpoint.takePlayed(), FRAME);
  t.equal(silent.endpoint.receives, false);

  const { endpoint, log, enqueue, arrive, relayed, counters, closings } = setUp({ takesStereo: true });
  t.equal(endpoint.takesStereo, true);
  for (const payload of [new Uint8Array(0), Uint8Array.of(3)]) enqueue(payload);
  endpoint.play(1, 0);
  t.match(counters(), { packetsRejected: 2 });
  enqueue(payloadOf(1));
  endpoint.close();
  endpoint.close();
  t.equal(closings(), 1);
  arrive(1);
  enqueue(payloadOf(1));
  endpoint.play(2, 0);
  endpoint.send(payloadOf(1), 0, false, 0);
  endpoint.housekeeping();
  t.same([log, relayed], [[], []]);
  t.same([endpoint.protocol, endpoint.network], [null, { incoming: null, outgoing: null, roundTripMs: null }]);
  t.end();
});

test('a tap sees what is played and what is sent, until it is removed', (t) => {
  const { endpoint, arrive, enqueue } = setUp();
  const seen: unknown[] = [];
  const see = (direction: string) => (packet: Uint8Array, _: unknown, nowMs: number) =>
    seen.push([direction, packet.length, nowMs]);
  endpoint.setTap({ received: see('in'), sent: see('out'), flush: () => {} });
  arrive(1);
  enqueue(SIXTY);
  endpoint.play(5, 100);
  endpoint.send(TEN, 960, true, 120);
  const all = [
    ['in', 12 + payloadOf(1).length, 1001],
    ['in', 12 + SIXTY.length, 100],
    ['out', 12 + TEN.length, 120],
  ];
  t.same(seen, all);
  endpoint.setTap(null);
  arrive(2);
  endpoint.send(TEN, 1920, false, 140);
  t.same(seen, all);
  t.end();
});
