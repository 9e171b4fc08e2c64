import { MEDIA_ADDRESS } from './private-network.ts';

/**
 * All parts of Janus 1.x that a benchmark does not need. The names are those of its files; unknown names are ignored.
 */
const UNUSED = {
  plugins: [
    'duktape',
    'echotest',
    'lua',
    'nosip',
    'recordplay',
    'sip',
    'streaming',
    'textroom',
    'videocall',
    'videoroom',
    'voicemail',
  ],
  transports: ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'],
  loggers: ['jsonlog'],
};

/** Janus' log level for errors only. */
const ERRORS = 2;

export interface JanusSettings {
  /** TCP port of the WebSocket at 127.0.0.1. */
  readonly port: number;
  /** Rooms that exist from the start. Names consist of letters, digits and hyphens. */
  readonly rooms: readonly string[];
  /** Packets that AudioBridge collects before it decodes. If undefined, Janus uses its default (6 in version 1.1). */
  readonly prebuffering?: number | undefined;
}

/**
 * The configuration of Janus for a benchmark, file name → text: only AudioBridge and WebSockets, only in the private
 * network, and only errors in the log. Everything else keeps Janus' default.
 */
export function writeJanusConfiguration(settings: JanusSettings): ReadonlyMap<string, string> {
  return new Map([
    ['janus.jcfg', core()],
    ['janus.transport.websockets.jcfg', webSockets(settings.port)],
    ['janus.plugin.audiobridge.jcfg', audioBridge(settings)],
  ]);
}

function core(): string {
  return [
    // Light clients send no keep-alives. A session ends with its WebSocket.
    ...section('general', { debug_level: ERRORS, debug_colors: false, session_timeout: 0 }),
    ...section('nat', { ice_enforce_list: MEDIA_ADDRESS }),
    ...Object.entries(UNUSED).flatMap(([kind, names]) =>
      section(kind, { disable: names.map((name) => `libjanus_${name}.so`).join(',') }),
    ),
  ].join('\n');
}

function webSockets(port: number): string {
  return section('general', { json: 'plain', ws: true, ws_port: port, ws_ip: '127.0.0.1', wss: false }).join('\n');
}

function audioBridge({ rooms, prebuffering }: JanusSettings): string {
  const room = {
    sampling_rate: 48_000,
    audiolevel_ext: true,
    record: false,
    ...(prebuffering === undefined ? {} : { default_prebuffering: prebuffering }),
  };
  return [
    ...section('general', { string_ids: true, events: false }),
    ...rooms.flatMap((name) => section(`room-${name}`, { description: name, ...room })),
  ].join('\n');
}

function section(name: string, values: Readonly<Record<string, string | number | boolean>>): string[] {
  const lines = Object.entries(values).map(([key, value]) => `\t${key} = ${JSON.stringify(value)}`);
  return [`${name}: {`, ...lines, '}', ''];
}
