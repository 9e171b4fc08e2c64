/** The media plane of one server: its workers, which room is in which, and what happens when one of them dies. */
import type { Socket } from 'node:net';
import type { Cancel, Millis } from '../../lib/clock.ts';
import { formatEndpoint } from '../../lib/net/host-port.ts';
import { isBehindNat } from '../../lib/net/local-addresses.ts';
import { isPrivateAddress } from '../../lib/net/private-address.ts';
import { supportsSimd } from '../../mixer/kernels/simd.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import { createCertificate } from '../../rtc/dtls/certificate.ts';
import type { MediaAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { MediaPlane, MediaPlaneOptions, MediaRoom, MediaRoomEvents, MediaStats, WorkerHealth } from '../plane.ts';
import { Announcement } from './announcement.ts';
import { HandshakeQueue } from './handshake-queue.ts';
import { type MediaHost, type MediaHostOptions, startInWorker } from './host.ts';
import { PlaneRoom } from './plane-room.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Without one sound worker for so long, a new process is the last thing to try. */
const GIVE_UP_AFTER_MS: Millis = 60_000;
const FIRST_HIGH_PORT = 1024;

/** Makes the engine of one worker. Rejects with an Error in words. */
export type StartHost = (place: MediaHostOptions, index: number) => Promise<MediaHost>;

/**
 * Starts the workers. Rejects with an Error in words if a media port cannot be bound or an announced name is not known.
 */
export async function openMediaPlane(options: MediaPlaneOptions, startHost: StartHost): Promise<MediaPlane> {
  const { names = [], ...others } = options;
  const announcement = await Announcement.start({ ...others, names: isBehindNat(options.hosts) ? names : [] });
  const certificate = await createCertificate();
  const count = Math.max(1, options.workers);
  let lastId = 0;
  const nextId = (): number => ++lastId;
  let onChange = (): void => {};
  const handshakes = new HandshakeQueue(options.clock);
  const slots = Array.from(
    { length: count },
    (_, index) =>
      new WorkerSlot({
        ...options,
        index,
        certificate,
        announcement,
        handshakes,
        nextId,
        startHost,
        onChange: () => onChange(),
      }),
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
  options.log.debug({ simd: supportsSimd() }, 'mixer kernels');
  if (slots[0]!.candidates.every(({ address, port }) => port < FIRST_HIGH_PORT && isPrivateAddress(address)))
    options.log.warn(
      'Chromium accepts no media port below 1024 at private addresses, so it will have no audio: announce a public address, or choose a media-port of 1024 or higher',
    );
  const pool = new WorkerPool(slots, announcement, handshakes, options, nextId);
  onChange = () => pool.slotChanged();
  return pool;
}

/** Each worker in a thread of its own. */
export function startWorkerThread({ workerEntry: entry, clock }: MediaPlaneOptions): StartHost {
  return (place, index) => startInWorker(place, { entry, name: `media-${index}`, clock });
}

class WorkerPool implements MediaPlane {
  readonly #slots: readonly WorkerSlot[];
  readonly #announcement: Announcement;
  readonly #handshakes: HandshakeQueue;
  readonly #options: MediaPlaneOptions;
  readonly #nextId: () => number;
  #cancelGivingUp: Cancel | undefined;

  constructor(
    slots: readonly WorkerSlot[],
    announcement: Announcement,
    handshakes: HandshakeQueue,
    options: MediaPlaneOptions,
    nextId: () => number,
  ) {
    this.#slots = slots;
    this.#announcement = announcement;
    this.#handshakes = handshakes;
    this.#options = options;
    this.#nextId = nextId;
  }

  get mix(): MixSettings {
    return this.#options.mix;
  }

  openRoom(events: MediaRoomEvents, mix = this.mix): MediaRoom {
    const { spanLoad } = this.#options;
    return new PlaneRoom({ id: this.#nextId(), slots: this.#slots, spanLoad, mix, events });
  }

  acceptTcp(socket: Socket, localUfrag: string): boolean {
    return this.#slots.some((slot) => slot.acceptTcp(socket, localUfrag));
  }

  stats(): readonly MediaStats[] {
    return this.#slots.flatMap((slot) => slot.stats() ?? []);
  }

  health(): readonly WorkerHealth[] {
    return this.#slots.map((slot) => slot.health());
  }

  /** Gives up when nothing has been sound for long: whoever runs the server is to start it anew. */
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
    this.#announcement.close();
    this.#handshakes.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function inWords({ protocol, address, port }: MediaAddress | CandidateAddress): string {
  return `${protocol} ${formatEndpoint(address, port)}`;
}
