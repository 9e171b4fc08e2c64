import { ADMIN_TOKEN_SETTINGS, MIN_ADMIN_TOKEN_LENGTH } from './admin-tokens.ts';
import { BOT_SETTINGS } from './bot-settings.ts';
import { BROADCAST_SETTINGS } from './broadcast-settings.ts';
import { CHAT_SETTINGS } from './chat-settings.ts';
import { CLUSTER_SETTINGS } from './cluster-settings.ts';
import {
  addresses,
  announcements,
  bearerToken,
  choice,
  directory,
  email,
  frameAncestors,
  host,
  hostNames,
  httpsUrl,
  integer,
  names,
  networks,
  onOff,
  origins,
  passwords,
  path,
  secret,
  turnUrls,
  userName,
  webhookSecret,
  webhookUrls,
} from './kinds.ts';
import { MUMBLE_SETTINGS } from './mumble-settings.ts';
import { MUMBLE_UPSTREAM_SETTINGS } from './mumble-upstream-settings.ts';
import { PEOPLE_SETTINGS } from './people-settings.ts';
import { PLAYER_SETTINGS } from './player-settings.ts';
import { PROCESS_SETTINGS } from './process-settings.ts';
import { RECORDING_SETTINGS } from './recording-settings.ts';
import { type Setting, setting } from './setting.ts';
import { SIGN_IN_SETTINGS } from './sign-in-settings.ts';
import { STATE_SETTINGS } from './state-settings.ts';
import { TRACING_SETTINGS } from './tracing-settings.ts';
import { UNIX_SOCKET_SETTINGS } from './unix-socket-settings.ts';
import { VISIBILITY_SETTINGS } from './visibility-settings.ts';
import { WEB_SOCKET_SETTINGS } from './web-socket-settings.ts';

const MINUTE_MS = 60_000;
/** RFC 7518 section 3.2: a key for HS256 is at least as long as the hash. */
const MIN_TOKEN_SECRET_BYTES = 32;
/** Anyone who received credentials can brute-force the secret offline. */
const MIN_TURN_SECRET_BYTES = 16;

/**
 * Every setting. The key is the field of `Config`. The flag and the key in the file are its kebab case; the variable is
 * its upper snake case with the prefix `PARTYLINE_`.
 */
