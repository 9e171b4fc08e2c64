import * as fc from 'fast-check';
import { test } from 'tap';
import { ReceiveStatistics } from '../../../src/rtc/rtp/receive-statistics.ts';
import { ntpMiddle, parseRtcp, type ReceptionReport, toNtp, writeReport } from '../../../src/rtc/rtp/rtcp.ts';
import { type ReportOptions, RtcpSession } from '../../../src/rtc/rtp/rtcp-session.ts';

const OURS = 42;
const THEIRS = 9;
const CNAME = 'mixer';
const REPORT: ReceptionReport = {
  ssrc: OURS,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequenceNumber: 0x1_0005,
  jitter: 99,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65_536,
};
const NOTHING_SENT = { packets: 0, bytes: 0, timestamp: 0, atMs: 0 };
const EPOCH_MS = Date.UTC(2026, 0, 1);
/** RFC 3550 section 6.6: version 2, one source, type 203, one more word, source 42. */
const BYE = [0x81, 203, 0, 1, 0, 0, 0, OURS];

/** A session, with the packets and the view of its peer. */
function setUp({ random = (): number => 0.5, nowMs = 0 } = {}) {
  const session = new RtcpSession({ ssrc: OURS, cname: CNAME, nowMs, random });
  const bytes = Buffer.alloc(300);
  const write = (options: Partial<ReportOptions> = {}): Buffer => {
    const defaults = { sent: NOTHING_SENT, peer: null, nowMs: 0, wallNowMs: EPOCH_MS, kind: 'report' } as const;
    return Buffer.from(bytes.subarray(0, session.write(bytes, { ...defaults, ...options })));
  };
  const hear = (report: Partial<ReceptionReport>, atMs = 0) => {
    const datagram = Buffer.alloc(100);
    const length = writeReport(datagram, 0, THEIRS, null, [{ ...REPORT, ...report }]);
    return session.receive(datagram, length, THEIRS, atMs);
  };
  const hearSenderReport = (ssrc: number, seconds: number, atMs: number) => {
    const datagram = Buffer.alloc(100);
    const ntp = { seconds, fraction: 0x8000_0000 };
    const length = writeReport(datagram, 0, ssrc, { ntp, rtpTimestamp: 0, packetCount: 1, octetCount: 1 }, []);
    return session.receive(datagram, length, THEIRS, atMs);
  };
  /** The report about the peer that we write at this time. */
  const reportAt = (atMs: number, statistics = new ReceiveStatistics(48_000)) => {
    const written = write({ peer: { ssrc: THEIRS, statistics }, nowMs: atMs });
    return parseRtcp(written, written.length)!.reports[0]!;
  };
  return { session, write, hear, hearSenderReport, reportAt };
}

/** The packet types in a compound. */
function typesOf(compound: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < compound.length; at += 4 + compound.readUInt16BE(at + 2) * 4) types.push(compound[at + 1]!);
  return types;
}

test('a report is due four to six seconds after the previous one', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(100_000), (drawn, startMs) => {
      const { session, write } = setUp({ random: () => drawn, nowMs: startMs });
      const intervalMs = 4000 + 2000 * drawn;
      return [startMs, startMs + 7777].every((fromMs) => {
        if (fromMs !== startMs) write({ nowMs: fromMs });
        return !session.isDue(fromMs + intervalMs - 0.01) && session.isDue(fromMs + intervalMs + 0.01);
      });
    }),
  );
  const { session } = setUp();
  t.ok(session.isDue(5000), 'and not a moment later');
  t.end();
});

test('a compound begins with a report, identifies us, and ends with BYE only at the end', (t) => {
  const { write } = setUp();
  const sent = { packets: 1, bytes: 80, timestamp: 960, atMs: 0 };
  t.same(typesOf(write()), [201, 202]);
  t.same(typesOf(write({ sent })), [200, 202]);
  t.same(typesOf(write({ sent })), [201, 202], 'nothing was sent since');
  t.same(typesOf(write({ sent: { ...sent, packets: 2 } })), [200, 202]);
  const last = write({ sent: { ...sent, packets: 2 }, kind: 'bye' });
  t.same(typesOf(last), [201, 202, 203]);
  t.same([...last.subarray(-BYE.length)], BYE);
  t.ok(last.includes(CNAME));
  t.equal(last.readUInt32BE(4), OURS);
  t.end();
});

