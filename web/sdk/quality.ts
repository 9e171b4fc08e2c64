export type QualityGrade = 'good' | 'fair' | 'poor';

/** The connection quality since the last measurement. Null if the browser does not say, or nothing was sent. */
export interface Quality {
  readonly grade: QualityGrade;
  readonly rttMs: number | null;
  /** Variation of the arrival times of the mix (RFC 3550 section 6.4.1). */
  readonly jitterMs: number | null;
  /** Packets of the mix that did not arrive. */
  readonly lossDownPercent: number | null;
  /** Packets of this participant's voice that did not arrive at the server, from its receiver reports. */
  readonly lossUpPercent: number | null;
  /** Share of the played audio that the browser concealed, except during silence. */
  readonly concealedPercent: number | null;
  /** Mean time that the mix waited in the browser's jitter buffer. */
  readonly bufferMs: number | null;
}

/** Running totals of one RTCPeerConnection, from which the next `Quality` is computed. */
export interface QualityTotals {
  readonly received: number;
  readonly lost: number;
  readonly samples: number;
  readonly concealed: number;
  readonly bufferSeconds: number;
  readonly buffered: number;
}

export const noTotals: QualityTotals = {
  received: 0,
  lost: 0,
  samples: 0,
  concealed: 0,
  bufferSeconds: 0,
  buffered: 0,
};

interface InboundStats {
  readonly jitter?: number;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly totalSamplesReceived?: number;
  readonly concealedSamples?: number;
  readonly silentConcealedSamples?: number;
  readonly jitterBufferDelay?: number;
  readonly jitterBufferEmittedCount?: number;
}

interface StatsByType {
  readonly inbound: InboundStats;
  readonly rttSeconds: number | undefined;
  readonly fractionLostUp: number | undefined;
}

/** The quality between the report of `before` and this one, and the totals for the next call. */
export function measureQuality(
  report: Iterable<unknown>,
  before: QualityTotals,
): { quality: Quality; totals: QualityTotals } {
  const { inbound, rttSeconds, fractionLostUp } = pick(report);
  const totals: QualityTotals = {
    received: inbound.packetsReceived ?? 0,
    lost: inbound.packetsLost ?? 0,
    samples: inbound.totalSamplesReceived ?? 0,
    concealed: (inbound.concealedSamples ?? 0) - (inbound.silentConcealedSamples ?? 0),
    bufferSeconds: inbound.jitterBufferDelay ?? 0,
    buffered: inbound.jitterBufferEmittedCount ?? 0,
  };
  // Totals that have decreased belong to another connection.
  const previous = totals.samples < before.samples ? noTotals : before;
  const lost = Math.max(0, totals.lost - previous.lost);
  const measured = {
    rttMs: rttSeconds === undefined ? null : rttSeconds * 1000,
    jitterMs: inbound.jitter === undefined ? null : inbound.jitter * 1000,
    lossDownPercent: percent(lost, totals.received - previous.received + lost),
    lossUpPercent: fractionLostUp === undefined ? null : fractionLostUp * 100,
    concealedPercent: percent(Math.max(0, totals.concealed - previous.concealed), totals.samples - previous.samples),
    bufferMs: ratio((totals.bufferSeconds - previous.bufferSeconds) * 1000, totals.buffered - previous.buffered),
  };
  return { quality: { grade: grade(measured), ...measured }, totals };
}

/** What people notice: first interruptions, then delay. */
function grade(measured: Omit<Quality, 'grade'>): QualityGrade {
  const loss = Math.max(measured.lossDownPercent ?? 0, measured.lossUpPercent ?? 0);
  const concealed = measured.concealedPercent ?? 0;
  const delayMs = (measured.rttMs ?? 0) + (measured.jitterMs ?? 0);
  if (loss > 10 || concealed > 8 || delayMs > 500) return 'poor';
  if (loss > 3 || concealed > 2 || delayMs > 250) return 'fair';
  return 'good';
}

function pick(report: Iterable<unknown>): StatsByType {
  let inbound: InboundStats = {};
  let rttSeconds: number | undefined;
  let fractionLostUp: number | undefined;
  for (const entry of report as Iterable<Record<string, unknown>>) {
    if (entry['type'] === 'inbound-rtp' && entry['kind'] === 'audio') inbound = entry;
    else if (entry['type'] === 'remote-inbound-rtp') fractionLostUp = number(entry['fractionLost']);
    else if (entry['type'] === 'candidate-pair' && (entry['nominated'] || entry['selected'])) {
      rttSeconds = number(entry['currentRoundTripTime']) ?? rttSeconds;
    }
  }
  return { inbound, rttSeconds, fractionLostUp };
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function percent(part: number, whole: number): number | null {
  return ratio(part * 100, whole);
}
