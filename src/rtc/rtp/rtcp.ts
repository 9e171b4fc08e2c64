/** RTCP (RFC 3550 section 6): writes reports, SDES with a CNAME and BYE; parses reports and skips everything else. */
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../lib/bytes.ts';

export const RTCP_TYPE = { SR: 200, RR: 201, SDES: 202, BYE: 203 } as const;

const REPORT_BLOCK = 24;
const SENDER_INFO = 20;
const SDES_CNAME = 1;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_OFFSET_SECONDS = 2_208_988_800;

/** A 64-bit NTP timestamp (RFC 5905) as two unsigned words. */
export interface NtpTime {
  readonly seconds: number;
  readonly fraction: number;
}

/** `wallMs` is in milliseconds since 1970. The seconds wrap in 2036, as the format defines. */
export function toNtp(wallMs: number): NtpTime {
  const whole = Math.floor(wallMs / 1000);
  return {
    seconds: (whole + NTP_OFFSET_SECONDS) % 0x1_0000_0000,
    fraction: Math.floor(((wallMs - whole * 1000) / 1000) * 0x1_0000_0000),
  };
}

/** The middle 32 bits, as in LSR: units of 1/65536 s. */
export function ntpMiddle(time: NtpTime): number {
  return (((time.seconds & 0xffff) << 16) | (time.fraction >>> 16)) >>> 0;
}

export interface SenderInfo {
  readonly ntp: NtpTime;
  /** The RTP timestamp of the same instant. */
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  /** Payload bytes, without headers and padding. */
  readonly octetCount: number;
}

/** One report block (section 6.4.1). */
export interface ReceptionReport {
  /** The source of this report. */
  readonly ssrc: number;
  /** Lost since the previous report, in 1/256. */
  readonly fractionLost: number;
  /** Total loss; negative if there were duplicates. */
  readonly cumulativeLost: number;
  readonly highestSequenceNumber: number;
  /** In timestamp units. */
  readonly jitter: number;
  /** Middle bits of the last sender report's NTP time, 0 if there is none. */
  readonly lastSenderReport: number;
  /** Since that report, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** Writes an SR, or an RR if `sender` is null, and returns where it ends. At most 31 reports. */
export function writeReport(
  bytes: Uint8Array,
  at: number,
  ssrc: number,
  sender: SenderInfo | null,
  reports: readonly ReceptionReport[],
): number {
  let end = at + 8;
  if (sender !== null) {
    writeUint32(bytes, end, sender.ntp.seconds);
    writeUint32(bytes, end + 4, sender.ntp.fraction);
    writeUint32(bytes, end + 8, sender.rtpTimestamp);
    writeUint32(bytes, end + 12, sender.packetCount);
    writeUint32(bytes, end + 16, sender.octetCount);
    end += SENDER_INFO;
  }
  for (const report of reports) {
    const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, report.cumulativeLost));
    writeUint32(bytes, end, report.ssrc);
    writeUint32(bytes, end + 4, (report.fractionLost << 24) | (lost & 0xff_ffff));
    writeUint32(bytes, end + 8, report.highestSequenceNumber);
    writeUint32(bytes, end + 12, report.jitter);
    writeUint32(bytes, end + 16, report.lastSenderReport);
    writeUint32(bytes, end + 20, report.delaySinceLastSenderReport);
    end += REPORT_BLOCK;
  }
  writeHeader(bytes, at, sender === null ? RTCP_TYPE.RR : RTCP_TYPE.SR, reports.length, end);
  writeUint32(bytes, at + 4, ssrc);
  return end;
}

/** Writes an SDES with one CNAME of at most 255 ASCII characters, and returns where it ends. */
export function writeSdes(bytes: Uint8Array, at: number, ssrc: number, cname: string): number {
  writeUint32(bytes, at + 4, ssrc);
  bytes[at + 8] = SDES_CNAME;
  bytes[at + 9] = cname.length;
  for (let i = 0; i < cname.length; i++) bytes[at + 10 + i] = cname.charCodeAt(i);
  // The list of items ends with at least one zero, at a word boundary (section 6.5).
  const items = at + 10 + cname.length;
  const end = at + ((items - at + 4) & ~3);
  bytes.fill(0, items, end);
  writeHeader(bytes, at, RTCP_TYPE.SDES, 1, end);
  return end;
}

/** Writes a BYE and returns where it ends. */
export function writeBye(bytes: Uint8Array, at: number, ssrc: number): number {
  writeUint32(bytes, at + 4, ssrc);
  writeHeader(bytes, at, RTCP_TYPE.BYE, 1, at + 8);
  return at + 8;
}

function writeHeader(bytes: Uint8Array, at: number, type: number, count: number, end: number): void {
  bytes[at] = 0x80 | count;
  bytes[at + 1] = type;
  writeUint16(bytes, at + 2, (end - at) / 4 - 1);
}

/** The content of a compound packet, for the supported types. */
export interface RtcpContent {
  readonly senderReports: { readonly ssrc: number; readonly ntpMiddle: number; readonly rtpTimestamp: number }[];
  readonly reports: ReceptionReport[];
}

/**
 * Parses the compound packet in the first `length` bytes; null unless all of its packets are of version 2 and fill it
 * exactly.
 */
export function parseRtcp(packet: Uint8Array, length: number): RtcpContent | null {
  const content: RtcpContent = { senderReports: [], reports: [] };
  if (length > packet.length || length === 0) return null;
  let at = 0;
  while (at < length) {
    if (at + 4 > length) return null;
    const first = packet[at]!;
    if (first >> 6 !== 2) return null;
    let end = at + 4 + readUint16(packet, at + 2) * 4;
    if (end > length) return null;
    const next = end;
    if ((first & 0x20) !== 0) {
      // Only the last packet may be padded (section 6.4.1).
      const padding = packet[end - 1]!;
      if (next !== length || padding === 0 || padding % 4 !== 0 || padding > end - at - 4) return null;
      end -= padding;
    }
    if (!readPacket(packet, at, end, first & 0x1f, content)) return null;
    at = next;
  }
  return content;
}

function readPacket(packet: Uint8Array, at: number, end: number, count: number, content: RtcpContent): boolean {
  switch (packet[at + 1]) {
    case RTCP_TYPE.SR:
      if (end < at + 8 + SENDER_INFO + count * REPORT_BLOCK) return false;
      content.senderReports.push({
        ssrc: readUint32(packet, at + 4),
        ntpMiddle: ((readUint32(packet, at + 8) << 16) | (readUint32(packet, at + 12) >>> 16)) >>> 0,
        rtpTimestamp: readUint32(packet, at + 16),
      });
      readReports(packet, at + 8 + SENDER_INFO, count, content.reports);
      return true;
    case RTCP_TYPE.RR:
      if (end < at + 8 + count * REPORT_BLOCK) return false;
      readReports(packet, at + 8, count, content.reports);
      return true;
    default:
      return true;
  }
}

function readReports(packet: Uint8Array, start: number, count: number, into: ReceptionReport[]): void {
  for (let i = 0, at = start; i < count; i++, at += REPORT_BLOCK) {
    const lost = readUint32(packet, at + 4);
    into.push({
      ssrc: readUint32(packet, at),
      fractionLost: lost >>> 24,
      cumulativeLost: (lost << 8) >> 8,
      highestSequenceNumber: readUint32(packet, at + 8),
      jitter: readUint32(packet, at + 12),
      lastSenderReport: readUint32(packet, at + 16),
      delaySinceLastSenderReport: readUint32(packet, at + 20),
    });
  }
}