test('a sender report has the sent counts, modulo 2^32, and the RTP time of this moment', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        packets: fc.integer({ min: 1, max: 2 ** 40 }),
        bytes: fc.nat(2 ** 40),
        timestamp: fc.nat(0xffff_ffff),
        atMs: fc.nat(100_000),
      }),
      fc.nat(10_000),
      fc.nat(10 ** 9),
      (sent, sinceMs, wallMs) => {
        const { write } = setUp();
        const wallNowMs = EPOCH_MS + wallMs;
        const compound = write({ sent, nowMs: sent.atMs + sinceMs, wallNowMs });
        const { senderReports } = parseRtcp(compound, compound.length)!;
        const { ssrc, ntpMiddle: middle, rtpTimestamp } = senderReports[0]!;
        return (
          ssrc === OURS &&
          middle === ntpMiddle(toNtp(wallNowMs)) &&
          rtpTimestamp === (sent.timestamp + sinceMs * 48) % 2 ** 32 &&
          compound.readUInt32BE(20) === sent.packets % 2 ** 32 &&
          compound.readUInt32BE(24) === sent.bytes % 2 ** 32
        );
      },
    ),
  );
  t.end();
});

test('a round trip is computed from the report that answers one of our last four', (t) => {
  const { session, write, hear } = setUp();
  const middles = Array.from({ length: 6 }, (_, i) => {
    const nowMs = 5000 * (i + 1);
    const sent = { packets: i + 1, bytes: 80, timestamp: 960, atMs: nowMs };
    const compound = write({ sent, nowMs, wallNowMs: EPOCH_MS + nowMs });
    return parseRtcp(compound, compound.length)!.senderReports[0]!.ntpMiddle;
  });
  const answer = (which: number, roundTripMs: number, heldMs: number) =>
    hear(
      { lastSenderReport: middles[which]!, delaySinceLastSenderReport: (heldMs * 65_536) / 1000 },
      5000 * (which + 1) + roundTripMs + heldMs,
    );
  const isAbout = (ms: number) => t.ok(Math.abs(session.roundTripMs! - ms) < 0.1, `${ms}: ${session.roundTripMs}`);
  for (const tooOld of [0, 1]) answer(tooOld, 30, 0);
  t.equal(session.roundTripMs, null, 'the first ones are forgotten');
  for (const which of [5, 2, 3, 4]) {
    answer(which, 80 + which, 1000);
    isAbout(80 + which);
  }
  hear({ lastSenderReport: 0 }, 40_000);
  isAbout(84);
  hear({ lastSenderReport: middles[5]!, delaySinceLastSenderReport: 65_536 * 60 }, 40_000);
  t.equal(session.roundTripMs, 0, 'whatever the peer claims');
  t.end();
});

test('after the wall clock is set, reports use the new time, RTP time continues, and a round trip is not shortened', (t) => {
  const { session, write, hear } = setUp();
  const reportAt = (nowMs: number, wallNowMs: number) => {
    const sent = { packets: nowMs, bytes: nowMs, timestamp: nowMs * 48, atMs: nowMs };
    const compound = write({ sent, nowMs, wallNowMs });
    return parseRtcp(compound, compound.length)!.senderReports[0]!;
  };
  const first = reportAt(5000, EPOCH_MS + 5000);
  for (const [nowMs, stepMs] of [
    [10_000, 7_200_000],
    [15_000, -3_600_000],
  ] as const) {
    const report = reportAt(nowMs, EPOCH_MS + nowMs + stepMs);
    t.equal(report.ntpMiddle, ntpMiddle(toNtp(EPOCH_MS + nowMs + stepMs)), 'the time is the new one');
    t.equal(report.rtpTimestamp - first.rtpTimestamp, (nowMs - 5000) * 48, 'RTP time is not affected');
    hear({ lastSenderReport: report.ntpMiddle, delaySinceLastSenderReport: 0 }, nowMs + 30);
    t.ok(Math.abs(session.roundTripMs! - 30) < 0.1);
  }
  t.end();
});

