import type { Registry } from 'prom-client';
import type { ErrorCode } from '../../lib/errors.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { Limit } from '../../lib/rates/limit-counts.ts';
import type { DeliveryFigures } from '../webhooks/delivery-queue.ts';
import { by, collectCounter, collectGauge, collectHistogram, only, type Readings } from './collected-metrics.ts';

/** The figures of the control plane. */
export interface ControlFigures {
  readonly rooms: number;
  readonly participants: number;
  /** By result: `ok`, or the error code. */
  readonly joins: ReadonlyMap<'ok' | ErrorCode, number>;
  readonly connections: number;
  readonly messagesIn: number;
  readonly errors: ReadonlyMap<ErrorCode, number>;
  /** Lines of chats. */
  readonly text: { readonly lines: number; readonly privateLines: number; readonly data: number };
  /** Files of chats: in memory now, and received since the start. */
  readonly files?: { readonly files: number; readonly bytes: number; readonly received: number };
  /** How often each limit was hit. */
  readonly limits: ReadonlyMap<Limit, number>;
  /** Times the main thread's event loop was blocked for one second or longer. */
  readonly eventLoopStalls: number;
  /** Lateness of the main thread, sampled four times a second. */
  readonly eventLoopDelaySeconds: HistogramSnapshot;
  /** Problems returned by the API. */
  readonly apiErrors?: ReadonlyMap<ErrorCode, number>;
  /** Sessions by WHIP and WHEP, listeners over HTTP, and refused requests. */
  readonly broadcast?: {
    readonly publishers: number;
    readonly listeners: number;
    readonly liveListeners: number;
    /** Sound that is sent elsewhere. */
    readonly forwards: { readonly forwards: number; readonly connected: number; readonly failures: number };
    readonly errors: ReadonlyMap<ErrorCode, number>;
  };
  /** Omitted if Mumble is off. */
  readonly mumble?: {
    readonly connections: number;
    readonly voice: Readonly<Record<VoiceCount, number>>;
    readonly udp: Readonly<Record<'refused' | 'unknown' | 'trials' | 'listPings', number>>;
  };
  /** Sound that goes over WebSockets. */
  readonly webSocketMedia?: {
    readonly participants: number;
    readonly framesIn: number;
    readonly framesOut: number;
    readonly framesDropped: number;
  };
  /** Omitted without another Mumble server. */
  readonly mumbleUpstream?: Readonly<Record<UpstreamCount, number>>;
  /** One per URL. */
  readonly webhooks?: readonly DeliveryFigures[];
}

type VoiceCount =
  | 'inByUdp'
  | 'inByTunnel'
  | 'overLimit'
  | 'malformed'
  | 'outByUdp'
  | 'outByTunnel'
  | 'outDropped'
  | 'late'
  | 'lost'
  | 'resyncs';
type UpstreamCount =
  | 'connected'
  | 'people'
  | 'visitors'
  | 'failures'
  | 'outByUdp'
  | 'outByTunnel'
  | 'outDropped'
  | 'inByUdp'
  | 'inByTunnel';
type Figure = readonly [name: string, help: string, read: (figures: ControlFigures) => number];
type Labelled = readonly [
  name: string,
  label: string,
  help: string,
  read: (figures: ControlFigures) => Iterable<readonly [label: string, count: number]>,
];