export const SETTINGS = {
  host: setting<string>(host(), {
    default: {
      inWords: '127.0.0.1, or every address of the machine if the page is served over HTTPS',
      example: '127.0.0.1',
      of: ({ ipv6 }, tls) => (tls === 'off' ? '127.0.0.1' : ipv6 ? '::' : '0.0.0.0'),
    },
    help: 'Listening address for the page and the WebSocket. Use 0.0.0.0 or :: for every address of the machine.',
  }),
  port: setting<number>(integer({ min: 0, max: 65535 }), {
    default: {
      inWords: '8080; 443 with domain, 8443 with any other certificate',
      example: 8080,
      of: (_, tls) => ({ off: 8080, acme: 443, files: 8443, 'self-signed': 8443 })[tls],
    },
    help: 'TCP port for the page and the WebSocket. 0 picks any free port.',
  }),
  ...UNIX_SOCKET_SETTINGS,
  allowOrigins: setting(origins(), {
    default: [],
    help: "Origins of pages on other sites that may open the WebSocket. https://*.example.org matches every name below example.org. This server's own page is always allowed.",
  }),
  allowHosts: setting(hostNames(), {
    default: [],
    help: 'Host names that this server accepts. Requests for any other name are refused, except localhost and IP addresses. Empty: any name.',
  }),
  frameAncestors: setting(frameAncestors(), {
    default: [],
    help: "Origins that may embed this server's page in a frame. Empty: none.",
  }),
  trustProxy: setting(networks(), {
    default: [],
    help: 'Reverse proxies whose X-Forwarded-For header is trusted for client addresses. Required for per-address limits behind a proxy.',
  }),
  proxyProtocol: setting(onOff(), {
    default: 'off',
    help: 'The proxies in trust-proxy begin each connection with a header of the PROXY protocol (version 1 or 2), which names the client. Connections of theirs without it are closed; others are as without this setting.',
  }),

  domain: setting(hostNames(), {
    default: [],
    help: 'Public host names of this server. It obtains and renews a certificate for them by itself (ACME) and serves HTTPS. By using this setting you agree to the terms of the certificate authority.',
  }),
  httpPort: setting<number>(integer({ min: 0, max: 65535 }), {
    default: { inWords: '80 with domain, otherwise 0', example: 0, of: (_, tls) => (tls === 'acme' ? 80 : 0) },
    help: "TCP port that redirects visitors to HTTPS and answers the certificate authority's challenges. 0: none.",
  }),
  tls: setting(choice(['auto', 'self-signed']), {
    default: 'auto',
    help: 'Source of the certificate. "auto": from domain or tls-cert if either is set, otherwise plain HTTP. "self-signed": made by this server, for a local network; browsers show a warning.',
  }),
  tlsCert: setting(path(), {
    default: '',
    help: 'PEM file with your own certificate and its chain. The server reads it again when it changes and on SIGHUP.',
  }),
  tlsKey: setting(path(), {
    default: '',
    help: 'PEM file with the private key of tls-cert.',
  }),
  acmeDirectory: setting(httpsUrl(), {
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    help: 'Directory URL of the certificate authority that issues the certificates for domain.',
  }),
  acmeEmail: setting(email(), {
    default: '',
    help: 'Contact address for the certificate authority. Optional.',
  }),
  acmeCa: setting(path(), {
    default: '',
    help: "PEM file with the root certificate that acme-directory's own HTTPS certificate is signed with. Only needed for a private authority.",
  }),
  dataDir: setting<string>(directory(), {
    default: {
      inWords: '$STATE_DIRECTORY, else $XDG_DATA_HOME/partyline, else ~/.local/share/partyline',
      example: '',
      of: ({ dataDir = '' }) => dataDir,
    },
    help: 'Directory for certificates and their keys, and for what keep-state keeps.',
  }),

  access: setting(choice(['open', 'token']), {
    default: 'open',
    help: 'Who may join. "open": anyone, unless the room has a password. "token": only people with a join token.',
  }),
  tokenSecret: setting(secret({ minBytes: MIN_TOKEN_SECRET_BYTES }), {
    default: '',
    help: 'Secret for signing join tokens. Other users of the machine can read flags, so a file is safer.',
  }),
  tokenSecretFile: setting(path(), {
    default: '',
    help: 'File that contains the token-secret. Surrounding white space is ignored.',
  }),
  roomPasswords: setting(passwords(), {
    default: {},
    help: 'Room passwords, either hashed by "partyline password" or in plain text.',
  }),
  ...PROCESS_SETTINGS,
  ...PEOPLE_SETTINGS,
  ...SIGN_IN_SETTINGS,
  ...VISIBILITY_SETTINGS,
  ...STATE_SETTINGS,
  ...CLUSTER_SETTINGS,

  adminToken: setting(bearerToken({ minLength: MIN_ADMIN_TOKEN_LENGTH }), {
    default: '',
    help: 'Token for the admin page and the REST API at /api/v1. Without it and admin-tokens both are off.',
  }),
  adminTokenFile: setting(path(), {
    default: '',
    help: 'File that contains the admin-token. Surrounding white space is ignored.',
  }),
  ...ADMIN_TOKEN_SETTINGS,
  webhookUrls: setting(webhookUrls(), {
    default: [],
    help: 'URLs that receive a POST request when rooms open and close and when participants join and leave them or channels. Empty: none.',
  }),
  webhookSecret: setting(webhookSecret(), {
    default: '',
    help: 'Secret for signing webhooks (Standard Webhooks).',
  }),
  webhookSecretFile: setting(path(), {
    default: '',
    help: 'File that contains the webhook-secret. Surrounding white space is ignored.',
  }),

  mediaHost: setting(addresses(), {
    default: [],
    help: 'IP addresses for media. Empty: every address of the machine.',
  }),
  mediaPort: setting<number>(integer({ min: 0, max: 65535 }), {
    default: {
      inWords: '40000; the port of the page with domain, or if HTTPS uses port 1024 or higher',
      example: 40000,
      of: () => 40000,
    },
    help: 'UDP port of the first media worker. Each further worker takes the next port. It may be the same number as port. 0 picks any free port.',
  }),
  mediaTcp: setting(onOff(), {
    default: 'on',
    help: 'Media over TCP on the same port numbers as UDP, for browsers whose network blocks UDP. If media-port is the same as port, only that port is used.',
  }),
  announce: setting(announcements(), {
    default: [],
    help: "Public IP addresses or host names for media, for a server behind NAT. Add the first media worker's port if the outside port differs. Empty: the addresses of media-host or, if all of them are private, the public addresses that domain resolves to.",
  }),
  workers: setting<number>(integer({ min: 0, max: 256 }), {
    default: {
      inWords: 'one fewer than the number of cores, at least 1; 1 if media-port is the same as port',
      example: 1,
      of: ({ cores }) => Math.max(1, cores - 1),
    },
    help: 'Media worker threads. 0 mixes in the main thread.',
  }),
  spanLoadPercent: setting(integer({ min: 0, max: 100 }), {
    default: 60,
    help: 'Worker load in percent above which a large room continues on a less busy worker.',
  }),

  turnUrls: setting(turnUrls(), {
    default: [],
    help: 'TURN servers for browsers that cannot connect directly. Empty: none.',
  }),
  turnSecret: setting(secret({ minBytes: MIN_TURN_SECRET_BYTES }), {
    default: '',
    help: 'Secret shared with the TURN servers (coturn: static-auth-secret). The server derives credentials from it for each join.',
  }),
  turnSecretFile: setting(path(), {
    default: '',
    help: 'File that contains the turn-secret. Surrounding white space is ignored.',
  }),
  turnUsername: setting(userName(), {
    default: '',
    help: 'User name for the TURN servers, instead of turn-secret. Every participant receives it, together with its password.',
  }),
  turnPassword: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Password for turn-username.',
  }),
  turnPasswordFile: setting(path(), {
    default: '',
    help: 'File that contains the turn-password. Surrounding white space is ignored.',
  }),
  turnLifetimeMinutes: setting(integer({ min: 10, max: 10_080 }), {
    default: 1440,
    help: 'Lifetime in minutes of the credentials derived from turn-secret. A call through TURN that lasts longer is interrupted.',
  }),

  maxTalkers: setting(integer({ min: 0, max: 1000 }), {
    default: 8,
    help: 'Maximum number of talkers heard at the same time in one room. The loudest are chosen. 0: no limit.',
  }),
  levelling: setting(onOff(), {
    default: 'on',
    help: 'Gradually brings quiet and loud talkers to about the same level.',
  }),
  shareSound: setting(onOff(), {
    default: 'on',
    help: 'Whether people may share the sound of a tab, or music, beside their voice: four in a room at the same time, with 128 kb/s each in stereo.',
  }),

  teams: setting(names(), {
    default: [],
    help: 'Teams among which people in a room choose. They may speak to theirs alone. At most 16; the API can decide otherwise for single rooms. Empty: none.',
  }),

  ...CHAT_SETTINGS,
  ...RECORDING_SETTINGS,
  ...PLAYER_SETTINGS,
  ...BOT_SETTINGS,
  ...BROADCAST_SETTINGS,
  ...MUMBLE_SETTINGS,
  ...MUMBLE_UPSTREAM_SETTINGS,
  ...WEB_SOCKET_SETTINGS,

  allowCapture: setting(onOff(), {
    default: 'off',
    help: 'Allows "partyline capture" to record unencrypted what a participant says and hears. The room is notified while it runs.',
  }),
  logLevel: setting(choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    default: 'info',
    help: 'Minimum log level. "debug" includes session descriptions, which contain network addresses.',
  }),
  showAddresses: setting(onOff(), {
    default: 'on',
    help: "Shows participants' IP addresses to the operator: in the log, in the API and on the admin page. Other participants never see them.",
  }),
  ...TRACING_SETTINGS,
  logFormat: setting(choice(['auto', 'pretty', 'json']), {
    default: 'auto',
    help: 'Log format. "auto" is pretty on a terminal and json otherwise.',
  }),

  maxRooms: setting(integer({ min: 1, max: 100_000 }), {
    default: 500,
    help: 'Maximum number of rooms.',
  }),
  maxRoomsPerAddress: setting(integer({ min: 0, max: 100_000 }), {
    default: 100,
    help: 'Maximum number of open rooms created from one address (IPv6: /64). Rooms created with a join token do not count. 0: no limit.',
  }),
  maxParticipants: setting(integer({ min: 1, max: 10_000 }), {
    default: 500,
    help: 'Maximum number of participants in one room.',
  }),
  rosterLimit: setting(integer({ min: 0, max: 10_000 }), {
    default: 200,
    help: 'Rooms with more people list only moderators, raised hands and those who have spoken lately; the others can be searched. 0: all are always listed.',
  }),
  maxConnections: setting(integer({ min: 1, max: 100_000 }), {
    default: 2000,
    help: 'Maximum number of WebSocket connections, joined or not.',
  }),
  maxConnectionsPerAddress: setting(integer({ min: 0, max: 100_000 }), {
    default: 250,
    help: 'Maximum number of WebSocket connections from one address (IPv6: /64). 0: no limit.',
  }),
  maxJoinsPerMinute: setting(integer({ min: 0, max: 1_000_000 }), {
    default: 600,
    help: 'Maximum number of WebSocket connections, and of joins, from one address per minute. 0: no limit.',
  }),
  maxFailedJoinsPerMinute: setting(integer({ min: 0, max: 1_000_000 }), {
    default: 20,
    help: 'Maximum number of wrong passwords and tokens from one address per minute. 0: no limit.',
  }),
  maxRequestsPerMinute: setting(integer({ min: 0, max: 10_000_000 }), {
    default: 6000,
    help: 'Maximum number of HTTP requests from one address per minute. Requests with the admin token do not count. 0: no limit.',
  }),
  maxMessageBytes: setting(integer({ min: 1024, max: 1_048_576 }), {
    default: 65_536,
    help: 'Maximum size in bytes of one WebSocket message from a client.',
  }),
  maxMessagesPerSecond: setting(integer({ min: 1, max: 10_000 }), {
    default: 20,
    help: 'Maximum average rate of WebSocket messages from one client, per second. Bursts may be twice as large.',
  }),
  maxSdpBytes: setting(integer({ min: 1024, max: 1_048_576 }), {
    default: 32_768,
    help: 'Maximum size in bytes of a session description.',
  }),
  maxSdpLines: setting(integer({ min: 20, max: 10_000 }), {
    default: 1000,
    help: 'Maximum number of lines in a session description.',
  }),
  maxUnsentBytes: setting(integer({ min: 65_536, max: 67_108_864 }), {
    default: 1_048_576,
    help: 'Maximum number of bytes queued for a client that reads too slowly. Beyond it the client is disconnected.',
  }),

  requestTimeoutMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 10_000,
    help: 'Time limit in ms for the head of an HTTP request. A whole request may take twice as long.',
  }),
  joinTimeoutMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 10_000,
    help: 'Time limit in ms for a WebSocket connection to join a room.',
  }),
  pingIntervalMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 4000,
    help: 'Time in ms without a message from a client after which the server sends a WebSocket ping. After the same time again it disconnects the client.',
  }),
  resumeTimeoutMs: setting(integer({ min: 0, max: 10 * MINUTE_MS }), {
    default: 30_000,
    help: "Time in ms that a participant's seat is kept after their WebSocket breaks. Their audio continues meanwhile.",
  }),
  shutdownGraceMs: setting(integer({ min: 0, max: 10 * MINUTE_MS }), {
    default: 5000,
    help: 'Time limit in ms for shutting the server down.',
  }),
};

export type SettingKey = keyof typeof SETTINGS;

/** The complete, validated configuration. */
export type Config = {
  readonly [K in SettingKey]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

/** `maxRooms` → `max-rooms`: the flag without its dashes, and the key in the file. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxRooms` → `PARTYLINE_MAX_ROOMS` */
export function variableName(key: string): string {
  return `PARTYLINE_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

/** The setting of a key, without the type of its value. */
export function settingOf(key: SettingKey): Setting<unknown> {
  return SETTINGS[key] as Setting<unknown>;
}
