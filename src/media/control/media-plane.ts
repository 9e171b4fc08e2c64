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
  ServerConnection,
  WorkerHealth,
} from '../plane.ts';
import { Announcement } from './announcement.ts';
import { FollowedHosts } from './followed-hosts.ts';
import { HandshakeQueue } from './handshake-queue.ts';
import { type MediaHost, type MediaHostEvents, type MediaHostOptions, startInWorker } from './host.ts';
import { lendWorker } from './lent-worker.ts';
import { OtherServers } from './other-servers.ts';
import { PlaneRoom } from './plane-room.ts';
import { Reach } from './reach.ts';
import { connectRemoteWorker } from './remote-worker.ts';
import { lowestLoad } from './room-part.ts';
import { WorkerSlot, type WorkerSlotOptions } from './worker-slot.ts';

/** After this long without a healthy worker, only a new process may help. */
const GIVE_UP_AFTER_MS: Millis = 60_000;
const NOTHING_ANNOUNCED: Pick<Announcement, 'addresses'> = { addresses: [] };

/** Creates the engine of one worker. Rejects with an explanatory Error. */
export type StartHost = (place: MediaHostOptions, index: number) => Promise<MediaHost>;

/** Connects to a worker of another server of the cluster. Rejects with an explanatory Error. */
export type ConnectOther = (server: string, events: MediaHostEvents) => Promise<MediaHost>;

/**
 * Starts the workers. Rejects with an explanatory Error if a media port cannot be bound or an announced name cannot be
 * resolved.
 */
export async function openMediaPlane(
  options: MediaPlaneOptions,
  startHost: StartHost,
  connectOther: ConnectOther = connectRemotely(options),
): Promise<MediaPlane> {
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
  const shared = { certificate, handshakes, nextId, onAddresses: () => onAddresses() };
  const newSlot = (index: number): WorkerSlot =>
    new WorkerSlot({
      ...options,
      ...shared,
      index,
      announcement,
      followed,
      startHost,
      onChange: () => onChange(),
    });
  const slots = Array.from({ length: Math.max(1, workers) }, (_, index) => newSlot(index));
  const others = openOthers({ ...options, ...shared, onAddresses: () => {} }, connectOther);
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
  const pool = new WorkerPool({ slots, others, announcement, followed, reach, handshakes, options, nextId });
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

type SharedOptions = Omit<WorkerSlotOptions, 'index' | 'announcement' | 'followed' | 'startHost' | 'onChange'>;

function connectRemotely({ others, clock }: MediaPlaneOptions): ConnectOther {
  return async (server, events) => {
    if (others === undefined) throw new Error('rooms do not go on at other servers');
    return connectRemoteWorker({ ...(await others.open(server)), events, clock });
  };
}

/** What another server announces is what its worker says, without anything of this server's. */
function openOthers(shared: SharedOptions, connect: ConnectOther): OtherServers | undefined {
  const { clock, others, log } = shared;
  if (others === undefined) return undefined;
  return new OtherServers({
    clock,
    spanLoad: others.spanLoad,
    newSlot: (server) =>
      new WorkerSlot({
        ...shared,
        index: 0,
        log: log.child({ server }),
        followed: undefined,
        announcement: NOTHING_ANNOUNCED,
        startHost: ({ events }) => connect(server, events),
        onChange: () => {},
      }),
  });
}

interface WorkerPoolOptions {
  readonly slots: readonly WorkerSlot[];
  readonly others: OtherServers | undefined;
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
    const { nextId, others } = this.#parts;
    return new PlaneRoom({ id: nextId(), slots: this.#slots, others, spanLoad, mix, events });
  }

  acceptTcp(socket: Socket, localUfrag: string): boolean {
    return this.#slots.some((slot) => slot.acceptTcp(socket, localUfrag));
  }

  followServers(names: readonly string[]): void {
    this.#parts.others?.follow(names);
  }

  lendWorker({ stream }: ServerConnection): void {
    const slot = lowestLoad(this.#slots.filter(({ available }) => available));
    if (slot !== undefined) lendWorker(stream, slot, this.#options.clock);
    else stream.on('error', () => {}).destroy();
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
    await Promise.all([...this.#slots, this.#parts.others].map((part) => part?.close()));
  }
}
