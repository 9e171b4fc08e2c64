import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { createApi } from '../admin/api/api.ts';
import { serverStatus } from '../admin/api/server-status.ts';
import { ControlEndpoint } from '../admin/control/control-endpoint.ts';
import { EventLoopWatch } from '../admin/metrics/event-loop-watch.ts';
import { createMetrics } from '../admin/metrics/metrics.ts';
import type { Config } from '../config/config.ts';
import { sharesPort } from '../config/one-port.ts';
import { BotEndpoint } from '../gateways/bots/endpoint.ts';
import { Forwards } from '../gateways/forward/forwards.ts';
import { createLive } from '../gateways/live/control.ts';
import { RoomStreams } from '../gateways/live/room-streams.ts';
import { FilePlayers } from '../gateways/players/control.ts';
import { Routes } from '../gateways/routes/routes.ts';
import { RtpStreams } from '../gateways/rtp/rtp-streams.ts';
import { MediaSockets } from '../gateways/websocket/control.ts';
import { createBroadcast } from '../gateways/whip/control.ts';
import { createHttpApp } from '../http/app.ts';
import type { Assets } from '../http/assets.ts';
import { health } from '../http/health.ts';
import type { Clock } from '../lib/clock.ts';
import type { ErrorCode } from '../lib/errors.ts';
import { AddressWatch } from '../lib/net/address-watch.ts';
import { ProxyWarnings } from '../lib/net/proxy-warnings.ts';
import { LimitCounts } from '../lib/rates/limit-counts.ts';
import { RequestRate } from '../lib/rates/request-rate.ts';
import type { MediaPlane, MediaPlaneOptions } from '../media/plane.ts';
import { AddressLimits } from '../rooms/address-limits.ts';
import { NOTHING_KEPT } from '../rooms/ports.ts';
import { RoomRegistry } from '../rooms/registry.ts';
import { type IceServersFor, turnServers } from '../signaling/ice-servers.ts';
import { SignalingEndpoint } from '../signaling/signaling-server.ts';
import { openCluster, openEngine, otherServers } from './cluster.ts';
import { fileDoor } from './file-door.ts';
import { followers } from './followers.ts';
import { closeHttpServer } from './http-server.ts';
import { checkKeptRooms, openKeptRooms, removeBannedElsewhere } from './kept-rooms.ts';
import { mumbleParts } from './mumble-parts.ts';
import { accessControl, adminTokens, openMediaPlane, openState, openTracing, openWebhooks } from './open-parts.ts';
import {
  broadcastSettings,
  chatDefaults,
  defaultTeams,
  liveSettings,
  pageTlsSettings,
  registryLimits,
  signalingLimits,
  turnSettings,
} from './options.ts';
import { withOthers } from './other-metrics.ts';
import { otherNodes, peerDoor } from './other-nodes.ts';
import { listOfRooms } from './other-rooms.ts';
import { createPageServer, listen, listeningAt, sharePort, trustedProxies } from './page-server.ts';
import { Parts } from './parts.ts';
import { readProxyHeaders } from './proxy-headers.ts';
import { openRecordings } from './recording.ts';
import { checkRecordingSound, playRecordingSound } from './recording-sound.ts';
import { reloadSettings } from './reload.ts';
import { signIn } from './sign-in.ts';
import { soundDoor } from './sound-door.ts';
import { PageTls } from './tls/page-tls.ts';

/** What the server receives besides its configuration. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** The page's files. */
  readonly assets: Assets;
  readonly createMediaPlane: (options: MediaPlaneOptions) => Promise<MediaPlane>;
  /** The file of the media worker, as built, or its code. */
  readonly workerEntry: URL | string;
  /** The server can no longer do its work and should be closed. */
  readonly onFailed?: (reason: string) => void;
  /** Everyone has left a draining server, which should be closed. */
  readonly onDrained?: () => void;
}

export interface Listening {
  /** The URL of the page, for a browser on this machine, or `unix:PATH`. */
  readonly url: string;
  readonly address: string;
  /** 0 at a Unix socket, whose path is the address. */
  readonly port: number;
}