const GAUGES: readonly Figure[] = [
  ['partyline_rooms', 'Rooms.', ({ rooms }) => rooms],
  ['partyline_participants', 'Participants in all rooms.', ({ participants }) => participants],
  ['partyline_publishers', 'Programs that send sound by WHIP.', ({ broadcast }) => broadcast?.publishers ?? 0],
  ['partyline_listeners', 'Listeners by WHEP, who are not participants.', ({ broadcast }) => broadcast?.listeners ?? 0],
  [
    'partyline_live_listeners',
    'Listeners over HTTP, who are not participants.',
    ({ broadcast }) => broadcast?.liveListeners ?? 0,
  ],
  ['partyline_forwards', 'Rooms sent to other servers.', ({ broadcast }) => broadcast?.forwards.forwards ?? 0],
  [
    'partyline_forwards_connected',
    'Rooms sent to other servers that accept them at the moment.',
    ({ broadcast }) => broadcast?.forwards.connected ?? 0,
  ],
  ['partyline_mumble_connections', 'Mumble clients.', ({ mumble }) => mumble?.connections ?? 0],
  [
    'partyline_mumble_upstream_rooms',
    'Rooms that are connected with a channel of another Mumble server.',
    ({ mumbleUpstream }) => mumbleUpstream?.connected ?? 0,
  ],
  [
    'partyline_mumble_upstream_people',
    'People of this server who are users on another Mumble server.',
    ({ mumbleUpstream }) => mumbleUpstream?.people ?? 0,
  ],
  [
    'partyline_mumble_upstream_visitors',
    'Users of another Mumble server who are in rooms.',
    ({ mumbleUpstream }) => mumbleUpstream?.visitors ?? 0,
  ],
  ['partyline_websocket_connections', 'WebSocket connections, joined or not.', ({ connections }) => connections],
  [
    'partyline_websocket_media_participants',
    'Participants whose sound goes over a WebSocket because WebRTC does not get through.',
    ({ webSocketMedia }) => webSocketMedia?.participants ?? 0,
  ],
  ['partyline_chat_files', 'Files of chats in memory.', ({ files }) => files?.files ?? 0],
  [
    'partyline_chat_file_bytes',
    'Memory for files of chats, with what is promised to uploads.',
    ({ files }) => files?.bytes ?? 0,
  ],
  [
    'partyline_webhook_events_waiting',
    'Webhook events waiting to be delivered.',
    (figures) => sumOf(figures, ({ waiting }) => waiting),
  ],
];

const COUNTERS: readonly Figure[] = [
  ['partyline_websocket_messages_received_total', 'WebSocket messages received.', ({ messagesIn }) => messagesIn],
  [
    'partyline_websocket_media_frames_received_total',
    'Frames of sound received over WebSockets from participants.',
    ({ webSocketMedia }) => webSocketMedia?.framesIn ?? 0,
  ],
  [
    'partyline_websocket_media_frames_sent_total',
    'Frames of sound sent over WebSockets to participants.',
    ({ webSocketMedia }) => webSocketMedia?.framesOut ?? 0,
  ],
  [
    'partyline_websocket_media_frames_dropped_total',
    'Frames of sound left out because the connection of their listener was more than 300 ms behind.',
    ({ webSocketMedia }) => webSocketMedia?.framesDropped ?? 0,
  ],
  [
    'partyline_webhook_failures_total',
    'Failed attempts to deliver a webhook.',
    (figures) => sumOf(figures, ({ failed }) => failed),
  ],
  [
    'partyline_forward_failures_total',
    'Times a forward could not connect, or lost its connection.',
    ({ broadcast }) => broadcast?.forwards.failures ?? 0,
  ],
  ['partyline_chat_files_received_total', 'Files sent to chats.', ({ files }) => files?.received ?? 0],
  ['partyline_data_messages_total', 'Messages between programs of participants.', ({ text }) => text.data],
  [
    'partyline_mumble_key_trials_total',
    'Attempts to find out which Mumble client a datagram is from.',
    ({ mumble }) => mumble?.udp.trials ?? 0,
  ],
  [
    'partyline_mumble_upstream_failures_total',
    'Times a room could not connect to another Mumble server, or lost its connection.',
    ({ mumbleUpstream }) => mumbleUpstream?.failures ?? 0,
  ],
  [
    'partyline_event_loop_stalls_total',
    'Times the event loop of the main thread was blocked for one second or longer.',
    ({ eventLoopStalls }) => eventLoopStalls,
  ],
];

