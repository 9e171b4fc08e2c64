/** The media plane of one server: its workers, which room is in which, and what happens when one of them dies. */
import { formatEndpoint } from '../lib/endpoint.ts';
import { createCertificate } from '../rtc/certificate.ts';
import type { MediaAddress } from '../rtc/datagram-port.ts';
import type { CandidateAddress } from '../rtc/sdp-answer.ts';
import { Announcement } from './announcement.ts';
import type { MediaPlane, MediaPlaneOptions, MediaRoom, MediaRoomEvents, MediaStats } from './plane.ts';
import { PlaneRoom } from './plane-room.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Starts the workers. Rejects with an Error in words if a media port cannot be bound or an announced name is not known. */
export async function createMediaPlane(options: MediaPlaneOptions): Promise<MediaPlane> {
  const announcement = await Announcement.start(options);
  const certificate = await createCertificate();
  const count = Math.max(1, options.workers);
  let lastId = 0;
  const nextId = (): number => ++lastId;
  const slots = Array.from(
    { length: count },
    (_, index) => new WorkerSlot({ ...options, index, certificate, announcement, nextId }),
  );
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    announcement.close();
    await Promise.all(slots.map((slot) => slot.close()));
    throw error;
  }
  options.log.info(
    {
      workers: options.workers,
      ports: slots.flatMap(({ addresses }) => addresses.map(inWords)),
      candidates: slots[0]!.candidates.map(inWords),
    },
    'media plane started',
  );
  return new WorkerPool(slots, announcement, options, nextId);
}

class WorkerPool implements MediaPlane {
  readonly #slots: readonly WorkerSlot[];
  readonly #announcement: Announcement;
  readonly #options: MediaPlaneOptions;
  readonly #nextId: () => number;

  constructor(
    slots: readonly WorkerSlot[],
    announcement: Announcement,
    options: MediaPlaneOptions,
    nextId: () => number,
  ) {
    this.#slots = slots;
    this.#announcement = announcement;
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
    this.#announcement.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function inWords({ protocol, address, port }: MediaAddress | CandidateAddress): string {
  return `${protocol} ${formatEndpoint(address, port)}`;
}
