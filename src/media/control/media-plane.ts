/** The media plane of one server: its workers, the assignment of rooms, and what happens when a worker dies. */
import type { Socket } from 'node:net';
import type { Cancel, Millis } from '../../lib/clock.ts';
import { isBehindNat } from '../../lib/net/local-addresses.ts';
import { supportsSimd } from '../../mixer/kernels/simd.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import { createCertificate } from '../../rtc/dtls/certificate.ts';
import type {
  MediaPlane,
  MediaPlaneOptions,
  MediaReach,
  MediaRoom,
  MediaRoomEvents,
  MediaStats,
  WorkerHealth,
} from '../plane.ts';
import { Announcement } from './announcement.ts';
import { FollowedHosts } from './followed-hosts.ts';
import { HandshakeQueue } from './handshake-queue.ts';
import { type MediaHost, type MediaHostOptions, startInWorker } from './host.ts';
import { PlaneRoom } from './plane-room.ts';
import { Reach } from './reach.ts';
import { WorkerSlot } from './worker-slot.ts';

/** After this long without a healthy worker, only a new process may help. */
const GIVE_UP_AFTER_MS: Millis = 60_000;

/** Creates the engine of one worker. Rejects with an explanatory Error. */
export type StartHost = (place: MediaHostOptions, index: number) => Promise<MediaHost>;

/**
 * Starts the workers. Rejects with an explanatory Error if a media port cannot be bound or an announced name cannot be
 * resolved.
 */
export async function openMediaPlane(options: MediaPlaneOptions, startHost: StartHost): Promise<MediaPlane> {
  const { workers, hosts, watch, clock, log } = options;
  const announcement = await Announcement.start({
    ...options,
    isBehindNat: () => isBehindNat(hosts, watch?.current),
  });
  const certificate = await createCertificate();
  const handshakes = new HandshakeQueue(clock);
  let lastId = 0;
  const nextId = (): number => ++lastId;
  let onChange = (): void => {};
  let onAddresses = (): void => {};
  let onOtherHosts = (): void => {};
  const followed =
    watch === undefined || hosts.length > 0
      ? undefined
      : new FollowedHosts({ watch, clock, onChange: () => onOtherHosts() });
  const slots = Array.from(
    { length: Math.max(1, workers) },
    (_, index) =>
      new WorkerSlot({
        ...options,
        index,
        certificate,
        announcement,
        followed,
        handshakes,
        nextId,
        startHost,
        onChange: () => onChange(),
        onAddresses: () => onAddresses(),
      }),
  );
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (error) {
    announcement.close();
    followed?.close();
    await Promise.all(slots.map((slot) => slot.close()));
    throw error;
  }
  const reach = new Reach({ slots, followed, watch, log });
  reach.log('media plane started', { workers });
  log.debug({ simd: supportsSimd() }, 'mixer kernels');
  const pool = new WorkerPool({ slots, announcement, followed, reach, handshakes, options, nextId });
  onChange = () => pool.slotChanged();
  onAddresses = () => reach.log('media addresses changed');
  onOtherHosts = () => {
    for (const slot of slots) slot.follow();
    announcement.lookUp();
    reach.log('media addresses changed');
  };
  return pool;
}

/** Runs each worker in a thread of its own. */
export function startWorkerThread({ workerEntry: entry, clock }: MediaPlaneOptions): StartHost {
  return (place, index) => startInWorker(place, { entry, name: `media-${index}`, clock });
}

interface WorkerPoolOptions {
  readonly slots: readonly WorkerSlot[];
  readonly announcement: Announcement;
  readonly followed: FollowedHosts | undefined;
  readonly reach: Reach;
  readonly handshakes: HandshakeQueue;
  readonly options: MediaPlaneOptions;
  readonly nextId: () => number;
}

class WorkerPool implements MediaPlane {
  readonly #parts: WorkerPoolOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #options: MediaPlaneOptions;
  #cancelGivingUp: Cancel | undefined;

  constructor(parts: WorkerPoolOptions) {
    this.#parts = parts;
    this.#slots = parts.slots;
    this.#options = parts.options;
  }

  get mix(): MixSettings {
    return this.#options.mix;
  }

  openRoom(events: MediaRoomEvents, mix = this.mix): MediaRoom {
    const { spanLoad } = this.#options;
    return new PlaneRoom({ id: this.#parts.nextId(), slots: this.#slots, spanLoad, mix, events });
  }

  acceptTcp(socket: Socket, localUfrag: string): boolean {
    return this.#slots.some((slot) => slot.acceptTcp(socket, localUfrag));
  }

  reach(): MediaReach {
    return this.#parts.reach.now;
  }

  stats(): readonly MediaStats[] {
    return this.#slots.flatMap((slot) => slot.stats() ?? []);
  }

  health(): readonly WorkerHealth[] {
    return this.#slots.map((slot) => slot.health());
  }

  /** Gives up after a long time without a healthy worker, so that the supervisor restarts the server. */
  slotChanged(): void {
    if (this.#slots.some((slot) => slot.available && !slot.failing)) {
      this.#cancelGivingUp?.();
      this.#cancelGivingUp = undefined;
      return;
    }
    const { clock, onFailed } = this.#options;
    this.#cancelGivingUp ??= clock.setTimer(clock.now() + GIVE_UP_AFTER_MS, () => {
      onFailed?.(`no media worker was healthy for ${GIVE_UP_AFTER_MS / 1000} s`);
    });
  }

  async close(): Promise<void> {
    this.#cancelGivingUp?.();
    const { announcement, followed, handshakes } = this.#parts;
    announcement.close();
    followed?.close();
    handshakes.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}
