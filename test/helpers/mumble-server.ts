import pino from 'pino';
import type { Test } from 'tap';
import { MumbleGateway, type MumbleSettings } from '../../src/gateways/mumble/control.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { AccessControl, type AccessMode } from '../../src/rooms/access.ts';
import { AddressLimits } from '../../src/rooms/address-limits.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { RegistryOptions } from '../../src/rooms/registry-options.ts';
import { makeSelfSigned } from '../../src/server/tls/self-signed.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeMediaPlane } from './fake-media-plane.ts';
import { MumbleClient, type MumbleClientOptions } from './mumble-client.ts';
import { RecordingListener } from './recording-listener.ts';

export interface MumbleSetUp {
  readonly more?: Partial<RegistryOptions>;
  readonly access?: AccessMode;
  readonly roomPasswords?: Readonly<Record<string, string>>;
  readonly registeredNames?: Readonly<Record<string, string>>;
  readonly settings?: Partial<MumbleSettings>;
  readonly maxParticipants?: number;
  readonly maxFailedJoinsPerMinute?: number;
}

export type MumbleServer = Awaited<ReturnType<typeof startMumble>>;

/** So often a TLS handshake may begin. */
const HANDSHAKE_MS = 5;

let ownCertificate: ReturnType<typeof makeSelfSigned> | undefined;

/** A certificate with its key, as a client of Mumble has one. */
export async function clientCertificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const { chainPem, keyPem } = await makeSelfSigned(['client'], Date.now());
  return { cert: chainPem, key: keyPem };
}

/** Mumble clients over real TLS, in simulated time and without media. */
export async function startMumble(t: Test, setUp: MumbleSetUp = {}) {
  const { access: mode = 'open', roomPasswords = {}, maxParticipants = 10, maxFailedJoinsPerMinute = 0 } = setUp;
  const { settings, more = {}, registeredNames = {} } = setUp;
  const clock = new FakeClock({ startMs: 1_000_000 });
  const plane = new FakeMediaPlane();
  const limitCounts = new LimitCounts();
  const log = pino({ level: 'silent' });
  const tokenSecret = 'a secret of at least 32 characters';
  const access = new AccessControl({ mode, tokenSecret, roomPasswords, clock, registeredNames });
  const registry = new RoomRegistry({
    plane,
    access,
    limitCounts,
    clock,
    log,
    ...more,
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants, resumeTimeoutMs: 30_000 },
  });
  const addresses = new AddressLimits(
    { maxConnectionsPerAddress: 0, maxJoinsPerMinute: 0, maxFailedJoinsPerMinute },
    clock,
    limitCounts,
    access.bans,
  );
  ownCertificate ??= makeSelfSigned(['localhost'], Date.now());
  const { chainPem: cert, keyPem: key } = await ownCertificate;
  const gateway = new MumbleGateway(
    {
      registry,
      addresses,
      access,
      showAddresses: true,
      version: '9.9',
      limitCounts,
      clock,
      log,
      settings: {
        host: '127.0.0.1',
        port: 0,
        rooms: ['lobby', 'games'],
        defaultRoom: undefined,
        listPing: true,
        serverName: 'Test',
        welcome: 'Hi <there>',
        maxUsers: 100,
        joinTimeoutMs: 10_000,
        ...settings,
      },
    },
    { cert, key },
  );
  const { port } = await gateway.listen();
  const clients: MumbleClient[] = [];
  t.teardown(() => {
    for (const client of clients) client.close();
    gateway.close();
    registry.close();
  });
  const keep = (client: MumbleClient): MumbleClient => {
    clients.push(client);
    return client;
  };
  return {
    gateway,
    registry,
    access,
    plane,
    clock,
    limitCounts,
    port,
    open: async (options: Partial<MumbleClientOptions> = {}) => {
      clock.advance(HANDSHAKE_MS);
      return keep(await MumbleClient.open({ port, ...options }));
    },
    join: async (options: Partial<MumbleClientOptions> = {}) => {
      clock.advance(HANDSHAKE_MS);
      return keep(await MumbleClient.join({ port, ...options }));
    },
    /** Somebody with a browser. */
    browser: (name: string, room = 'lobby', admission = GUEST) => {
      const listener = new RecordingListener();
      const state = { muted: false, deafened: false };
      const { participant } = registry.join({ room, name, admission, listener, state });
      return { listener, participant };
    },
  };
}
