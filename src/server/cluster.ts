/** The part of the server that knows the other servers of its cluster. */
import type { IncomingMessage, Server } from 'node:http';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { ClusterFigures } from '../admin/metrics/cluster-metrics.ts';
import { ClusterDirectory } from '../cluster/directory.ts';
import type { OwnState } from '../cluster/directory-options.ts';
import type { Engine, KeptWrite } from '../cluster/engine.ts';
import { type FailedNode, FailedNodes } from '../cluster/failed-nodes.ts';
import { PassedClients } from '../cluster/passed-clients.ts';
import { PeerCheck } from '../cluster/peer-check.ts';
import type { PeerStream } from '../cluster/peer-stream.ts';
import { Peers } from '../cluster/peers.ts';
import { RedisEngine } from '../cluster/redis-engine.ts';
import { UnusedRooms } from '../cluster/unused-rooms.ts';
import type { Config } from '../config/config.ts';
import type { HealthProblem } from '../http/health.ts';
import type { Clock } from '../lib/clock.ts';
import type { MediaPlane, MediaStats, OtherServersOptions } from '../media/plane.ts';
import type { RoomRegistry } from '../rooms/registry.ts';
import type { SignalingEndpoint } from '../signaling/signaling-server.ts';
import { countNoLonger } from './http-server.ts';
import { OtherRooms } from './other-rooms.ts';
import { PermanentRooms } from './permanent-rooms.ts';
import { RoomMover } from './room-mover.ts';
import { RoomServers } from './room-servers.ts';
import { sharedSettings } from './shared-settings.ts';
import { settingsError } from './start-error.ts';

export interface ClusterDeps {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** They are made later. */
  readonly registry: () => RoomRegistry;
  readonly media: () => Pick<MediaPlane, 'stats' | 'followServers' | 'lendWorker'>;
  /** This server is to say that this one has failed. */
  readonly onNodeFailed: (failed: FailedNode) => void;
  readonly http: () => Server;
  readonly signaling: () => Pick<SignalingEndpoint, 'takePassed'>;
}

