/** The media plane of one server: its workers, which room is in which, and what happens when one of them dies. */
import { createCertificate } from '../rtc/certificate.ts';
import { candidateAddresses } from './candidates.ts';
import type { MediaPlane, MediaPlaneOptions, MediaRoom, MediaRoomEvents, MediaStats } from './plane.ts';
import { PlaneRoom } from './plane-room.ts';
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
  return new WorkerPool(slots, options, nextId);
}

class WorkerPool implements MediaPlane {
  readonly #slots: readonly WorkerSlot[];
  readonly #options: MediaPlaneOptions;
  readonly #nextId: () => number;

  constructor(slots: readonly WorkerSlot[], options: MediaPlaneOptions, nextId: () => number) {
    this.#slots = slots;
    this.#options = options;
    this.#nextId = nextId;
  }

  openRoom(events: MediaRoomEvents): MediaRoom {
    const { spanLoad, mix } = this.#options;
    return new PlaneRoom({ id: this.#nextId(), slots: this.#slots, spanLoad, mix, events });
  }

  stats(): readonly MediaStats[] {
    const nowMs = this.#options.clock.now();
    return this.#slots.flatMap((slot) => slot.stats(nowMs) ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function joinPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
