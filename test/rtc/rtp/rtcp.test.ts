import * as fc from 'fast-check';
import { test } from 'tap';
import { RtcpPacketConverter, RtcpRrPacket, RtcpSourceDescriptionPacket, RtcpSrPacket } from 'werift';
import { ReceiveStatistics } from '../../../src/rtc/rtp/receive-statistics.ts';
import {
  ntpMiddle,
  parseRtcp,
  type ReceptionReport,
  toNtp,
  writeBye,
  writeReport,
  writeSdes,
} from '../../../src/rtc/rtp/rtcp.ts';
import { RtcpSession } from '../../../src/rtc/rtp/rtcp-session.ts';

const REPORT: ReceptionReport = {
  ssrc: 7,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequenceNumber: 0x1_0005,
  jitter: 99,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65_536,
};
const SENDER = {
  ntp: { seconds: 0x80000001, fraction: 0xc0000000 },
  rtpTimestamp: 0xfffffff0,
  packetCount: 5,
  octetCount: 600,
};
/** RFC 3550 section 6.6: version 2, one source, type 203, one more word, source 42. */
const BYE = [0x81, 203, 0, 1, 0, 0, 0, 42];

test('reports that are written are read, by us and by werift', (t) => {
  const bytes = Buffer.alloc(200);
  let end = writeReport(bytes, 0, 42, SENDER, [REPORT]);
  end = writeSdes(bytes, end, 42, 'mixer');
  end = writeBye(bytes, end, 42);
  t.same(parseRtcp(bytes, end), {
    senderReports: [{ ssrc: 42, ntpMiddle: 0x0001c000, rtpTimestamp: 0xfffffff0 }],
    reports: [REPORT],
  });
  t.same([...bytes.subarray(end - BYE.length, end)], BYE);
  const [report, sdes] = RtcpPacketConverter.deSerialize(bytes.subarray(0, end - 8));
  t.ok(report instanceof RtcpSrPacket);
  t.match(report, {
    ssrc: 42,
    senderInfo: { rtpTimestamp: 0xfffffff0, packetCount: 5, octetCount: 600 },
    reports: [{ ssrc: 7, fractionLost: 12, jitter: 99 }],
  });
  t.ok(sdes instanceof RtcpSourceDescriptionPacket);
  t.match(sdes, { chunks: [{ source: 42, items: [{ type: 1, text: 'mixer' }] }] });
  end = writeReport(bytes, 0, 42, null, [REPORT]);
  t.ok(RtcpPacketConverter.deSerialize(bytes.subarray(0, end))[0] instanceof RtcpRrPacket);
  t.end();
});

test('an SDES ends at a word boundary with at least one zero, whatever its name', (t) => {
  for (let length = 0; length < 20; length++) {
    const bytes = Buffer.alloc(64, 0xff);
    const end = writeSdes(bytes, 0, 1, 'n'.repeat(length));
    t.equal(end % 4, 0);
    t.equal(bytes[end - 1], 0);
    t.equal(bytes.readUInt16BE(2), end / 4 - 1);
    t.ok(end - (10 + length) <= 4);
  }
  t.end();
});

test('NTP time has the fraction of the second', (t) => {
  t.same(toNtp(0.5), { seconds: 2_208_988_800, fraction: Math.floor(0.0005 * 2 ** 32) });
  t.same(toNtp(Date.UTC(2026, 0, 1) + 250), {
    seconds: 2_208_988_800 + Date.UTC(2026, 0, 1) / 1000,
    fraction: 2 ** 30,
  });
  t.equal(ntpMiddle({ seconds: 0x12345678, fraction: 0x9abcdef0 }), 0x56789abc);
  t.end();
});

test('malformed compound packets are refused, unknown types are skipped', (t) => {
  const bytes = Buffer.alloc(100);
  const end = writeReport(bytes, 0, 42, SENDER, [REPORT]);
  for (let length = 0; length < end; length++) t.equal(parseRtcp(bytes, length), null);
  const unknown = Buffer.from([0x8f, 205, 0, 1, 1, 2, 3, 4]);
  t.match(parseRtcp(Buffer.concat([bytes.subarray(0, end), unknown]), end + 8), { reports: [REPORT] });
  t.equal(parseRtcp(Buffer.from([0x82, 201, 0, 1, 0, 0, 0, 1]), 8), null, 'fewer reports than announced');
  t.equal(parseRtcp(Buffer.from([0x40, 201, 0, 1, 0, 0, 0, 1]), 8), null, 'another version');
  t.ok(parseRtcp(Buffer.from([0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]), 12), 'padding');
  t.equal(parseRtcp(Buffer.from([0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 5]), 12), null, 'impossible padding');
  t.end();
});

test('whatever bytes come, parsing neither throws nor reads beyond them', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(200, 201, 203, 205), (bytes, type) => {
      if (bytes.length > 3) {
        bytes[0] = (bytes[0]! & 0x3f) | 0x80;
        bytes[1] = type;
        bytes[2] = 0;
        bytes[3] = bytes[3]! % 31;
      }
      const content = parseRtcp(bytes, bytes.length);
      return content === null || content.reports.length <= 5;
    }),
    { numRuns: 2000 },
  );
  t.end();
});

