/** The place of one media worker: the worker that has it now, its rooms, and its replacement when it dies. */
import type { Cancel, Millis } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type { DtlsCertificate } from '../rtc/certificate.ts';
import type { UdpAddress } from '../rtc/udp-port.ts';
import { candidateAddresses } from './candidates.ts';
import { Connection } from './connection.ts';
import { STATS_INTERVAL_MS } from './engine-stats.ts';
import { type MediaHost, type MediaHostOptions, startInThisThread, startInWorker } from './host.ts';
import type { MediaCommand, MediaEvent, WorkerStats } from './messages.ts';
import type {
  ConnectOptions,
  MediaConnection,
  MediaPlaneOptions,
  MediaRoom,
  MediaRoomEvents,
  MediaStats,
  SpeakerLevel,
} from './plane.ts';

/** A worker that cannot be started again is tried again after these times, then always after the last. */
const RESTART_DELAYS_MS = [0, 500, 1000, 2000, 5000];

export interface WorkerSlotOptions extends MediaPlaneOptions {
  readonly index: number;
  readonly certificate: DtlsCertificate;
  /** Unique numbers for rooms and connections. */
  readonly nextId: () => number;
}

interface Room {
  readonly id: number;
  readonly events: MediaRoomEvents;
  readonly connections: Set<Connection>;
}

export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #rooms = new Map<number, Room>();
  readonly #connections = new Map<number, Connection>();
  #host: MediaHost | undefined;
  #stats: { readonly figures: WorkerStats; readonly atMs: Millis } | undefined;
  #restarts = 0;
  #cancelRestart: Cancel | undefined;
  #closed = false;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  get addresses(): readonly UdpAddress[] {
    return this.#host?.addresses ?? [];
  }

  get connections(): number {
    return this.#connections.size;
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  /** Rejects with an Error in words. */
  async start(): Promise<void> {
    const { workers, workerEntry, clock, hosts, port, index } = this.#options;
    const options: MediaHostOptions = {
      hosts,
      port: port === 0 ? 0 : port + index,
      events: { event: (event) => this.#receive(event), died: (reason) => this.#died(reason) },
    };
    const host =
      workers === 0
        ? await startInThisThread(options, clock)
        : await startInWorker(options, { entry: workerEntry, name: `media-${index}`, clock });
    if (this.#closed) await host.close();
    else this.#host = host;
  }

  openRoom(events: MediaRoomEvents): MediaRoom {
    const room: Room = { id: this.#options.nextId(), events, connections: new Set() };
    this.#rooms.set(room.id, room);
    return {
      connect: (options) => this.#connect(room, options),
      close: () => this.#closeRoom(room),
    };
  }

  /** Undefined until the worker has said something of itself. */
  stats(nowMs: Millis): MediaStats | undefined {
    if (this.#stats === undefined) return undefined;
    const { figures, atMs } = this.#stats;
    return {
      ...figures,
      worker: this.#options.index,
      restarts: this.#restarts,
      tickAgeMs: figures.tickAgeMs + Math.max(0, nowMs - atMs - STATS_INTERVAL_MS),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRestart?.();
    for (const room of this.#rooms.values()) this.#closeRoom(room);
    await this.#host?.close();
    this.#host = undefined;
  }

  #connect(room: Room, options: ConnectOptions): MediaConnection {
    const host = this.#host;
    if (host === undefined || this.#rooms.get(room.id) !== room) throw new AppError('media_unavailable');
    const { certificate, clock, log, nextId, sdpLimits } = this.#options;
    const connection: Connection = new Connection({
      ...options,
      id: nextId(),
      roomId: room.id,
      candidates: candidateAddresses(host.addresses, this.#options),
      sdpLimits,
      certificate,
      clock,
      log,
      // A worker that has died since has nobody to tell.
      post: (command: MediaCommand) => {
        if (this.#host === host) host.post(command);
      },
      onGone: () => {
        room.connections.delete(connection);
        this.#connections.delete(connection.id);
      },
    });
    room.connections.add(connection);
    this.#connections.set(connection.id, connection);
    return connection;
  }

  #closeRoom(room: Room): void {
    for (const connection of room.connections) connection.close();
    this.#rooms.delete(room.id);
  }

  #receive(event: MediaEvent): void {
    switch (event.type) {
      case 'dtls':
        this.#connections.get(event.transportId)?.receiveDtls(event.datagram);
        return;
      case 'transport_closed':
        this.#connections.get(event.transportId)?.end(event.reason);
        return;
      case 'levels':
        this.#rooms.get(event.roomId)?.events.levels(toSpeakerLevels(event.speaking));
        return;
      case 'stats':
        this.#stats = { figures: event.stats, atMs: this.#options.clock.now() };
        return;
      case 'failure':
        this.#options.log.error({ worker: this.#options.index, error: event.message }, 'media tick failed');
        return;
    }
  }

  #died(reason: string): void {
    this.#options.log.error(
      { worker: this.#options.index, reason, connections: this.connections },
      'media worker died',
    );
    this.#host = undefined;
    this.#restarts++;
    for (const connection of this.#connections.values()) connection.close();
    this.#restart(0);
  }

  /** Rooms are told when there is a worker again, so that those who come back at once find one. */
  #restart(attempt: number): void {
    const { clock, log, index } = this.#options;
    const delayMs = RESTART_DELAYS_MS[Math.min(attempt, RESTART_DELAYS_MS.length - 1)]!;
    this.#cancelRestart = clock.setTimer(clock.now() + delayMs, () => {
      this.start().then(
        () => {
          if (this.#closed) return;
          log.info({ worker: index }, 'media worker replaced');
          const rooms = [...this.#rooms.values()];
          this.#rooms.clear();
          for (const room of rooms) room.events.failed();
        },
        (error: unknown) => {
          if (this.#closed) return;
          log.error({ worker: index, error: String(error) }, 'media worker cannot be replaced yet');
          this.#restart(attempt + 1);
        },
      );
    });
  }
}

function toSpeakerLevels(speaking: readonly number[]): SpeakerLevel[] {
  const levels: SpeakerLevel[] = [];
  for (let i = 0; i + 1 < speaking.length; i += 2) {
    levels.push({ connectionId: speaking[i]!, levelDbov: speaking[i + 1]! });
  }
  return levels;
}
