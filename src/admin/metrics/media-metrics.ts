import type { Registry } from 'prom-client';
import type { MediaCounter, MediaGauge, MediaHistogram, MediaStats } from '../../media/plane.ts';
import {
  by,
  collectCounter,
  collectGauge,
  collectHistogram,
  type Description,
  type Readings,
} from './collected-metrics.ts';
import { MediaTotals, type WorkerTotals } from './media-totals.ts';

/** `perUnit`: what one of the unit in the figure is in the base unit of the metric. */
const GAUGES: Readonly<Record<MediaGauge, Description & { readonly perUnit?: number }>> = {
  rooms: { name: 'partyline_media_rooms', help: 'Rooms that are mixed.' },
  connections: { name: 'partyline_media_connections', help: 'WebRTC connections.' },
  connectionsOverTcp: {
    name: 'partyline_media_connections_over_tcp',
    help: 'WebRTC connections whose media goes over TCP, because UDP does not reach the browser.',
  },
  paths: { name: 'partyline_media_paths', help: 'Network addresses of clients from which media may come.' },
  tcpSockets: {
    name: 'partyline_media_tcp_sockets',
    help: 'TCP connections on the media port, those included that have not shown yet whose they are.',
  },
  talkers: { name: 'partyline_talkers', help: 'Participants who speak now.' },
  talkersUnheard: {
    name: 'partyline_talkers_unheard',
    help: 'Participants who speak now but are not heard, because of the limit on talkers.',
  },
  encodersInUse: { name: 'partyline_encoders_in_use', help: 'Opus encoders in use.' },
  decodersInUse: { name: 'partyline_decoders_in_use', help: 'Opus decoders in use.' },
  jitterBufferDelayMs: {
    name: 'partyline_jitter_buffer_delay_seconds',
    help: 'Delay of the jitter buffers.',
    perUnit: 1e-3,
  },
  tickLatenessMaxMs: {
    name: 'partyline_tick_lateness_max_seconds',
    help: 'How late the latest tick of the last half second began.',
    perUnit: 1e-3,
  },
  utilization: { name: 'partyline_media_utilization_ratio', help: 'Share of its time that the worker is busy.' },
  overloadLevel: {
    name: 'partyline_media_overload_level',
    help: 'What the worker does about its load: 0 nothing, 1 and 2 simpler encoding, 3 fewer talkers, 4 no newcomers.',
  },
  heapUsedBytes: { name: 'partyline_media_heap_used_bytes', help: 'JavaScript heap in use.' },
};

const COUNTERS: Readonly<Record<MediaCounter, Description>> = {
  ticks: { name: 'partyline_ticks_total', help: 'Ticks of 20 ms mixed.' },
  ticksSkipped: { name: 'partyline_ticks_skipped_total', help: 'Ticks left out because the worker was too late.' },
  tickFailures: { name: 'partyline_tick_failures_total', help: 'Ticks of a room that failed.' },
  datagramsIn: { name: 'partyline_datagrams_received_total', help: 'UDP datagrams received.' },
  datagramsDropped: { name: 'partyline_datagrams_dropped_total', help: 'UDP datagrams that were not for anybody.' },
  rtpPacketsIn: { name: 'partyline_rtp_packets_received_total', help: 'RTP packets received and authenticated.' },
  rtpPacketsOut: { name: 'partyline_rtp_packets_sent_total', help: 'RTP packets sent.' },
  rtpBytesIn: { name: 'partyline_rtp_received_bytes_total', help: 'Bytes of the RTP packets received.' },
  rtpBytesOut: { name: 'partyline_rtp_sent_bytes_total', help: 'Bytes of the RTP packets sent.' },
  redundantPacketsOut: {
    name: 'partyline_rtp_redundant_packets_sent_total',
    help: 'RTP packets sent that repeat the one before, because the listener loses packets.',
  },
  srtpRejected: { name: 'partyline_srtp_rejected_total', help: 'SRTP packets that were forged, replayed or broken.' },
  packetsLost: { name: 'partyline_rtp_packets_lost_total', help: 'RTP packets that never came.' },
  packetsLate: {
    name: 'partyline_rtp_packets_late_total',
    help: 'RTP packets that came after their time to be played.',
  },
  packetsDiscarded: {
    name: 'partyline_rtp_packets_discarded_total',
    help: 'RTP packets that the jitter buffer had no use for.',
  },
  packetsDuplicate: { name: 'partyline_rtp_packets_duplicate_total', help: 'RTP packets that came more than once.' },
  framesDecoded: { name: 'partyline_frames_decoded_total', help: 'Opus frames decoded.' },
  framesConcealed: { name: 'partyline_frames_concealed_total', help: 'Frames made up for lost ones.' },
  framesRecovered: {
    name: 'partyline_frames_recovered_total',
    help: 'Lost frames found in redundant data (RFC 2198).',
  },
  timeStretches: {
    name: 'partyline_time_stretches_total',
    help: 'Pieces of speech of 2.5 to 12.5 ms left out or repeated, to change the delay.',
  },
  framesPrimed: {
    name: 'partyline_frames_primed_total',
    help: 'Opus frames encoded only to prepare an encoder for taking over.',
  },
  framesEncoded: { name: 'partyline_frames_encoded_total', help: 'Opus frames encoded.' },
  overloadTransitions: {
    name: 'partyline_media_overload_transitions_total',
    help: 'Changes of the overload level, up or down.',
  },
  sendFailures: { name: 'partyline_send_failures_total', help: 'UDP datagrams that the system did not take.' },
  tcpAccepted: { name: 'partyline_media_tcp_accepted_total', help: 'TCP connections accepted on the media port.' },
  tcpRefused: {
    name: 'partyline_media_tcp_refused_total',
    help: 'TCP connections on the media port that were ended because they broke a rule or a limit.',
  },
  tcpPacketsDropped: {
    name: 'partyline_media_tcp_packets_dropped_total',
    help: 'Packets not sent because the TCP connection did not take them in time.',
  },
};

