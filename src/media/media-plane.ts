/** The media plane of one server: its workers, which room is in which, and what happens when one of them dies. */
import type { Clock } from '../lib/clock.ts';
import { createCertificate } from '../rtc/certificate.ts';
import { candidateAddresses } from './candidates.ts';
import type { MediaPlane, MediaPlaneOptions, MediaRoom, MediaRoomEvents, MediaStats } from './plane.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Starts the workers. Rejects with an Error in words if a media port cannot be bound. */
export async function createMediaPlane(options: MediaPlaneOptions): Promise<MediaPlane> {
  const certificate = await createCertificate();
  const count = Math.max(1, options.workers);
  let lastId = 0;
  const nextId = (): number => ++lastId;
  const slots = Array.from({ length: count }, (_, index) => new WorkerSlot({ ...options, index, certificate, nextId }));
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    await Promise.all(slots.map((slot) => slot.close()));
    throw error;
  }
  options.log.info(
    {
      workers: options.workers,
      ports: slots.flatMap((slot) => slot.addresses.map(({ address, port }) => joinPort(address, port))),
      candidates: candidateAddresses(slots[0]!.addresses, options).map(({ address, port }) => joinPort(address, port)),
    },
    'media plane started',
  );
  return new WorkerPool(slots, options.clock);
}

class WorkerPool implements MediaPlane {
  readonly #slots: readonly WorkerSlot[];
  readonly #clock: Clock;

  constructor(slots: readonly WorkerSlot[], clock: Clock) {
    this.#slots = slots;
    this.#clock = clock;
  }

  /** A room lives in one worker: the one with the fewest connections, among equals the one with the fewest rooms. */
  openRoom(events: MediaRoomEvents): MediaRoom {
    const best = this.#slots.reduce((a, b) => ((b.connections - a.connections || b.rooms - a.rooms) < 0 ? b : a));
    return best.openRoom(events);
  }

  stats(): readonly MediaStats[] {
    const nowMs = this.#clock.now();
    return this.#slots.flatMap((slot) => slot.stats(nowMs) ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function joinPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
