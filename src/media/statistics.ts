/**
 * The figures of a media worker, described once: its snapshots, the metrics of `/metrics` and their documentation are
 * all derived from these tables. Counters only grow while a worker lives; gauges are current values.
 */
import type { HistogramSnapshot } from '../lib/histogram.ts';

export interface StatisticDescription {
  /** The Prometheus name. */
  readonly name: string;
  readonly help: string;
  /** How many base units of the metric make one unit of the figure; 1 by default. */
  readonly perUnit?: number;
}

export const MEDIA_GAUGES = {
  rooms: { name: 'partyline_media_rooms', help: 'Rooms being mixed.' },
  connections: { name: 'partyline_media_connections', help: 'Media connections of participants.' },
  connectionsOverTcp: {
    name: 'partyline_media_connections_over_tcp',
    help: 'Media connections over TCP, used when UDP does not reach the client.',
  },
  connectionsRelayed: {
    name: 'partyline_media_connections_relayed',
    help: 'Media connections whose packets the main thread passes on: bots, players and others without WebRTC.',
  },
  paths: { name: 'partyline_media_paths', help: 'Client network addresses from which media is accepted.' },
  tcpSockets: {
    name: 'partyline_media_tcp_sockets',
    help: 'TCP connections on the media port, including those not yet assigned to a participant.',
  },
  talkers: { name: 'partyline_talkers', help: 'Participants who are speaking.' },
  talkersUnheard: {
    name: 'partyline_talkers_unheard',
    help: 'Participants who are speaking but not heard because of the talker limit.',
  },
  encodersInUse: { name: 'partyline_encoders_in_use', help: 'Opus encoders in use.' },
  decodersInUse: { name: 'partyline_decoders_in_use', help: 'Opus decoders in use.' },
  jitterBufferDelayMs: {
    name: 'partyline_jitter_buffer_delay_seconds',
    help: 'Mean jitter buffer delay of active talkers.',
    perUnit: 1e-3,
  },
  tickLatenessMaxMs: {
    name: 'partyline_tick_lateness_max_seconds',
    help: 'Maximum tick lateness in the last 0.5 s.',
    perUnit: 1e-3,
  },
  utilization: { name: 'partyline_media_utilization_ratio', help: 'Share of one CPU that the worker uses.' },
  waitingShare: {
    name: 'partyline_media_waiting_ratio',
    help: 'Share of time that the worker waits for a CPU because other programs use it.',
  },
  overloadLevel: {
    name: 'partyline_media_overload_level',
    help: 'Overload measure in force: 0 none, 1 and 2 simpler encoding, 3 fewer talkers, 4 no newcomers.',
  },
  starved: {
    name: 'partyline_media_starved',
    help: 'Whether ticks are late although the worker has spare capacity (1), because it gets too little CPU time.',
  },
  heapUsedBytes: { name: 'partyline_media_heap_used_bytes', help: 'JavaScript heap in use.' },
} as const satisfies Record<string, StatisticDescription>;

export const MEDIA_COUNTERS = {
  ticks: { name: 'partyline_ticks_total', help: 'Ticks of 20 ms mixed.' },
  ticksSkipped: { name: 'partyline_ticks_skipped_total', help: 'Ticks skipped because the worker was too late.' },
  tickFailures: { name: 'partyline_tick_failures_total', help: 'Room ticks that failed.' },
  datagramsIn: { name: 'partyline_datagrams_received_total', help: 'UDP datagrams received.' },
  datagramsDropped: {
    name: 'partyline_datagrams_dropped_total',
    help: 'UDP datagrams that matched no connection.',
  },
  rtpPacketsIn: { name: 'partyline_rtp_packets_received_total', help: 'RTP packets received and authenticated.' },
  rtpPacketsOut: { name: 'partyline_rtp_packets_sent_total', help: 'RTP packets sent.' },
  rtpBytesIn: { name: 'partyline_rtp_received_bytes_total', help: 'Payload bytes of the RTP packets received.' },
  rtpBytesOut: { name: 'partyline_rtp_sent_bytes_total', help: 'Payload bytes of the RTP packets sent.' },
  redundantPacketsOut: {
    name: 'partyline_rtp_redundant_packets_sent_total',
    help: 'RTP packets sent with a copy of the previous packet because the listener loses packets.',
  },
  relayedPacketsDropped: {
    name: 'partyline_relayed_packets_dropped_total',
    help: 'Packets of the mix not passed on because the main thread was too slow to take them.',
  },
  tappedPacketsDropped: {
    name: 'partyline_tapped_packets_dropped_total',
    help: 'Packets not shown to recordings and streams because the main thread was too slow to take them.',
  },
  srtpRejected: {
    name: 'partyline_srtp_rejected_total',
    help: 'SRTP packets that were forged, replayed or malformed.',
  },
  packetsLost: {
    name: 'partyline_rtp_packets_lost_total',
    help: 'RTP packets that never arrived. Implausibly large jumps of the sequence number are not counted.',
  },
  packetsLate: {
    name: 'partyline_rtp_packets_late_total',
    help: 'RTP packets that arrived after their playout time.',
  },
  packetsDiscarded: {
    name: 'partyline_rtp_packets_discarded_total',
    help: 'RTP packets the jitter buffer could not use.',
  },
  packetsDuplicate: { name: 'partyline_rtp_packets_duplicate_total', help: 'RTP packets that arrived more than once.' },
  packetsChecked: {
    name: 'partyline_rtp_packets_checked_total',
    help: 'RTP packets decoded only to verify the level their sender claims.',
  },
  framesPassed: {
    name: 'partyline_frames_passed_total',
    help: 'Opus frames of lone talkers sent to their listeners as they came, without decoding or encoding.',
  },
  framesDecoded: { name: 'partyline_frames_decoded_total', help: 'Opus frames decoded.' },
  framesConcealed: { name: 'partyline_frames_concealed_total', help: 'Frames concealed to replace lost ones.' },
  framesRecovered: {
    name: 'partyline_frames_recovered_total',
    help: 'Lost frames recovered from redundant data (RFC 2198).',
  },
  timeStretches: {
    name: 'partyline_time_stretches_total',
    help: 'Pieces of speech of 2.5 to 12.5 ms skipped or repeated to adjust the delay.',
  },
  framesPrimed: {
    name: 'partyline_frames_primed_total',
    help: 'Opus frames encoded only to prime an encoder before a hand-over.',
  },
  framesEncoded: { name: 'partyline_frames_encoded_total', help: 'Opus frames encoded.' },
  overloadTransitions: {
    name: 'partyline_media_overload_transitions_total',
    help: 'Changes of the overload level, up or down.',
  },
  sendFailures: {
    name: 'partyline_send_failures_total',
    help: 'UDP datagrams rejected by the operating system. Up to 15 may be missed when failures begin.',
  },
  tcpAccepted: { name: 'partyline_media_tcp_accepted_total', help: 'TCP connections accepted on the media port.' },
  tcpRefused: {
    name: 'partyline_media_tcp_refused_total',
    help: 'TCP connections on the media port closed because they broke a rule or exceeded a limit.',
  },
  tcpPacketsDropped: {
    name: 'partyline_media_tcp_packets_dropped_total',
    help: 'Packets dropped because the TCP connection did not accept them in time.',
  },
} as const satisfies Record<string, StatisticDescription>;

