import { test } from 'tap';
import { MEDIA_COUNTERS, MEDIA_GAUGES, MEDIA_HISTOGRAMS } from '../../../src/media/statistics.ts';
import { type EngineState, EngineStats } from '../../../src/media/worker/engine-stats.ts';
import type { RoomMember } from '../../../src/media/worker/member.ts';
import type { MixedRoom } from '../../../src/media/worker/room.ts';
import { CodecPool } from '../../../src/mixer/codec/codec-pool.ts';
import type { Speaker } from '../../../src/mixer/mix/mix-participant.ts';
import { FakeEndpoint } from '../../helpers/fake-endpoint.ts';
import { PlainCodec } from '../../helpers/plain-codec.ts';

const NO_EVENTS = {
  packet: () => {},
  sourceChanged: () => {},
  directionChanged: () => {},
  silent: () => {},
  moved: () => {},
  closed: () => {},
};

/** A member who is connected like this and has received and sent so much. */
function member(protocol: FakeEndpoint['protocol'], counters: FakeEndpoint['counters'] = {}): RoomMember {
  return { endpoint: Object.assign(new FakeEndpoint(NO_EVENTS), { protocol, counters }) } as unknown as RoomMember;
}

function room(...speakers: readonly Omit<Speaker, 'levelDbov'>[]): MixedRoom {
  const forEachSpeaker = (visit: (participant: unknown, speaker: unknown) => void) => {
    for (const speaker of speakers) visit({}, speaker);
  };
  return { mixer: { forEachSpeaker } } as unknown as MixedRoom;
}

/** Everything in it has a figure of its own. */
function stateOf(changes: Partial<Record<keyof EngineState, unknown>> = {}): EngineState {
  const pool = new CodecPool(new PlainCodec(), () => 0);
  const encoder = { bitrate: 1, complexity: 1 };
  for (let i = 0; i < 2; i++) pool.takeEncoder(encoder);
  for (let i = 0; i < 3; i++) pool.takeDecoder();
  return {
    ticksSkipped: 11,
    rooms: new Map([1, 2, 3, 4].map((id) => [id, room()])),
    members: new Map([1, 2, 3, 4, 5].map((id) => [id, member(id < 3 ? 'tcp' : id < 5 ? 'udp' : null)])),
    overload: { runningShare: 0.41, waitingShare: 0.42, level: 2, transitions: 13 },
    starvation: { isStarved: true },
    pool,
    port: {
      udpCounters: { datagramsIn: 21, sendFailures: 22, socketErrors: 23 },
      tcp: { connectionCount: { all: 24 }, counters: { accepted: 25, refused: 26 } },
      tcpPacketsDropped: 27,
    },
    demultiplexer: {
      pathCount: 31,
      counters: { unknownKind: 1000, unknownUfrag: 200, unknownAddress: 30, foreignAddress: 4, roaming: 50_000 },
    },
    relayed: { size: 6, dropped: 28 },
    tapped: { dropped: 29 },
    ...changes,
  } as EngineState;
}

test('a snapshot has every figure that the tables describe, and no other', async (t) => {
  const { gauges, counters, histograms } = new EngineStats().snapshot(stateOf());
  for (const [figures, table] of [
    [gauges, MEDIA_GAUGES],
    [counters, MEDIA_COUNTERS],
    [histograms, MEDIA_HISTOGRAMS],
  ] as const)
    t.same(Object.keys(figures).sort(), Object.keys(table).sort());
  for (const [name, value] of [...Object.entries(gauges), ...Object.entries(counters)])
    t.ok(Number.isFinite(value), name);
});

test('each figure comes from where it is counted', async (t) => {
  const stats = new EngineStats();
  stats.tickFailures = 12;
  const { gauges, counters } = stats.snapshot(stateOf());
  t.match(gauges, {
    rooms: 4,
    connections: 5,
    connectionsOverTcp: 2,
    connectionsRelayed: 6,
    paths: 31,
    tcpSockets: 24,
    encodersInUse: 2,
    decodersInUse: 3,
    talkers: 0,
    talkersUnheard: 0,
    jitterBufferDelayMs: 0,
    utilization: 0.41,
    waitingShare: 0.42,
    overloadLevel: 2,
    starved: 1,
  });
  t.ok(gauges.heapUsedBytes > 1e6);
  t.match(counters, {
    ticks: 0,
    ticksSkipped: 11,
    tickFailures: 12,
    overloadTransitions: 13,
    datagramsIn: 21,
    sendFailures: 22,
    tcpAccepted: 25,
    tcpRefused: 26,
    tcpPacketsDropped: 27,
    relayedPacketsDropped: 28,
    tappedPacketsDropped: 29,
    // Media that roams is not dropped.
    datagramsDropped: 1234,
  });
  const without = stateOf({
    starvation: { isStarved: false },
    port: { udpCounters: { datagramsIn: 0, sendFailures: 0 }, tcp: null, tcpPacketsDropped: 0 },
  });
  const { gauges: fewer, counters: less } = stats.snapshot(without);
  t.match([fewer.starved, fewer.tcpSockets, less.tcpAccepted, less.tcpRefused], [0, 0, 0, 0]);
});

