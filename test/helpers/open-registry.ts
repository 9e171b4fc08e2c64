import pino from 'pino';
import { AccessControl } from '../../src/rooms/access.ts';
import type { RegisteredPeopleSettings } from '../../src/rooms/registered-people.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { RegistryOptions } from '../../src/rooms/registry-options.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeMediaPlane } from './fake-media-plane.ts';

/** Rooms that anyone may join, in simulated time and without media. */
export function openRegistry(
  maxParticipants = 100,
  teams: readonly string[] = [],
  more: Pick<RegistryOptions, 'recorder' | 'recording' | 'chat'> = {},
  people: RegisteredPeopleSettings = {},
) {
  const clock = new FakeClock();
  const plane = new FakeMediaPlane();
  const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, ...people, clock });
  const limits = { maxRooms: 5, maxRoomsPerAddress: 0, maxParticipants, resumeTimeoutMs: 30_000 };
  const registry = new RoomRegistry({
    plane,
    access,
    limits,
    teams,
    clock,
    log: pino({ level: 'silent' }),
    ...more,
  });
  return { clock, plane, registry };
}
