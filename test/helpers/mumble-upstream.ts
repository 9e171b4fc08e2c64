/** Rooms without media that are coupled with a real Mumble server. */
import pino from 'pino';
import type { Test } from 'tap';
import { type CoupledRoom, MumbleUpstream } from '../../src/gateways/mumble-upstream/control.ts';
import type { UpstreamSettings } from '../../src/gateways/mumble-upstream/upstream.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { type Admission, GUEST } from '../../src/rooms/admission.ts';
import type { Participant } from '../../src/rooms/participant.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { RegistryOptions } from '../../src/rooms/registry-options.ts';
import { FakeMediaPlane, type FakeRelayedSeat, sit } from './fake-media-plane.ts';
import { MumbleClient, type MumbleClientOptions } from './mumble-client.ts';
import { digestOf, startMurmur } from './murmur.ts';
import { RecordingListener } from './recording-listener.ts';

export interface UpstreamSetUp {
  /** Of the Mumble server. */
  readonly server?: Readonly<Record<string, string | number | boolean>>;
  readonly settings?: Partial<UpstreamSettings>;
  readonly rooms?: readonly CoupledRoom[];
  readonly connects?: number;
  readonly registry?: Partial<RegistryOptions>;
  /** Of its superuser. */
  readonly superPassword?: string;
}

/** A page that also takes messages of programs. */
export class PageListener extends RecordingListener {
  readonly takesData = true;
  readonly takesBatches = true;

  /** What it was last told of the other server. */
  get news(): unknown {
    const told = this.events.filter((event) => event.type === 'data');
    return told.at(-1)?.payload;
  }
}

export async function startUpstream(t: Test, setUp: UpstreamSetUp = {}) {
  const { server = {}, settings = {}, rooms = [{ room: 'lobby', path: [] }], connects = 100 } = setUp;
  const murmur = await startMurmur(server);
  if (setUp.superPassword !== undefined) {
    await murmur.kill();
    await murmur.setSuperPassword(setUp.superPassword).catch(() => {});
    await murmur.restart();
  }
  const clock = systemClock;
  const plane = new FakeMediaPlane();
  const log = pino({ level: process.env['LOG'] ?? 'silent' });
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
  const registry = new RoomRegistry({
    plane,
    access,
    clock,
    log,
    limits: { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants: 20, resumeTimeoutMs: 30_000 },
    ...setUp.registry,
  });
  const upstream = new MumbleUpstream(
    {
      registry,
      access,
      clock,
      log,
      version: '9.9',
      random: () => 0,
      settings: {
        server: { host: '127.0.0.1', port: murmur.port, pins: [await digestOf(murmur.port)] },
        password: '',
        name: 'Web',
        maxPeople: 50,
        secret: Buffer.alloc(32, 3),
        ...settings,
      },
    },
    rooms,
    connects,
  );
  upstream.start();
  const clients: MumbleClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    upstream.close();
    registry.close();
    await murmur.close();
  });
  return {
    murmur,
    plane,
    registry,
    upstream,
    access,
    /** Somebody with a Mumble client. */
    mumble: async (name: string, options: Partial<MumbleClientOptions> = {}) => {
      const client = await MumbleClient.join({ port: murmur.port, name, format: 'old', ...options });
      clients.push(client);
      return client;
    },
    /** Somebody with a browser. */
    browser: (name: string, { room = 'lobby', admission = GUEST }: { room?: string; admission?: Admission } = {}) => {
      const listener = new PageListener();
      const { participant } = registry.join({
        room,
        name,
        admission,
        listener,
        state: { muted: false, deafened: false },
      });
      sit(participant, 'offer');
      return { listener, participant };
    },
    /** Participants of the room, by name. */
    people: (room = 'lobby') => {
      const found = [...registry.rooms].find(({ name }) => name === room);
      return (found?.everybody ?? []).map(({ name }) => name).sort();
    },
    person: (name: string, room = 'lobby'): Participant => {
      const found = registry.room(room).everybody.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no ${name}`);
      return found;
    },
    /** One packet of somebody, as the room's tap shows it. */
    say: (participant: Participant, n: number, payload: Uint8Array, room = 0) => {
      const place = { seatId: participant.seat!.id, stream: participant.seat!.id, levelDbov: -20 };
      plane.rooms[room]?.tap?.sink.voice({ ...place, arrivalMs: clock.now(), timestamp: 960 * n, payload });
    },
    seatOf: (participant: Participant) => participant.seat as FakeRelayedSeat,
  };
}