export interface Cluster {
  /** The name of this server. */
  readonly node: string;
  /** Takes an upgrade request of another server. */
  upgrade(path: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** The WebSockets of clients whose room is at another server than the one that they asked. */
  readonly passed: PassedClients;
  /** The rooms of the others, for lists. */
  readonly rooms: OtherRooms;
  /** See `OtherServersOptions`. */
  connect(server: string): Promise<PeerStream>;
  readonly directory: ClusterDirectory;
  readonly peers: Peers;
  readonly figures: ClusterFigures;
  /** Who writes about a room. */
  fence(room: string): KeptWrite['fence'];
  start(): Promise<void>;
  /** Opens the permanent rooms that have no server. Others must reach this one by then, or take them for lost. */
  openRooms(): Promise<void>;
  /** The server is about to end: resolves when the rooms have moved that can. */
  leave(): Promise<void>;
  /** The rooms are closed already. The engine is not closed. */
  close(): Promise<void>;
  readonly problem: HealthProblem | undefined;
}

const FULL_LEVEL = 4;

/** Undefined for a server by itself, which pays nothing for it. Rejects with `StartError`. */
export async function openEngine(
  { clusterEngine: url, clusterEnginePassword: password, clusterName: name }: Config,
  { clock, log }: Pick<ClusterDeps, 'clock' | 'log'>,
): Promise<RedisEngine | undefined> {
  if (url === '') return undefined;
  if (!/^rediss?:\/\//.test(url))
    throw settingsError(new Error('cluster-engine must begin with redis:// or rediss://.'));
  try {
    return await RedisEngine.open({ url, ...(password !== '' && { password }), name, clock, log });
  } catch (error) {
    throw settingsError(new Error(`cluster-engine cannot be used: ${(error as Error).message}.`));
  }
}

/** Undefined if rooms do not go on at other servers. */
export function otherServers(config: Config, cluster: () => Cluster | undefined): OtherServersOptions | undefined {
  const { clusterEngine, clusterSpanPercent } = config;
  if (clusterEngine === '' || clusterSpanPercent === 0) return undefined;
  return {
    spanLoad: clusterSpanPercent / 100,
    open: async (server) => {
      const connection = await cluster()?.connect(server);
      if (connection === undefined) throw new Error('this server is in no cluster');
      return connection;
    },
  };
}

/** Undefined without an engine. */
export function openCluster(config: Config, engine: Engine | undefined, deps: ClusterDeps): Cluster | undefined {
  if (engine === undefined) return undefined;
  const { nodeUrl } = config;
  const { version, clock, log, registry, media } = deps;
  const name = nodeName(config);
  const check = new PeerCheck(clock);
  const directory = new ClusterDirectory({
    engine,
    node: {
      node: name,
      version,
      url: nodeUrl,
      peer: config.clusterPeer,
      region: config.clusterRegion,
      settings: sharedSettings(config),
    },
    secret: config.clusterSecret,
    leaseMs: config.clusterLeaseMs,
    whenDown: config.clusterEngineDown,
    ownState: () => stateOf(registry(), media().stats()),
    isOpen: (room) => registry().known(room) !== undefined,
    checkPeer: (peer) => check.check(peer),
    // Those who are in it join again, and are led to the other node.
    onLost: (room) => registry().known(room)?.close('server_closing'),
    onReplaced: (gone) => void failures.replaced(gone),
    random: Math.random,
    clock,
    log,
  });
  const failures = new FailedNodes({ engine, incarnation: directory.incarnation, onFailed: deps.onNodeFailed });
  const peers = new Peers({
    node: name,
    incarnation: directory.incarnation,
    secret: config.clusterSecret,
    nowMs: () => directory.engineNowMs,
    nodes: () => directory.nodes,
    clock,
    log,
  });
  const permanent = new PermanentRooms({
    get registry() {
      return registry();
    },
    directory,
    clock,
  });
  const unused = new UnusedRooms({
    engine,
    node: name,
    clock,
    concerns: (room) => directory.concerns(room),
    nowMs: () => directory.engineNowMs,
  });
  const mover = new RoomMover({
    get registry() {
      return registry();
    },
    handOver: (room) => directory.handOver(room),
    clock,
  });
  const servers = new RoomServers({
    directory,
    self: name,
    secret: config.clusterSecret,
    isOn: config.clusterSpanPercent > 0,
    media,
    version,
    clock,
  });
  const passed = new PassedClients({
    nodes: () => directory.nodes,
    secret: config.clusterSecret,
    onClient: (...client) => deps.signaling().takePassed(...client),
    onServer: (connection) => countNoLonger(deps.http(), connection),
    clock,
  });
  peers.on('listed', () => registry().list.own);
  const rooms = new OtherRooms({
    self: name,
    nodes: () => directory.nodes,
    ask: (node, limitMs) => peers.request(node, 'listed', null, limitMs),
    clock,
  });
  return {
    node: name,
    directory,
    peers,
    passed,
    rooms,
    upgrade: (_path, ...upgrade) => servers.upgrade(...upgrade) || passed.upgrade(...upgrade),
    connect: (server) => servers.connect(server),
    fence: (room) => ({ room, node: name, epoch: directory.epochOf(room) ?? null }),
    start: async () => {
      await directory.start();
      mover.start();
      servers.start();
      unused.start();
    },
    openRooms: () => permanent.start(),
    leave: () => {
      permanent.close();
      return mover.leave();
    },
    close: async () => {
      permanent.close();
      mover.close();
      servers.close();
      passed.close();
      unused.close();
      await directory.close();
    },
    get figures() {
      return { ...directory.figures, peers: peers.figures, clients: passed.figures };
    },
    get problem() {
      if (directory.figures.isEngineUp) return undefined;
      const message = 'The engine of the cluster is not reached. Rooms that run go on. See cluster-engine.';
      return { code: 'engine_unreachable', message } as const;
    },
  };
}

/** By default that of the machine. */
export function nodeName({ clusterNode }: Pick<Config, 'clusterNode'>): string {
  return clusterNode === '' ? hostname() : clusterNode;
}

function stateOf(registry: RoomRegistry, media: readonly MediaStats[]): OwnState {
  const { rooms, participants: people } = registry.figures;
  // From the last level on a worker admits nobody.
  const loads = media.map(({ gauges }) =>
    gauges.overloadLevel >= FULL_LEVEL ? 1 : Math.min(0.99, gauges.utilization),
  );
  const load = Math.max(0, ...loads);
  return { rooms, people, draining: registry.draining !== null, load };
}
