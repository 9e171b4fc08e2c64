import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Test } from 'tap';
import type { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { SpanSink } from '../../src/lib/span.ts';
import { AccessControl, type AccessMode } from '../../src/rooms/access.ts';
import type { Directory } from '../../src/rooms/ports.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { RegistryLimits } from '../../src/rooms/registry-options.ts';
import type { RoomListMode } from '../../src/rooms/room-list.ts';
import type { IceServersFor } from '../../src/signaling/ice-servers.ts';
import { type EndpointLimits, type EndpointOptions, SignalingEndpoint } from '../../src/signaling/signaling-server.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeMediaPlane } from './fake-media-plane.ts';
import { SignalingClient } from './signaling-client.ts';

const LIMITS: EndpointLimits = {
  maxConnections: 100,
  maxConnectionsPerAddress: 0,
  maxJoinsPerMinute: 0,
  maxFailedJoinsPerMinute: 0,
  maxMessageBytes: 10_000,
  maxMessagesPerSecond: 20,
  maxUnsentBytes: 100_000,
  joinTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
};
const ROOM_LIMITS: RegistryLimits = {
  maxRooms: 5,
  maxRoomsPerAddress: 0,
  maxParticipants: 10,
  resumeTimeoutMs: 30_000,
};

export interface SignalingServerOptions {
  readonly limits?: Partial<EndpointLimits>;
  readonly roomLimits?: Partial<RegistryLimits>;
  readonly allowOrigins?: readonly string[];
  readonly iceServers?: IceServersFor;
  readonly mode?: AccessMode;
  readonly tokenSecret?: string;
  readonly roomList?: RoomListMode;
  readonly shareSound?: boolean;
  readonly spans?: SpanSink;
  readonly proxies?: TrustedProxies;
  readonly roomPasswords?: Readonly<Record<string, string>>;
  readonly directory?: Directory;
  readonly passOn?: EndpointOptions['passOn'];
}

/** Real WebSockets and rooms with a clock and a media plane that the test controls. Everything ends with the test. */
export async function startSignalingServer(t: Test, options: SignalingServerOptions = {}) {
  const { mode = 'open', tokenSecret = '', roomPasswords = {} } = options;
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const log = pino({ level: 'silent' });
  const access = new AccessControl({ mode, tokenSecret, roomPasswords, clock });
  const limitCounts = new LimitCounts();
  const registry = new RoomRegistry({
    plane,
    access,
    limits: { ...ROOM_LIMITS, ...options.roomLimits },
    limitCounts,
    ...(options.roomList !== undefined && { roomList: options.roomList }),
    ...(options.shareSound !== undefined && { shareSound: options.shareSound }),
    ...(options.directory !== undefined && { directory: options.directory }),
    clock,
    log,
  });
  const server = createServer();
  const endpoint = new SignalingEndpoint({
    server,
    registry,
    limits: { ...LIMITS, ...options.limits },
    allowOrigins: options.allowOrigins ?? [],
    iceServers: options.iceServers ?? (() => []),
    limitCounts,
    ...(options.passOn !== undefined && { passOn: options.passOn }),
    ...(options.spans !== undefined && { spans: options.spans }),
    ...(options.proxies !== undefined && { proxies: options.proxies }),
    clock,
    log,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: SignalingClient[] = [];
  const open = async (headers: Record<string, string> = {}, path = '/ws'): Promise<SignalingClient> => {
    const client = await SignalingClient.open(`ws://127.0.0.1:${port}${path}`, headers);
    clients.push(client);
    return client;
  };
  t.teardown(async () => {
    for (const { socket } of clients) socket.terminate();
    registry.close();
    await endpoint.close(0);
    server.closeAllConnections();
    server.close();
  });
  return { clock, plane, access, registry, endpoint, limitCounts, open, port };
}