const HISTOGRAMS: Readonly<Record<MediaHistogram, Description>> = {
  tickLatenessSeconds: { name: 'partyline_tick_lateness_seconds', help: 'How late ticks began.' },
  tickSeconds: { name: 'partyline_tick_duration_seconds', help: 'Time that a whole tick took.' },
  mixSeconds: { name: 'partyline_mix_duration_seconds', help: 'Time for mixing within a tick.' },
  encodeSeconds: { name: 'partyline_encode_duration_seconds', help: 'Time for encoding within a tick.' },
  sendSeconds: { name: 'partyline_send_duration_seconds', help: 'Time for encrypting and sending within a tick.' },
  incomingLossRatio: {
    name: 'partyline_rtp_received_loss_ratio',
    help: 'Part of the packets of a participant that did not arrive here, by our receiver reports.',
  },
  incomingJitterSeconds: {
    name: 'partyline_rtp_received_jitter_seconds',
    help: 'Jitter of the packets of a participant as they arrive here, by our receiver reports.',
  },
  outgoingLossRatio: {
    name: 'partyline_rtp_sent_loss_ratio',
    help: 'Part of the packets to a participant that did not arrive there, by their receiver reports.',
  },
  outgoingJitterSeconds: {
    name: 'partyline_rtp_sent_jitter_seconds',
    help: 'Jitter of the packets to a participant as they arrive there, by their receiver reports.',
  },
  roundTripSeconds: {
    name: 'partyline_rtp_round_trip_seconds',
    help: 'Time to a participant and back, by their receiver reports.',
  },
};

/** Registers the metrics of the media workers; what it returns is to be told their figures before each scrape. */
export function registerMediaMetrics(registry: Registry): (workers: readonly MediaStats[]) => void {
  const labelNames = ['worker'];
  const totals = new MediaTotals();
  let workers: readonly WorkerTotals[] = [];
  const ofEach =
    <T>(pick: (of: WorkerTotals) => T) =>
    (): Readings<T> =>
      by(
        'worker',
        workers.map((of) => [String(of.latest.worker), pick(of)] as const),
      );

  collectGauge(
    registry,
    { name: 'partyline_tick_age_seconds', help: 'Time since the last finished tick.', labelNames },
    ofEach(({ latest }) => latest.tickAgeMs / 1000),
  );
  collectCounter(
    registry,
    { name: 'partyline_worker_restarts_total', help: 'Media workers started in place of one that died.', labelNames },
    ofEach(({ latest }) => latest.restarts),
  );
  for (const [key, { perUnit = 1, ...description }] of entriesOf(GAUGES)) {
    const read = ofEach(({ latest }) => latest.gauges[key] * perUnit);
    collectGauge(registry, { ...description, labelNames }, read);
  }
  for (const [key, description] of entriesOf(COUNTERS)) {
    const read = ofEach(({ total }) => total.counters[key]);
    collectCounter(registry, { ...description, labelNames }, read);
  }
  for (const [key, description] of entriesOf(HISTOGRAMS)) {
    const read = ofEach(({ total }) => total.histograms[key]);
    collectHistogram(registry, description, read);
  }

  return (stats) => {
    for (const worker of stats) totals.add(worker);
    workers = totals.workers;
  };
}

function entriesOf<K extends string, V>(record: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(record) as [K, V][];
}
