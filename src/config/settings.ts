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
  networks,
  onOff,
  origins,
  passwords,
  path,
  secret,
  turnUrls,
  userName,
  type ValueKind,
  webhookSecret,
  webhookUrls,
} from './kinds.ts';

/** What some defaults depend on. */
export interface Machine {
  /** Processor cores that this process may use. */
  readonly cores: number;
  /** Whether sockets for IPv6 can be made; where that is not said, they cannot. */
  readonly ipv6?: boolean;
  /** Where files are kept that the server makes and needs again. */
  readonly dataDir?: string;
}

/** Where the certificate of the page comes from; `off`: the page is served by plain HTTP. */
export type TlsMode = 'off' | 'acme' | 'files' | 'self-signed';

export interface Setting<T> {
  readonly kind: ValueKind<T>;
  readonly default: T | DefaultOfMachine<T>;
  readonly help: string;
}

/** A default that is not the same everywhere. */
export interface DefaultOfMachine<T> {
  readonly inWords: string;
  readonly example: T;
  of(machine: Machine, tls: TlsMode): T;
}

function setting<T>(kind: ValueKind<T>, options: Omit<Setting<NoInfer<T>>, 'kind'>): Setting<T> {
  return { kind, ...options };
}

const MINUTE_MS = 60_000;
/** RFC 7518 section 3.2: a key for HS256 is no shorter than the hash. */
const MIN_TOKEN_SECRET_BYTES = 32;
/** Whoever was given credentials can try, at leisure, which secret they were made with. */
const MIN_TURN_SECRET_BYTES = 16;
const MIN_ADMIN_TOKEN_LENGTH = 16;

/**
 * Every setting. The key is the field of `Config`; the flag and the key in the file are the same in kebab case, the
 * variable is in upper snake case behind `PARTYLINE_`.
 */
