import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import type { Test } from 'tap';
import { createLive } from '../../src/gateways/live/control.ts';
import { RoomStreams } from '../../src/gateways/live/room-streams.ts';
import { type BroadcastOptions, createBroadcast } from '../../src/gateways/whip/control.ts';
import { createHttpApp } from '../../src/http/app.ts';
import type { ErrorCode } from '../../src/lib/errors.ts';
import { TrustedProxies } from '../../src/lib/net/client-address.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { LiveMode } from '../../src/protocol/api/live-mode.ts';
import { AccessControl, type AccessMode } from '../../src/rooms/access.ts';
import { AddressLimits } from '../../src/rooms/address-limits.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeMediaPlane } from './fake-media-plane.ts';

export interface BroadcastSetUp extends Partial<Pick<BroadcastOptions, 'kinds' | 'allowOrigins' | 'iceServers'>> {
  readonly access?: AccessMode;
  readonly roomPasswords?: Readonly<Record<string, string>>;
  readonly limits?: Partial<BroadcastOptions['limits']>;
  readonly live?: LiveMode;
  readonly maxJoinsPerMinute?: number;
  readonly maxFailedJoinsPerMinute?: number;
}

export type BroadcastServer = Awaited<ReturnType<typeof startBroadcast>>;

/** WHIP and WHEP over real HTTP, in simulated time and without media. */
export async function startBroadcast(t: Test, setUp: BroadcastSetUp = {}) {
  const {
    access: mode = 'open',
    roomPasswords = {},
    limits = {},
    maxJoinsPerMinute = 0,
    maxFailedJoinsPerMinute = 0,
  } = setUp;
  const { kinds = new Set(['whip', 'whep'] as const), allowOrigins = [], iceServers = () => [] } = setUp;
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const limitCounts = new LimitCounts();
  const log = pino({ level: 'silent' });
  const access = new AccessControl({ mode, tokenSecret: 'a secret of at least 32 characters', roomPasswords, clock });
  const registry = new RoomRegistry({
    plane,
    access,
    limitCounts,
    clock,
    log,
    live: setUp.live ?? 'on',
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 10, resumeTimeoutMs: 30_000 },
  });
  const addresses = new AddressLimits(
    { maxConnectionsPerAddress: 0, maxJoinsPerMinute, maxFailedJoinsPerMinute },
    clock,
    limitCounts,
  );
  const errors = new Map<ErrorCode, number>();
  const proxies = new TrustedProxies([]);
  const shared = { registry, addresses, allowOrigins, proxies, showAddresses: true, limitCounts, clock, log, errors };
  const allLimits = { maxPublishers: 5, maxListeners: 5, maxPerAddress: 0, ...limits };
  const broadcast = createBroadcast({
    ...shared,
    kinds,
    iceServers,
    limits: allLimits,
    sdpLimits: { maxBytes: 10_000, maxLines: 1000 },
  });
  const { maxListeners, maxPerAddress } = allLimits;
  const live = createLive({
    ...shared,
    streams: new RoomStreams(clock),
    maxListeners,
    maxPerAddress,
  });
  const app = createHttpApp({
    assets: new Map(),
    health: () => ({ status: 'ok', version: '', problems: [], rooms: 0, participants: 0, workers: [] }),
    metrics: { contentType: 'text/plain', scrape: async () => '' },
    broadcast: broadcast.middleware,
    live: live.middleware,
    log,
  });
  const http = createServer(app.callback());
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
    registry.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const request = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body }) });
  /** Sends an offer, as a token's holder if one is given. */
  const post = (path: string, sdp: string, token?: string) =>
    request(
      'POST',
      path,
      { 'content-type': 'application/sdp', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      sdp,
    );
  return { url, request, post, broadcast, live, errors, registry, access, plane, clock, limitCounts };
}