export interface PartylineServer {
  /**
   * Opens the HTTP port. Rejects with `StartError`. If a certificate must be obtained first, waits for it or for the
   * failure.
   */
  listen(): Promise<Listening>;
  /** The operator signals a change: checks the certificate at once, and follows `next` as far as that is possible. */
  reload(next?: Config): void;
  /** Before the end: moves rooms to other servers for some seconds. Undefined without a cluster. */
  leave(): Promise<void> | undefined;
  /** Refuses new joins, notifies the participants, and releases everything within about `shutdownGraceMs`. */
  close(): Promise<void>;
}

/**
 * Shares of `shutdownGraceMs` for closing individual parts. Webhooks are delivered while clients are notified; some
 * time is left for the rest.
 */
const CLOSING_HANDSHAKES_SHARE = 0.5;
const WEBHOOKS_SHARE = 0.75;
const RECORDINGS_SHARE = 0.25;
const TRACES_SHARE = 0.25;

/** Assembles the parts. The media plane runs from here on, HTTP from `listen` on. Rejects with `StartError`. */
export async function createServer(config: Config, deps: ServerDeps): Promise<PartylineServer> {
  const { clock, log, version, assets } = deps;
  checkRecordingSound(config);
  const engine = await openEngine(config, { clock, log });
  const state = await openState(config, { engine, fence: (room) => cluster?.fence(room), clock, log });
  const store = state ?? NOTHING_KEPT;
  checkKeptRooms(config, store);
  const teams = defaultTeams(config);
  const access = accessControl(config, store, deps);
  const showAddresses = config.showAddresses === 'on';
  const proxyWarnings = new ProxyWarnings({ allowHosts: config.allowHosts, showAddresses, clock, log });
  const proxies = trustedProxies(config, (peer) => proxyWarnings.untrustedProxy(peer));
  const watch = new AddressWatch({ clock });
  const giveUp = (error: unknown): never => {
    watch.close();
    void state?.close().then(() => engine?.close());
    throw error;
  };
  const tls = await PageTls.open(pageTlsSettings(config), { clock, log, proxies, watch }).catch(giveUp);
  const plane = await openMediaPlane(
    config,
    deps,
    watch,
    otherServers(config, () => cluster),
  ).catch(giveUp);
  const closeAll = async (error: unknown): Promise<never> => {
    await plane.close();
    await tls?.close();
    return giveUp(error);
  };
  const spans = await openTracing(config, deps).catch(closeAll);
  const webhooks = openWebhooks(config, deps, () => cluster);
  const started = (room: string) => recordingStarted(room);
  const recording = await openRecordings(config, { clock, log, webhooks, started }).catch(closeAll);
  const onNodeFailed = webhooks.nodeFailed.bind(webhooks);
  const madeLater = { registry: () => registry, media: () => plane, http: () => http, signaling: () => signaling };
  const cluster = openCluster(config, engine, { version, onNodeFailed, clock, log, ...madeLater });
  const limitCounts = new LimitCounts();
  const registry = new RoomRegistry({
    plane,
    limits: registryLimits(config),
    chat: chatDefaults(config),
    roomList: config.roomList,
    otherRooms: cluster && (() => cluster.rooms.rooms),
    recorder: recording?.recordings,
    recording: config.recording,
    live: config.live,
    shareSound: config.shareSound === 'on',
    teams,
    access,
    store,
    directory: cluster?.directory,
    resumeSecret: config.clusterEngine === '' ? undefined : config.clusterSecret,
    clock,
    log,
    observer: webhooks,
    limitCounts,
    ...(deps.onDrained !== undefined && { onDrained: deps.onDrained }),
  });
  try {
    openKeptRooms(config, registry);
    removeBannedElsewhere(store, registry, access.bans);
  } catch (error) {
    await recording?.recordings.close(0);
    return closeAll(error);
  }
  const eventLoop = new EventLoopWatch(clock, () => registry.figures.participants === 0);
  let closing: Promise<void> | undefined;

  const healthNow = () =>
    health({
      version,
      closing: closing !== undefined,
      draining: registry.draining !== null,
      workers: plane.health(),
      reach: plane.reach(),
      stalledMs: eventLoop.stalledMs,
      certificate: tls?.problem,
      untrustedProxy: proxyWarnings.untrusted,
      state: state?.problem,
      cluster: cluster?.problem,
      ...registry.figures,
    });
  if (config.allowCapture === 'on')
    log.warn('captures are allowed: anyone with the admin token can record what is said in rooms');
  const players = new FilePlayers({
    directory: config.playerDir,
    ended: (player, reason) => webhooks.playerEnded(player, reason),
    clock,
    log,
  });
  const recordingStarted = (room: string): void =>
    playRecordingSound(room, { sound: config.recordingSound, registry, players, log });
  const requests = new RequestRate({ maxRequestsPerMinute: config.maxRequestsPerMinute, proxies, clock, limitCounts });
  const addresses = new AddressLimits(signalingLimits(config), clock, limitCounts, access.bans);
  /** What most doors need. */
  const shared = { registry, access, addresses, requests, proxies, showAddresses, limitCounts, clock, log };
  const streams = new RoomStreams(clock);
  const routes = new Routes({ clock, log });
  const rtp = new RtpStreams({ host: config.rtpIn, targets: config.rtpTargets, registry, showAddresses, clock, log });
  const forwards = new Forwards({
    targets: config.forwardTargets,
    streams,
    onFailed: (forward) => webhooks.forwardFailed(forward),
    clock,
    log,
  });
  const api = createApi({
    tokens: adminTokens(config),
    ...shared,
    maxFailuresPerMinute: config.maxFailedJoinsPerMinute,
    version,
    server: serverStatus({
      health: healthNow,
      registry,
      plane,
      connections: () => signaling.figures.connections,
      webhooks: () => webhooks.figures,
      clock,
    }),
    allowCapture: config.allowCapture === 'on',
    recordings: recording?.library,
    saved: () => state?.saved(),
    others: cluster && otherNodes(cluster),
    forwards,
    routes,
    rtp,
    players,
  });
  let turn = turnServers(turnSettings(config), clock);
  const iceServers: IceServersFor = (participantId) => turn(participantId);
  const { allowOrigins, allowHosts } = config;
  const errors = new Map<ErrorCode, number>();
  const broadcast = createBroadcast({
    ...broadcastSettings(config),
    ...shared,
    allowOrigins,
    iceServers,
    errors,
  });
  const live = createLive({ ...liveSettings(config), ...shared, streams, errors });
  const mumble = mumbleParts(config, { ...shared, version }, tls);
  const metrics = createMetrics({
    version,
    control: () => ({
      ...registry.figures,
      ...signaling.figures,
      broadcast: { ...broadcast.figures, liveListeners: live.figures.listeners, forwards: forwards.figures, errors },
      ...mumble.figures(),
      limits: limitCounts.counts,
      text: registry.textCounts,
      files: registry.files.store.figures,
      webSocketMedia: mediaSockets.figures,
      eventLoopStalls: eventLoop.stalls,
      eventLoopDelaySeconds: eventLoop.delaySeconds,
      apiErrors: api.errors,
      webhooks: webhooks.figures,
    }),
    media: () => plane.stats(),
    workers: () => plane.health(),
    clock,
    ...(recording !== undefined && { recording: () => recording.recordings.figures }),
    ...(cluster !== undefined && { cluster: () => cluster.figures }),
    ...(tls !== undefined && { certificate: () => tls.figures }),
    ...(sharesPort(config) && { sharedPort: () => sharedPort?.figures ?? { undecided: 0, refused: 0 } }),
  });
  const app = createHttpApp({
    assets,
    health: healthNow,
    ...(config.roomPreview === 'on' && { preview: (room) => registry.list.preview(room) }),
    roomList: () => listOfRooms(registry, cluster),
    files: fileDoor(registry),
    sounds: soundDoor(registry, players, clock),
    api: api.middleware,
    peer: cluster && peerDoor(cluster, api.forPeers),
    broadcast: broadcast.middleware,
    live: live.middleware,
    signIn: signIn(config, shared),
    requests,
    metrics: withOthers(metrics, cluster, { clock }),
    log,
    allowHosts,
    proxyWarnings,
    frameAncestors: config.frameAncestors,
    connects: config.clusterPages,
  });
  const http = createPageServer(app.callback(), { tls, proxies, config, limitCounts });
  const sharedPort = sharePort(http, { config, tls, plane, proxies, clock });
  if (config.proxyProtocol === 'on') readProxyHeaders(http, { proxies, clock, limitMs: config.requestTimeoutMs });
  const control = new ControlEndpoint({ ...shared, auth: api.auth, allowHosts });
  const bots = new BotEndpoint({
    ...shared,
    maxBots: config.maxBots,
    check: (...credentials) => api.auth.check(...credentials),
    allowHosts,
    loadCodec: async () => (await import('./bot-codec.ts')).botCodec,
  });
  const mediaSockets = new MediaSockets({
    ...shared,
    isOn: config.webSocketMedia === 'on',
    maxConnections: config.maxConnections,
    maxMessageBytes: config.maxMessageBytes,
    allowHosts,
  });
  const signaling = new SignalingEndpoint({
    server: http,
    otherPath: (...upgrade) =>
      [mediaSockets, control, bots].some((other) => other.upgrade(...upgrade)) || cluster?.upgrade(...upgrade) === true,
    ...(cluster !== undefined && { passOn: (...client) => cluster.passed.open(...client) }),
    ...shared,
    limits: signalingLimits(config),
    allowOrigins,
    allowHosts,
    proxyWarnings,
    iceServers,
    spans,
  });

  let current = config;
  const following = followers({
    ...shared,
    auth: api.auth,
    webhooks,
    signaling,
    setTurn: (settings) => {
      turn = turnServers(settings, clock);
    },
  });

  const handshakesMs = config.shutdownGraceMs * CLOSING_HANDSHAKES_SHARE;
  let eventsDelivered: Promise<void> | undefined;
  let recordingsEnded: Promise<void> | undefined;
  const parts = new Parts([
    { name: 'engine', close: () => engine?.close() },
    { name: 'kept rooms and bans', close: () => state?.close() },
    { name: 'traces', close: () => spans?.close(config.shutdownGraceMs * TRACES_SHARE) },
    { name: 'watch over the event loop', close: () => eventLoop.close() },
    { name: 'watch over the addresses', close: () => watch.close() },
    { name: 'cluster', start: () => cluster?.start(), close: () => cluster?.close() },
    // Listed before the media plane, so that it closes after it: TCP media connections may keep this port open.
    { name: 'HTTP port', start: () => listen(http, config), close: () => closeHttpServer(http) },
    { name: 'permanent rooms', start: () => cluster?.openRooms() },
    { name: 'media plane', close: () => plane.close() },
    { name: 'certificate', start: () => tls?.start(), close: () => tls?.close() },
    { name: 'first bytes of the shared port', close: () => sharedPort?.close() },
    {
      name: 'webhooks',
      stop: () => {
        const deliver = () => webhooks.close(config.shutdownGraceMs * WEBHOOKS_SHARE);
        eventsDelivered = recordingsEnded === undefined ? deliver() : recordingsEnded.then(deliver);
      },
      close: () => eventsDelivered,
    },
    { name: 'WebSockets', close: () => signaling.close(handshakesMs) },
    ...mumble.parts,
    { name: 'media over WebSockets', close: () => mediaSockets.close(handshakesMs) },
    { name: 'bots', close: () => bots.close(handshakesMs) },
    { name: 'control connections', close: () => control.close(handshakesMs) },
    {
      // Rooms end their recordings first; webhooks tell of them afterwards.
      name: 'recordings',
      stop: () => {
        recordingsEnded = recording?.recordings.close(config.shutdownGraceMs * RECORDINGS_SHARE);
      },
      close: () => recordingsEnded,
    },
    { name: 'players', close: () => players.close() },
    { name: 'RTP', close: () => rtp.close() },
    { name: 'rooms', stop: () => registry.close(), close: () => routes.close() },
  ]);

  return {
    listen: async () => {
      await parts.start();
      return listeningAt(http, tls, config);
    },
    reload: (next = current) => {
      const before = current;
      current = reloadSettings(before, next, { followers: following, log });
      if (tls?.reload() !== true && isDeepStrictEqual(before, next)) log.info('nothing to reload: nothing has changed');
    },
    leave: () => cluster?.leave(),
    close: () => {
      closing ??= parts.close().then(() => log.info('server closed'));
      return closing;
    },
  };
}