export const SETTINGS = {
  host: setting<string>(host(), {
    default: {
      inWords: '127.0.0.1; every address of the machine where the page is served by https',
      example: '127.0.0.1',
      of: ({ ipv6 }, tls) => (tls === 'off' ? '127.0.0.1' : ipv6 ? '::' : '0.0.0.0'),
    },
    help: 'Address for the page and the WebSocket. 0.0.0.0 or :: serves every address of the machine.',
  }),
  port: setting<number>(integer({ min: 0, max: 65535 }), {
    default: {
      inWords: '8080; 443 with domain, 8443 with another certificate',
      example: 8080,
      of: (_, tls) => ({ off: 8080, acme: 443, files: 8443, 'self-signed': 8443 })[tls],
    },
    help: 'TCP port for the page and the WebSocket. 0 lets the system choose.',
  }),
  allowOrigins: setting(origins(), {
    default: [],
    help: "Origins of pages on other sites that may open the WebSocket, https://*.example.org for all below a name. This server's own page is always allowed.",
  }),
  allowHosts: setting(hostNames(), {
    default: [],
    help: 'Names that this server is asked for by; others are refused, but localhost and addresses. Empty: any name.',
  }),
  frameAncestors: setting(frameAncestors(), {
    default: [],
    help: 'Origins of pages that may show the page of this server in a frame. Empty: none.',
  }),
  trustProxy: setting(networks(), {
    default: [],
    help: 'Reverse proxies whose X-Forwarded-For says who a client is. Needed for limits per address behind a proxy.',
  }),

  domain: setting(hostNames(), {
    default: [],
    help: 'Names of this server, which lead here. It gets a certificate for them by itself (ACME), renews it and serves https; that you use it means that you agree to the terms of the certificate authority.',
  }),
  httpPort: setting<number>(integer({ min: 0, max: 65535 }), {
    default: { inWords: '80 with domain, otherwise 0', example: 0, of: (_, tls) => (tls === 'acme' ? 80 : 0) },
    help: 'TCP port whose visitors are sent on to https, and where the certificate authority may look. 0: none.',
  }),
  tls: setting(choice(['auto', 'self-signed']), {
    default: 'auto',
    help: 'Where the certificate comes from. "auto": from domain or tls-cert, where one is given, else plain HTTP. "self-signed": made by this server, for a local network; browsers warn of it.',
  }),
  tlsCert: setting(path(), {
    default: '',
    help: 'File with a certificate of your own and those above it, in PEM. It is read again when it changes, and on SIGHUP.',
  }),
  tlsKey: setting(path(), {
    default: '',
    help: 'File with the private key of tls-cert, in PEM.',
  }),
  acmeDirectory: setting(httpsUrl(), {
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    help: 'Certificate authority that domain gets its certificate from.',
  }),
  acmeEmail: setting(email(), {
    default: '',
    help: 'Where the certificate authority may write to. Not needed.',
  }),
  acmeCa: setting(path(), {
    default: '',
    help: 'File with the root certificate of acme-directory itself, in PEM, where that is a private one.',
  }),
  dataDir: setting<string>(directory(), {
    default: {
      inWords: '$STATE_DIRECTORY, else $XDG_DATA_HOME/partyline, else ~/.local/share/partyline',
      example: '',
      of: ({ dataDir = '' }) => dataDir,
    },
    help: 'Directory for certificates and their keys.',
  }),

  access: setting(choice(['open', 'token']), {
    default: 'open',
    help: 'Who may join. "open": everybody, where a room has no password. "token": only those with a join token.',
  }),
  tokenSecret: setting(secret({ minBytes: MIN_TOKEN_SECRET_BYTES }), {
    default: '',
    help: 'What join tokens are signed with. Other users of the machine can read flags; a file is better.',
  }),
  tokenSecretFile: setting(path(), {
    default: '',
    help: 'File that holds the token-secret. White space around it does not count.',
  }),
  roomPasswords: setting(passwords(), {
    default: {},
    help: 'Passwords of rooms, as "partyline password" prints them, or in the clear.',
  }),

  adminToken: setting(bearerToken({ minLength: MIN_ADMIN_TOKEN_LENGTH }), {
    default: '',
    help: 'What the admin page and the REST API at /api/v1 ask for. Empty: both are off.',
  }),
  adminTokenFile: setting(path(), {
    default: '',
    help: 'File that holds the admin-token. White space around it does not count.',
  }),
  webhookUrls: setting(webhookUrls(), {
    default: [],
    help: 'Addresses that are told by POST when rooms begin and end and participants come and go. Empty: none.',
  }),
  webhookSecret: setting(webhookSecret(), {
    default: '',
    help: 'What webhooks are signed with, as Standard Webhooks has it.',
  }),
  webhookSecretFile: setting(path(), {
    default: '',
    help: 'File that holds the webhook-secret. White space around it does not count.',
  }),

  mediaHost: setting(addresses(), {
    default: [],
    help: 'Addresses for media. Empty: every address of the machine.',
  }),
  mediaPort: setting<number>(integer({ min: 0, max: 65535 }), {
    default: {
      inWords: '40000; that of the page with domain, or where it is served by https on a port from 1024 on',
      example: 40000,
      of: () => 40000,
    },
    help: 'UDP port of the first media worker, the next worker takes the next. The page may have the same number. 0 lets the system choose.',
  }),
  mediaTcp: setting(onOff(), {
    default: 'on',
    help: 'Media over TCP, on the same port numbers as UDP, for browsers whose network lets no UDP through. Where media-port is that of the page, on that one alone.',
  }),
  announce: setting(announcements(), {
    default: [],
    help: 'Addresses or host names that browsers are told to send media to, for a server behind NAT; with the port of the first media worker if it is another outside. Empty: those of media-host or, where all of these are private, the public ones that domain leads to.',
  }),
  workers: setting<number>(integer({ min: 0, max: 256 }), {
    default: {
      inWords: 'one less than the cores, at least 1; 1 where media-port is that of the page',
      example: 1,
      of: ({ cores }) => Math.max(1, cores - 1),
    },
    help: 'Media worker threads. 0 mixes in the main thread.',
  }),
  spanLoadPercent: setting(integer({ min: 0, max: 100 }), {
    default: 60,
    help: 'Load of a worker in percent above which a room goes on in another worker that has less to do.',
  }),

  turnUrls: setting(turnUrls(), {
    default: [],
    help: 'TURN servers that browsers may take a way through, where no direct one works. Empty: none.',
  }),
  turnSecret: setting(secret({ minBytes: MIN_TURN_SECRET_BYTES }), {
    default: '',
    help: 'Secret shared with the TURN servers (static-auth-secret of coturn). Each join gets credentials made with it.',
  }),
  turnSecretFile: setting(path(), {
    default: '',
    help: 'File that holds the turn-secret. White space around it does not count.',
  }),
  turnUsername: setting(userName(), {
    default: '',
    help: 'Name of a user of the TURN servers, in place of a turn-secret. Every participant is told it and its password.',
  }),
  turnPassword: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Password of turn-username.',
  }),
  turnPasswordFile: setting(path(), {
    default: '',
    help: 'File that holds the turn-password. White space around it does not count.',
  }),
  turnLifetimeMinutes: setting(integer({ min: 10, max: 10_080 }), {
    default: 1440,
    help: 'Time in minutes that credentials made with turn-secret hold. A call through TURN that lasts longer is interrupted.',
  }),

  maxTalkers: setting(integer({ min: 0, max: 1000 }), {
    default: 8,
    help: 'Talkers in one room that are heard at the same time, the loudest. 0: all of them.',
  }),
  levelling: setting(onOff(), {
    default: 'on',
    help: 'Brings quiet and loud talkers slowly to about the same level.',
  }),

  allowCapture: setting(onOff(), {
    default: 'off',
    help: 'Whether "partyline capture" may record in the clear what a participant says and hears. The room is told while it does.',
  }),
  logLevel: setting(choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    default: 'info',
    help: 'Least important lines to log. "debug" shows session descriptions, which hold network addresses.',
  }),
  showAddresses: setting(onOff(), {
    default: 'on',
    help: 'Whether the operator sees the IP addresses of participants: in the log, in the API and on the admin page. Other participants never see them.',
  }),
  logFormat: setting(choice(['auto', 'pretty', 'json']), {
    default: 'auto',
    help: 'Form of the log lines. "auto" is pretty on a terminal and json otherwise.',
  }),

  maxRooms: setting(integer({ min: 1, max: 100_000 }), {
    default: 500,
    help: 'Rooms that exist at the same time.',
  }),
  maxParticipants: setting(integer({ min: 1, max: 10_000 }), {
    default: 500,
    help: 'Participants in one room.',
  }),
  maxConnections: setting(integer({ min: 1, max: 100_000 }), {
    default: 2000,
    help: 'WebSocket connections at the same time, joined or not.',
  }),
  maxConnectionsPerAddress: setting(integer({ min: 0, max: 100_000 }), {
    default: 250,
    help: 'WebSocket connections of one address (IPv6: /64) at the same time. 0: any number.',
  }),
  maxJoinsPerMinute: setting(integer({ min: 0, max: 1_000_000 }), {
    default: 600,
    help: 'WebSocket connections, and joins, of one address in a minute. 0: any number.',
  }),
  maxFailedJoinsPerMinute: setting(integer({ min: 0, max: 1_000_000 }), {
    default: 20,
    help: 'Wrong passwords and tokens of one address in a minute. 0: any number.',
  }),
  maxRequestsPerMinute: setting(integer({ min: 0, max: 10_000_000 }), {
    default: 6000,
    help: 'HTTP requests of one address in a minute, but those with the admin token. 0: any number.',
  }),
  maxMessageBytes: setting(integer({ min: 1024, max: 1_048_576 }), {
    default: 65_536,
    help: 'Size of one WebSocket message of a client.',
  }),
  maxMessagesPerSecond: setting(integer({ min: 1, max: 10_000 }), {
    default: 20,
    help: 'WebSocket messages of one client per second, on average; twice as many may come at once.',
  }),
  maxSdpBytes: setting(integer({ min: 1024, max: 1_048_576 }), {
    default: 32_768,
    help: 'Size of a session description.',
  }),
  maxSdpLines: setting(integer({ min: 20, max: 10_000 }), {
    default: 1000,
    help: 'Lines of a session description.',
  }),
  maxUnsentBytes: setting(integer({ min: 65_536, max: 67_108_864 }), {
    default: 1_048_576,
    help: 'What may wait for a client that reads too slowly; more ends its connection.',
  }),

  requestTimeoutMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 10_000,
    help: 'Time in ms that the head of an HTTP request may take; all of it, twice as much.',
  }),
  joinTimeoutMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 10_000,
    help: 'Time in ms that a WebSocket connection has to join a room.',
  }),
  pingIntervalMs: setting(integer({ min: 100, max: 10 * MINUTE_MS }), {
    default: 4000,
    help: 'Time in ms without a word from a WebSocket after which it is sent a ping. After as much again it is ended.',
  }),
  resumeTimeoutMs: setting(integer({ min: 0, max: 10 * MINUTE_MS }), {
    default: 30_000,
    help: 'Time in ms that a participant whose WebSocket broke is waited for while their media goes on.',
  }),
  shutdownGraceMs: setting(integer({ min: 0, max: 10 * MINUTE_MS }), {
    default: 5000,
    help: 'Time in ms that closing the server may take.',
  }),
};

export type SettingKey = keyof typeof SETTINGS;

/** Everything that the operator decides, complete and checked. */
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

export function defaultValue<T>(setting: Setting<T>, machine: Machine, tls: TlsMode): T {
  return isOfMachine(setting.default) ? setting.default.of(machine, tls) : setting.default;
}

export function isOfMachine<T>(value: T | DefaultOfMachine<T>): value is DefaultOfMachine<T> {
  return typeof value === 'object' && value !== null && 'inWords' in value;
}