test('loss and its fraction are those of RFC 3550 appendix A.3, over wraps', (t) => {
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

test('reordered packets are not lost, and the first may be late', (t) => {
  const statistics = new ReceiveStatistics(48_000);
  for (const n of [5, 3, 4, 8, 7, 6]) statistics.receive(n, n * 960, n * 20);
  t.equal(statistics.lost, 0);
  t.equal(statistics.expected, 6);
  t.equal(statistics.jitter, 0);
  t.end();
});

test('jitter follows the variation of the transit time', (t) => {
  const statistics = new ReceiveStatistics(48_000);
  for (let n = 0; n < 400; n++) statistics.receive(n, (0xffff0000 + n * 960) >>> 0, n * 20 + (n % 2) * 5);
  t.ok(Math.abs(statistics.jitter - 240) <= 2, `5 ms are 240 units: ${statistics.jitter}`);
  t.end();
});

const NOTHING_SENT = { packets: 0, bytes: 0, timestamp: 0, atMs: 0 };

test('a round trip is told from the report that answers ours', (t) => {
  const session = new RtcpSession({ ssrc: 42, cname: 'mixer', nowMs: 0, random: () => 0.5 });
  const bytes = Buffer.alloc(300);
  const wallMs = Date.UTC(2026, 0, 1) + 123.4;
  const sent = { packets: 2 ** 32 + 3, bytes: 2 ** 32 + 500, timestamp: 960, atMs: 4990 };
  t.notOk(session.isDue(4999));
  t.ok(session.isDue(5000));
  const length = session.write(bytes, { sent, peer: null, nowMs: 5000, wallNowMs: wallMs, kind: 'report' });
  const { senderReports } = parseRtcp(bytes, length)!;
  t.same(
    senderReports,
    [{ ssrc: 42, ntpMiddle: ntpMiddle(toNtp(wallMs)), rtpTimestamp: 960 + 480 }],
    'the timestamp is of now',
  );
  t.same([bytes.readUInt32BE(20), bytes.readUInt32BE(24)], [3, 500], 'packets and bytes, modulo 2^32');
  const answer = writeReport(bytes, 0, 9, null, [
    {
      ...REPORT,
      ssrc: 42,
      fractionLost: 64,
      lastSenderReport: senderReports[0]!.ntpMiddle,
      delaySinceLastSenderReport: 65_536,
    },
  ]);
  t.ok(session.receive(bytes, answer, 9, 6080));
  t.ok(Math.abs(session.roundTripMs! - 80) < 1e-6);
  t.strictSame(session.outgoing, { lossRatio: 0.25, jitterMs: REPORT.jitter / 48 });
  const next = session.write(bytes, { sent, peer: null, nowMs: 10_000, wallNowMs: wallMs, kind: 'bye' });
  t.match(parseRtcp(bytes, next), { senderReports: [] }, 'a receiver report if nothing was sent');
  t.same([...bytes.subarray(next - BYE.length, next)], BYE, 'and BYE at the end');
  t.end();
});

test('the report after the wall clock was set has its time, RTP time goes on, and a round trip is not shortened', (t) => {
  const session = new RtcpSession({ ssrc: 42, cname: 'mixer', nowMs: 0, random: () => 0.5 });
  const bytes = Buffer.alloc(300);
  const epochMs = Date.UTC(2026, 0, 1);
  const reportAt = (nowMs: number, wallNowMs: number) => {
    const sent = { packets: nowMs, bytes: nowMs, timestamp: nowMs * 48, atMs: nowMs };
    const length = session.write(bytes, { sent, peer: null, nowMs, wallNowMs, kind: 'report' });
    return parseRtcp(bytes, length)!.senderReports[0]!;
  };
  const first = reportAt(5000, epochMs + 5000);
  let nowMs = 5000;
  for (const stepMs of [2 * 3_600_000, -7_200_000, 0]) {
    nowMs += 5000;
    const report = reportAt(nowMs, epochMs + nowMs + stepMs);
    t.equal(report.ntpMiddle, ntpMiddle(toNtp(epochMs + nowMs + stepMs)), 'of the wall clock as it is now');
    t.equal(report.rtpTimestamp - first.rtpTimestamp, (nowMs - 5000) * 48, 'RTP time knows nothing of it');
    const answer = { ...REPORT, ssrc: 42, lastSenderReport: report.ntpMiddle, delaySinceLastSenderReport: 0 };
    session.receive(bytes, writeReport(bytes, 0, 9, null, [answer]), 9, nowMs + 30);
    t.ok(Math.abs(session.roundTripMs! - 30) < 0.1);
  }
  t.end();
});

test('our report says when the last one of the peer came', (t) => {
  const session = new RtcpSession({ ssrc: 42, cname: 'mixer', nowMs: 0, random: () => 0 });
  const bytes = Buffer.alloc(300);
  const incoming = writeReport(bytes, 0, 9, SENDER, []);
  t.ok(session.receive(bytes, incoming, 9, 1000));
  const statistics = new ReceiveStatistics(48_000);
  statistics.receive(1, 1, 1);
  const length = session.write(bytes, {
    sent: NOTHING_SENT,
    peer: { ssrc: 9, statistics },
    nowMs: 1500,
    wallNowMs: 0,
    kind: 'report',
  });
  t.match(parseRtcp(bytes, length)!.reports, [
    { ssrc: 9, lastSenderReport: 0x0001c000, delaySinceLastSenderReport: 32_768 },
  ]);
  t.notOk(session.receive(Buffer.from([1, 2, 3]), 3, 9, 0));
  t.end();
});
