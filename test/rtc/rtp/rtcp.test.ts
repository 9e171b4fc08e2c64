import * as fc from 'fast-check';
import { test } from 'tap';
import { RtcpPacketConverter, RtcpRrPacket, RtcpSourceDescriptionPacket, RtcpSrPacket } from 'werift';
import {
  ntpMiddle,
  parseRtcp,
  type ReceptionReport,
  toNtp,
  writeBye,
  writeReport,
  writeSdes,
} from '../../../src/rtc/rtp/rtcp.ts';
import { watchedBytes } from '../../fuzz/watched-bytes.ts';
import { cases } from '../../helpers/cases.ts';

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

test('reports that we write are parsed, by us and by werift', (t) => {
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

test('NTP time includes the fraction of the second', (t) => {
  t.same(toNtp(0.5), { seconds: 2_208_988_800, fraction: Math.floor(0.0005 * 2 ** 32) });
  t.same(toNtp(Date.UTC(2026, 0, 1) + 250), {
    seconds: 2_208_988_800 + Date.UTC(2026, 0, 1) / 1000,
    fraction: 2 ** 30,
  });
  t.same(toNtp(Date.UTC(2036, 1, 7, 6, 28, 16) - 1), { seconds: 0xffff_ffff, fraction: Math.floor(0.999 * 2 ** 32) });
  t.same(toNtp(Date.UTC(2036, 1, 7, 6, 28, 16)), { seconds: 0, fraction: 0 }, 'the seconds wrap');
  t.equal(ntpMiddle({ seconds: 0x12345678, fraction: 0x9abcdef0 }), 0x56789abc);
  t.end();
});

test('malformed compound packets are refused, and unknown types are skipped', (t) => {
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

test('bytes beyond the length are ignored, and a packet may be a header alone', (t) => {
  const headerAlone = Buffer.from([0x80, 203, 0, 0]);
  t.same(parseRtcp(headerAlone, 4), { senderReports: [], reports: [] });
  t.equal(parseRtcp(headerAlone, 5), null, 'more than there is');
  t.equal(parseRtcp(headerAlone, 0), null);
  const bytes = Buffer.alloc(200);
  const end = writeReport(bytes, 0, 42, null, [REPORT]);
  headerAlone.copy(bytes, end);
  for (const extra of [1, 2, 3]) t.equal(parseRtcp(bytes, end + extra), null, `${extra} bytes of another packet`);
  t.match(parseRtcp(bytes, end + 4), { reports: [REPORT] });
  t.match(parseRtcp(bytes, end), { reports: [REPORT] });
  for (let length = 0; length <= end + 4; length++) {
    const watched = watchedBytes(bytes.subarray(0, length));
    t.doesNotThrow(() => parseRtcp(watched, length), `nothing beyond ${length} bytes is read`);
  }
  t.end();
});

test('reports with any values and in any number survive the round trip', (t) => {
  const word = fc.nat(0xffff_ffff);
  const report = fc.record({
    ssrc: word,
    fractionLost: fc.nat(255),
    cumulativeLost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
    highestSequenceNumber: word,
    jitter: word,
    lastSenderReport: word,
    delaySinceLastSenderReport: word,
  });
  const sender = fc.record({
    ntp: fc.record({ seconds: word, fraction: word }),
    rtpTimestamp: word,
    packetCount: word,
    octetCount: word,
  });
  fc.assert(
    fc.property(word, fc.option(sender), fc.array(report, { maxLength: 31 }), (ssrc, info, reports) => {
      const bytes = Buffer.alloc(8 + 20 + 31 * 24);
      const end = writeReport(bytes, 0, ssrc, info, reports);
      const content = parseRtcp(bytes, end)!;
      const middle = info === null ? [] : [{ ssrc, ntpMiddle: ntpMiddle(info.ntp), rtpTimestamp: info.rtpTimestamp }];
      const isWhole = end === bytes.readUInt16BE(2) * 4 + 4 && bytes.readUInt32BE(4) === ssrc;
      return isWhole && JSON.stringify(content) === JSON.stringify({ senderReports: middle, reports });
    }),
  );
  t.end();
});

test('loss beyond 24 bits is clamped', (t) => {
  for (const [cumulativeLost, read] of [
    [2 ** 30, 0x7f_ffff],
    [-(2 ** 30), -0x80_0000],
  ] as const) {
    const bytes = Buffer.alloc(100);
    const end = writeReport(bytes, 0, 42, null, [{ ...REPORT, cumulativeLost }]);
    t.match(parseRtcp(bytes, end)!.reports, [{ cumulativeLost: read, fractionLost: REPORT.fractionLost }]);
  }
  t.end();
});

test('a packet in a compound has room for every report it announces', (t) => {
  for (const info of [null, SENDER]) {
    const bytes = Buffer.alloc(300);
    const first = writeReport(bytes, 0, 42, info, [REPORT]);
    const end = writeReport(bytes, first, 43, info, [{ ...REPORT, ssrc: 8 }]);
    t.match(parseRtcp(bytes, end)!.reports, [REPORT, { ssrc: 8 }]);
    // Two reports are announced, and the next packet is not part of either.
    const announced = bytes[0]!;
    bytes[0] = announced + 1;
    t.equal(parseRtcp(bytes, end), null);
    bytes[0] = announced - 1;
    t.match(parseRtcp(bytes, end), { reports: [{ ssrc: 8 }] }, 'the rest after the reports is for profiles');
  }
  t.end();
});

test('padding ends the last packet only, in whole words', (t) => {
  const padded = (padding: number, words: number) => {
    const bytes = Buffer.alloc(4 + words * 4);
    bytes.set([0xa0, 203, 0, words]);
    bytes[bytes.length - 1] = padding;
    return bytes;
  };
  for (const [padding, words, isGood] of [
    [4, 1, true],
    [8, 2, true],
    [4, 2, true],
    [8, 1, false],
    [0, 1, false],
    [3, 1, false],
    [6, 2, false],
    [0, 0, false],
  ] as const) {
    const bytes = padded(padding, words);
    t.equal(parseRtcp(bytes, bytes.length) !== null, isGood, `${padding} of ${words}`);
  }
  const last = padded(4, 1);
  t.ok(parseRtcp(Buffer.concat([Buffer.from(BYE), last]), BYE.length + last.length));
  t.equal(parseRtcp(Buffer.concat([last, Buffer.from(BYE)]), BYE.length + last.length), null);
  // The padding is not part of the reports.
  const report = Buffer.alloc(8 + 24);
  report.set([0xa1, 201, 0, 7]);
  report[31] = 4;
  t.equal(parseRtcp(report, 32), null);
  t.end();
});

test('whatever bytes arrive, parsing neither throws nor reads beyond them', (t) => {
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
    { numRuns: cases(2000) },
  );
  t.end();
});