const LATENESS_SECONDS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1];
const DURATION_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.04, 0.1];
const LOSS_RATIO = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const JITTER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
const ROUND_TRIP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1];

export interface HistogramDescription extends StatisticDescription {
  /** Ascending upper bounds. */
  readonly bounds: readonly number[];
}

/** The histograms of reports get one observation per receiver report, ours and the participants'. */
export const MEDIA_HISTOGRAMS = {
  tickLatenessSeconds: {
    name: 'partyline_tick_lateness_seconds',
    help: 'Tick start lateness.',
    bounds: LATENESS_SECONDS,
  },
  tickSeconds: { name: 'partyline_tick_duration_seconds', help: 'Duration of a whole tick.', bounds: DURATION_SECONDS },
  mixSeconds: {
    name: 'partyline_mix_duration_seconds',
    help: 'Time spent mixing within a tick.',
    bounds: DURATION_SECONDS,
  },
  encodeSeconds: {
    name: 'partyline_encode_duration_seconds',
    help: 'Time spent encoding within a tick.',
    bounds: DURATION_SECONDS,
  },
  sendSeconds: {
    name: 'partyline_send_duration_seconds',
    help: 'Time spent encrypting and sending within a tick.',
    bounds: DURATION_SECONDS,
  },
  incomingLossRatio: {
    name: 'partyline_rtp_received_loss_ratio',
    help: "Fraction of a participant's packets that did not arrive here, from our receiver reports.",
    bounds: LOSS_RATIO,
  },
  incomingJitterSeconds: {
    name: 'partyline_rtp_received_jitter_seconds',
    help: "Arrival jitter of a participant's packets, from our receiver reports.",
    bounds: JITTER_SECONDS,
  },
  outgoingLossRatio: {
    name: 'partyline_rtp_sent_loss_ratio',
    help: 'Fraction of the packets to a participant that did not arrive, from their receiver reports.',
    bounds: LOSS_RATIO,
  },
  outgoingJitterSeconds: {
    name: 'partyline_rtp_sent_jitter_seconds',
    help: 'Arrival jitter of the packets to a participant, from their receiver reports.',
    bounds: JITTER_SECONDS,
  },
  roundTripSeconds: {
    name: 'partyline_rtp_round_trip_seconds',
    help: 'Round-trip time to a participant, from their receiver reports.',
    bounds: ROUND_TRIP_SECONDS,
  },
} as const satisfies Record<string, HistogramDescription>;

export type MediaGauge = keyof typeof MEDIA_GAUGES;
export type MediaCounter = keyof typeof MEDIA_COUNTERS;
export type MediaHistogram = keyof typeof MEDIA_HISTOGRAMS;

/** The figures that one worker reports. */
export interface MediaFigures {
  readonly gauges: Readonly<Record<MediaGauge, number>>;
  readonly counters: Readonly<Record<MediaCounter, number>>;
  readonly histograms: Readonly<Record<MediaHistogram, HistogramSnapshot>>;
}

/** One value per row of a table, by the row's key. */
export function forEachRow<K extends string, D, V>(
  table: Readonly<Record<K, D>>,
  value: (description: D, key: K) => V,
): Record<K, V> {
  const rows = Object.entries(table) as [K, D][];
  return Object.fromEntries(rows.map(([key, description]) => [key, value(description, key)])) as Record<K, V>;
}
