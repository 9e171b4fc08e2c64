/** The RTCP of one transport: when to report, what to report, and what the peer's reports say about our stream. */
import type { Millis } from '../../lib/clock.ts';
import { LossTrigger } from './loss-trigger.ts';
import type { ReceiveStatistics } from './receive-statistics.ts';
import {
  ntpMiddle,
  parseRtcp,
  type ReceptionReport,
  type SenderInfo,
  toNtp,
  writeBye,
  writeReport,
  writeSdes,
} from './rtcp.ts';

const CLOCK_RATE_KHZ = 48;
/** RFC 3550 section 6.2: five seconds on average, randomised so that transports do not report in step. */
const INTERVAL_MS = { least: 4000, most: 6000 } as const;
/** Sender reports to which a receiver may still refer. */
const REMEMBERED_REPORTS = 4;
/** An upper bound for peers' claims; packets that late would be useless. */
const MAX_JITTER_MS = 10_000;

/** The reception of a stream, from one report block (RFC 3550 section 6.4.1). */
export interface Reception {
  /** Fraction lost since the previous report, 0 to 1. */
  readonly lossRatio: number;
  readonly jitterMs: Millis;
}

/** Totals of our stream so far. */
export interface SentMedia {
  readonly packets: number;
  /** Payload bytes. */
  readonly bytes: number;
  /** The RTP timestamp of the last packet, and when it was sent. */
  readonly timestamp: number;
  readonly atMs: Millis;
}

export interface ReportOptions {
  readonly sent: SentMedia;
  readonly peer: { readonly ssrc: number; readonly statistics: ReceiveStatistics } | null;
  readonly nowMs: Millis;
  readonly wallNowMs: Millis;
  readonly kind: 'report' | 'bye';
}

export interface RtcpSessionOptions {
  readonly ssrc: number;
  readonly cname: string;
  readonly nowMs: Millis;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * The quality of the media path, from the latest receiver reports (RFC 3550 section 6.4.1). Each report creates a new
 * object.
 */
export interface MediaNetwork {
  /** How the participant's stream arrives here. Null before the first report. */
  readonly incoming: Reception | null;
  /** How our stream arrives at the participant. Null before the first report. */
  readonly outgoing: Reception | null;
  /** To the participant and back. */
  readonly roundTripMs: Millis | null;
}

export class RtcpSession {
  incoming: Reception | null = null;
  outgoing: Reception | null = null;
  roundTripMs: Millis | null = null;
  /** Receives every report about our stream. */
  readonly lossTrigger = new LossTrigger();
  readonly #options: RtcpSessionOptions;
  readonly #sentReports: { middle: number; atMs: Millis }[] = [];
  #dueMs: Millis;
  /** Packets sent at the time of our last report. */
  #reportedPackets = 0;
  #peerReport: { middle: number; atMs: Millis } | null = null;

  constructor(options: RtcpSessionOptions) {
    this.#options = options;
    this.#dueMs = options.nowMs + this.#interval();
  }

  get network(): MediaNetwork {
    const { incoming, outgoing, roundTripMs } = this;
    return { incoming, outgoing, roundTripMs };
  }

  /** Processes the compound packet in the first `length` bytes. False if it is malformed. */
  receive(packet: Uint8Array, length: number, peerSsrc: number | null, nowMs: Millis): boolean {
    const content = parseRtcp(packet, length);
    if (content === null) return false;
    for (const report of content.senderReports) {
      if (report.ssrc === peerSsrc) this.#peerReport = { middle: report.ntpMiddle, atMs: nowMs };
    }
    for (const report of content.reports) if (report.ssrc === this.#options.ssrc) this.#readReport(report, nowMs);
    return true;
  }

  /** Discards everything known about the peer's source, because it sends another one. */
  forgetPeer(): void {
    this.#peerReport = null;
  }

  isDue(nowMs: Millis): boolean {
    return nowMs >= this.#dueMs;
  }

  /** Writes the compound packet that is due: SR or RR, SDES, and BYE at the end. Returns its length. */
  write(bytes: Uint8Array, { sent, peer, nowMs, wallNowMs, kind }: ReportOptions): number {
    const { ssrc, cname } = this.#options;
    this.#dueMs = nowMs + this.#interval();
    const sender = sent.packets > this.#reportedPackets ? this.#senderInfo(sent, nowMs, wallNowMs) : null;
    this.#reportedPackets = sent.packets;
    const reports = peer === null ? [] : [this.#receptionReport(peer.ssrc, peer.statistics, nowMs)];
    let end = writeReport(bytes, 0, ssrc, sender, reports);
    end = writeSdes(bytes, end, ssrc, cname);
    return kind === 'bye' ? writeBye(bytes, end, ssrc) : end;
  }

  #interval(): Millis {
    return INTERVAL_MS.least + this.#options.random() * (INTERVAL_MS.most - INTERVAL_MS.least);
  }

  /**
   * RFC 3550 section 6.4.1: both timestamps are of this moment. The NTP timestamp follows the wall clock. After that
   * was set, the next report moves the receiver's mapping, which would otherwise be wrong against every other source
   * for the life of the stream. RTP time continues.
   */
  #senderInfo({ packets, bytes, timestamp, atMs }: SentMedia, nowMs: Millis, wallNowMs: Millis): SenderInfo {
    const ntp = toNtp(wallNowMs);
    this.#sentReports.push({ middle: ntpMiddle(ntp), atMs: nowMs });
    if (this.#sentReports.length > REMEMBERED_REPORTS) this.#sentReports.shift();
    return {
      ntp,
      rtpTimestamp: (timestamp + Math.round((nowMs - atMs) * CLOCK_RATE_KHZ)) >>> 0,
      packetCount: packets >>> 0,
      octetCount: bytes >>> 0,
    };
  }

  #receptionReport(ssrc: number, statistics: ReceiveStatistics, nowMs: Millis): ReceptionReport {
    const last = this.#peerReport;
    const hasNews = statistics.expectedSinceReport > 0;
    const fractionLost = statistics.takeFractionLost();
    if (hasNews) this.incoming = receptionOf(fractionLost, statistics.jitter);
    return {
      ssrc,
      fractionLost,
      cumulativeLost: statistics.lost,
      highestSequenceNumber: statistics.highestSequenceNumber,
      jitter: statistics.jitter,
      lastSenderReport: last === null ? 0 : last.middle,
      delaySinceLastSenderReport: last === null ? 0 : Math.round(((nowMs - last.atMs) * 0x1_0000) / 1000),
    };
  }

  #readReport(report: ReceptionReport, nowMs: Millis): void {
    this.outgoing = receptionOf(report.fractionLost, report.jitter);
    this.lossTrigger.report(this.outgoing.lossRatio, nowMs);
    // Measured with our monotonic send time, because a step of the wall clock is not a round trip.
    const sent = this.#sentReports.findLast(({ middle }) => middle === report.lastSenderReport);
    if (sent === undefined) return;
    this.roundTripMs = Math.max(0, nowMs - sent.atMs - (report.delaySinceLastSenderReport * 1000) / 0x1_0000);
  }
}

/** `fractionLost` in 1/256, `jitter` in timestamp units. */
function receptionOf(fractionLost: number, jitter: number): Reception {
  return { lossRatio: fractionLost / 256, jitterMs: Math.min(MAX_JITTER_MS, jitter / CLOCK_RATE_KHZ) };
}