const LABELLED_COUNTERS: readonly Labelled[] = [
  ['partyline_joins_total', 'result', 'Join attempts by result: ok, or the error code.', ({ joins }) => joins],
  ['partyline_errors_total', 'code', 'Errors sent to clients, by code.', ({ errors }) => errors],
  [
    'partyline_api_errors_total',
    'code',
    'Problems returned by the REST API, by code.',
    ({ apiErrors = [] }) => apiErrors,
  ],
  [
    'partyline_broadcast_errors_total',
    'code',
    'Refused requests of WHIP, WHEP and sound over HTTP, by code.',
    ({ broadcast }) => broadcast?.errors ?? [],
  ],
  [
    'partyline_chat_lines_total',
    'to',
    'Chat messages, to everyone in a room or to one participant.',
    ({ text }) => [
      ['room', text.lines],
      ['participant', text.privateLines],
    ],
  ],
  [
    'partyline_mumble_voice_packets_total',
    'path',
    'Voice packets from and to Mumble clients, by the way they took, or why they were left out.',
    ({ mumble }) =>
      mumble === undefined
        ? []
        : [
            ['in_udp', mumble.voice.inByUdp],
            ['in_tunnel', mumble.voice.inByTunnel],
            ['in_over_limit', mumble.voice.overLimit],
            ['in_malformed', mumble.voice.malformed],
            ['out_udp', mumble.voice.outByUdp],
            ['out_tunnel', mumble.voice.outByTunnel],
            ['out_dropped', mumble.voice.outDropped],
          ],
  ],
  [
    'partyline_mumble_udp_total',
    'event',
    'What happened to datagrams of Mumble clients.',
    ({ mumble }) =>
      mumble === undefined
        ? []
        : [
            ['late', mumble.voice.late],
            ['lost', mumble.voice.lost],
            ['resync', mumble.voice.resyncs],
            ['refused', mumble.udp.refused],
            ['unknown', mumble.udp.unknown],
            ['list_ping', mumble.udp.listPings],
          ],
  ],
  [
    'partyline_mumble_upstream_voice_packets_total',
    'path',
    'Voice packets from and to another Mumble server, by the way they took, or left out.',
    ({ mumbleUpstream }) =>
      mumbleUpstream === undefined
        ? []
        : [
            ['in_udp', mumbleUpstream.inByUdp],
            ['in_tunnel', mumbleUpstream.inByTunnel],
            ['out_udp', mumbleUpstream.outByUdp],
            ['out_tunnel', mumbleUpstream.outByTunnel],
            ['out_dropped', mumbleUpstream.outDropped],
          ],
  ],
  ['partyline_limits_hit_total', 'limit', 'Requests rejected by a limit, by limit.', ({ limits }) => limits],
  [
    'partyline_webhook_events_total',
    'outcome',
    'Webhook events delivered, or dropped because they were too old or the queue was full.',
    (figures) => [
      ['delivered', sumOf(figures, ({ delivered }) => delivered)],
      ['dropped', sumOf(figures, ({ dropped }) => dropped)],
    ],
  ],
];

/** Registers the metrics of the control plane. Call the returned function with the figures before each scrape. */
export function registerControlMetrics(registry: Registry): (figures: ControlFigures) => void {
  let latest: ControlFigures | undefined;
  const now =
    <T>(read: (figures: ControlFigures) => Readings<T>) =>
    (): Readings<T> =>
      latest === undefined ? [] : read(latest);

  for (const [name, help, read] of GAUGES)
    collectGauge(
      registry,
      { name, help },
      now((figures) => only(read(figures))),
    );
  for (const [name, help, read] of COUNTERS)
    collectCounter(
      registry,
      { name, help },
      now((figures) => only(read(figures))),
    );
  for (const [name, label, help, read] of LABELLED_COUNTERS)
    collectCounter(
      registry,
      { name, help, labelNames: [label] },
      now((figures) => by(label, read(figures))),
    );
  collectHistogram(
    registry,
    { name: 'partyline_event_loop_delay_seconds', help: "Lateness of the main thread's event loop." },
    now(({ eventLoopDelaySeconds }) => only(eventLoopDelaySeconds)),
  );

  return (figures) => {
    latest = figures;
  };
}

function sumOf({ webhooks = [] }: ControlFigures, pick: (of: DeliveryFigures) => number): number {
  return webhooks.reduce((total, of) => total + pick(of), 0);
}
