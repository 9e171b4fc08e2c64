/** How sound gets to the server. `relay` is by a TURN server. */
export interface MediaPath {
  readonly kind: 'direct' | 'relay';
  /** To the TURN server, if there is one. */
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** The server's address and port; null if the browser does not tell. */
  readonly server: string | null;
}

/** What the browser knows about the connection, besides its quality. Null: it does not tell. */
export interface ConnectionStats {
  readonly path: MediaPath | null;
  /** For example `opus, 48 kHz, stereo`. */
  readonly codec: string | null;
  readonly codecParameters: string | null;
  readonly sentKbps: number | null;
  readonly receivedKbps: number | null;
  /** The size that the browser's jitter buffer aims at. */
  readonly targetBufferMs: number | null;
  /** Packets that came too late to be played, since the last measurement. */
  readonly discarded: number | null;
  /** How often the browser has bridged a gap, since the last measurement. */
  readonly concealments: number | null;
  readonly encryption: string | null;
}

/** Running totals of one connection. */
export interface ConnectionTotals {
  readonly atMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly discarded: number;
  readonly concealments: number;
  readonly targetSeconds: number;
  readonly emitted: number;
}

type Entry = Record<string, unknown>;

/**
 * Reads a report of RTCPeerConnection.getStats (W3C, webrtc-stats). Browsers leave out what they do not know.
 * @param before the totals of the last report; null before the first one
 */
export function readConnection(
  report: Iterable<unknown>,
  before: ConnectionTotals | null,
): { readonly stats: ConnectionStats; readonly totals: ConnectionTotals } {
  const byId = new Map<unknown, Entry>();
  for (const entry of report as Iterable<Entry>) byId.set(entry['id'], entry);
  const ofType = (type: string) => [...byId.values()].filter((entry) => entry['type'] === type);
  const inbound = ofType('inbound-rtp').find(({ kind }) => kind === 'audio') ?? {};
  const outbound = ofType('outbound-rtp').find(({ kind }) => kind === 'audio') ?? {};
  const [transport = {}] = ofType('transport');
  const totals: ConnectionTotals = {
    atMs: numberOf(inbound['timestamp']) ?? numberOf(outbound['timestamp']) ?? 0,
    sentBytes: numberOf(outbound['bytesSent']) ?? 0,
    receivedBytes: numberOf(inbound['bytesReceived']) ?? 0,
    discarded: numberOf(inbound['packetsDiscarded']) ?? 0,
    concealments: numberOf(inbound['concealmentEvents']) ?? 0,
    targetSeconds: numberOf(inbound['jitterBufferTargetDelay']) ?? 0,
    emitted: numberOf(inbound['jitterBufferEmittedCount']) ?? 0,
  };
  const since = before !== null && isContinued(before, totals) ? before : null;
  const rate = (key: 'sentBytes' | 'receivedBytes') =>
    since === null || totals.atMs <= since.atMs ? null : ((totals[key] - since[key]) * 8) / (totals.atMs - since.atMs);
  const grown = (key: 'discarded' | 'concealments', source: string) =>
    since === null || inbound[source] === undefined ? null : totals[key] - since[key];
  const emitted = since === null ? 0 : totals.emitted - since.emitted;
  const codec = byId.get(inbound['codecId']) ?? {};
  return {
    totals,
    stats: {
      path: pathOf(byId, transport, ofType('candidate-pair')),
      codec: codecOf(codec),
      codecParameters: textOf(codec['sdpFmtpLine']),
      sentKbps: rate('sentBytes'),
      receivedKbps: rate('receivedBytes'),
      targetBufferMs:
        since === null || emitted <= 0 || inbound['jitterBufferTargetDelay'] === undefined
          ? null
          : ((totals.targetSeconds - since.targetSeconds) * 1000) / emitted,
      discarded: grown('discarded', 'packetsDiscarded'),
      concealments: grown('concealments', 'concealmentEvents'),
      encryption: encryptionOf(transport),
    },
  };
}

/** Totals that have decreased belong to another connection. */
function isContinued(before: ConnectionTotals, now: ConnectionTotals): boolean {
  return (
    now.sentBytes >= before.sentBytes && now.receivedBytes >= before.receivedBytes && now.emitted >= before.emitted
  );
}

function pathOf(byId: ReadonlyMap<unknown, Entry>, transport: Entry, pairs: readonly Entry[]): MediaPath | null {
  const pair =
    byId.get(transport['selectedCandidatePairId']) ??
    pairs.find(({ selected }) => selected === true) ??
    pairs.find(({ nominated, state }) => nominated === true && state === 'succeeded');
  const local = byId.get(pair?.['localCandidateId']);
  if (local === undefined) return null;
  const remote = byId.get(pair?.['remoteCandidateId']) ?? {};
  const [address, port] = [textOf(remote['address']) ?? textOf(remote['ip']), numberOf(remote['port'])];
  const relayed = textOf(local['relayProtocol']);
  const isRelay = local['candidateType'] === 'relay';
  const transportName = isRelay ? relayed : textOf(local['protocol']);
  return {
    kind: isRelay ? 'relay' : 'direct',
    transport: transportName === 'tcp' || transportName === 'tls' ? transportName : 'udp',
    server: address === null || port === null ? null : `${address.includes(':') ? `[${address}]` : address}:${port}`,
  };
}

function codecOf(codec: Entry): string | null {
  const mimeType = textOf(codec['mimeType']);
  if (mimeType === null) return null;
  const clockHz = numberOf(codec['clockRate']);
  const isStereo = /(?:^|;)\s*stereo=1(?:;|$)/.test(textOf(codec['sdpFmtpLine']) ?? '');
  const parts = [mimeType.replace(/^audio\//, ''), clockHz === null ? null : `${clockHz / 1000} kHz`];
  return [...parts, isStereo ? 'stereo' : 'mono'].filter((part) => part !== null).join(', ');
}

function encryptionOf(transport: Entry): string | null {
  const parts = ['srtpCipher', 'dtlsCipher'].map((key) => textOf(transport[key])).filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