test("our report says when the peer's last one arrived", (t) => {
  const { session, hearSenderReport, reportAt } = setUp();
  t.match(reportAt(500), { ssrc: THEIRS, lastSenderReport: 0, delaySinceLastSenderReport: 0 });
  hearSenderReport(THEIRS, 1, 1000);
  hearSenderReport(THEIRS + 1, 2, 1100);
  t.match(reportAt(1500), { lastSenderReport: 0x0001_8000, delaySinceLastSenderReport: 32_768 }, 'not another source');
  hearSenderReport(THEIRS, 3, 2000);
  t.match(reportAt(2250), { lastSenderReport: 0x0003_8000, delaySinceLastSenderReport: 16_384 });
  session.forgetPeer();
  t.match(reportAt(2500), { lastSenderReport: 0, delaySinceLastSenderReport: 0 });
  t.end();
});

test('our report has the statistics of the peer, and they are kept until there are new ones', (t) => {
  const { session, write, reportAt } = setUp();
  const statistics = new ReceiveStatistics(48_000);
  reportAt(0, statistics);
  t.equal(session.network.incoming, null, 'nothing has arrived');
  for (const n of [10, 11, 12, 13, 15, 16, 18, 19]) statistics.receive(n, n * 960, n * 20 + (n % 2) * 5);
  t.match(reportAt(5000, statistics), {
    ssrc: THEIRS,
    fractionLost: 51,
    cumulativeLost: 2,
    highestSequenceNumber: 19,
    jitter: statistics.jitter,
  });
  const { incoming } = session.network;
  t.strictSame(incoming, { lossRatio: 51 / 256, jitterMs: statistics.jitter / 48 });
  reportAt(10_000, statistics);
  t.equal(session.network.incoming, incoming);
  for (const n of [20, 21]) statistics.receive(n, n * 960, n * 20);
  reportAt(15_000, statistics);
  t.match(session.network.incoming, { lossRatio: 0 });
  const compound = write();
  t.same(parseRtcp(compound, compound.length)!.reports, [], 'without a peer there is no report');
  t.end();
});

test('the state of our stream comes from the reports about it', (t) => {
  const { session, hear } = setUp();
  t.same(session.network, { incoming: null, outgoing: null, roundTripMs: null });
  hear({ ssrc: OURS + 1, fractionLost: 200 });
  t.equal(session.network.outgoing, null, 'that was about another source');
  hear({ fractionLost: 64, jitter: 4800 });
  t.strictSame(session.network.outgoing, { lossRatio: 0.25, jitterMs: 100 });
  t.notOk(session.lossTrigger.on);
  hear({ fractionLost: 64, jitter: 0xffff_ffff });
  t.strictSame(session.network.outgoing, { lossRatio: 0.25, jitterMs: 10_000 }, 'whatever the peer claims');
  t.ok(session.lossTrigger.on, 'two bad reports turn redundancy on');
  for (let atMs = 0; atMs <= 30_000; atMs += 5000) hear({ fractionLost: 0 }, atMs);
  t.notOk(session.lossTrigger.on, 'and half a minute of good ones turns it off');
  t.end();
});

test('a malformed report is refused and changes nothing', (t) => {
  const { session } = setUp();
  t.notOk(session.receive(Buffer.from([1, 2, 3]), 3, THEIRS, 0));
  const datagram = Buffer.alloc(100);
  const length = writeReport(datagram, 0, THEIRS, null, [REPORT]);
  t.notOk(session.receive(datagram, length - 4, THEIRS, 0));
  t.equal(session.network.outgoing, null);
  t.ok(session.receive(datagram, length, THEIRS, 0));
  t.end();
});