test('voice is counted over members who are here and who have left', async (t) => {
  const stats = new EngineStats();
  Object.assign(stats.closed, { packetsIn: 1, bytesIn: 2, packetsOut: 3, bytesOut: 4 });
  Object.assign(stats.closed, { redundantPacketsOut: 5, packetsRejected: 6 });
  const counters = { packetsIn: 10, bytesIn: 20, packetsOut: 30, bytesOut: 40, redundantPacketsOut: 50 };
  const members = new Map([
    [1, member('udp', { ...counters, packetsRejected: 60 })],
    [2, member('udp', { packetsIn: 100 })],
  ]);
  for (let i = 0; i < 2; i++) {
    t.match(stats.snapshot(stateOf({ members })).counters, {
      rtpPacketsIn: 111,
      rtpBytesIn: 22,
      rtpPacketsOut: 33,
      rtpBytesOut: 44,
      redundantPacketsOut: 55,
      srtpRejected: 66,
    });
  }
});

test('talkers of all rooms are counted, and their delay is a mean', async (t) => {
  const rooms = new Map([
    [1, room({ admitted: true, jitterBufferDelayMs: 40 }, { admitted: false, jitterBufferDelayMs: 20 })],
    [2, room()],
    [3, room({ admitted: true, jitterBufferDelayMs: 90 })],
  ]);
  const { gauges } = new EngineStats().snapshot(stateOf({ rooms }));
  t.match(gauges, { rooms: 3, talkers: 3, talkersUnheard: 1, jitterBufferDelayMs: 50 });
});

test('the time of a tick is divided into mixing, encoding and sending, in seconds', async (t) => {
  const stats = new EngineStats();
  stats.observeTick({ latenessMs: 3, totalMs: 9, encodeMs: 4, sendMs: 2 });
  stats.observeTick({ latenessMs: 1, totalMs: 5, encodeMs: 1, sendMs: 1 });
  const { histograms, counters, gauges } = stats.snapshot(stateOf());
  t.equal(counters.ticks, 2);
  const sums = { tickLatenessSeconds: 4, tickSeconds: 14, mixSeconds: 6, encodeSeconds: 5, sendSeconds: 3 } as const;
  for (const [name, ms] of Object.entries(sums)) {
    const { sum, count } = histograms[name as keyof typeof sums];
    t.ok(Math.abs(sum - ms / 1000) < 1e-9, `${name}: ${sum}`);
    t.equal(count, 2);
  }
  t.equal(gauges.tickLatenessMaxMs, 3);
  t.equal(stats.snapshot(stateOf()).gauges.tickLatenessMaxMs, 0, 'since the last snapshot');
  stats.observeTick({ latenessMs: 2, totalMs: 5, encodeMs: 1, sendMs: 1 });
  t.equal(stats.snapshot(stateOf()).gauges.tickLatenessMaxMs, 2);
});

test('reports of both directions go into histograms of their own, and the round trip comes from those of participants', async (t) => {
  const stats = new EngineStats();
  stats.observeReport('incoming', { lossRatio: 0.1, jitterMs: 20 }, 999);
  stats.observeReport('outgoing', { lossRatio: 0.3, jitterMs: 70 }, 50);
  stats.observeReport('outgoing', { lossRatio: 0.3, jitterMs: 10 }, null);
  const { histograms } = stats.snapshot(stateOf());
  const figures = (name: keyof typeof histograms) => [histograms[name].count, Math.round(1000 * histograms[name].sum)];
  t.same(figures('incomingLossRatio'), [1, 100]);
  t.same(figures('incomingJitterSeconds'), [1, 20]);
  t.same(figures('outgoingLossRatio'), [2, 600]);
  t.same(figures('outgoingJitterSeconds'), [2, 80]);
  t.same(figures('roundTripSeconds'), [1, 50]);
});
