import { AppError } from '../../src/lib/errors.ts';
import type { HistogramSnapshot } from '../../src/lib/histogram.ts';
import type {
  CaptureSink,
  ConnectOptions,
  MediaCloseReason,
  MediaConnection,
  MediaNetwork,
  MediaPlane,
  MediaRoom,
  MediaRoomEvents,
  MediaStats,
  SpeakerLevel,
  WorkerHealth,
} from '../../src/media/plane.ts';
import type { MixSettings } from '../../src/mixer/mix/mixer.ts';

/** A connection as the rooms see it; the test plays the browser and the worker. */
export class FakeMediaConnection implements MediaConnection {
  readonly id: number;
  readonly sdp: string;
  network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
  readonly offer: ConnectOptions;
  muted: boolean;
  deafened: boolean;
  open = true;
  restarts = 0;
  capture: { readonly maxBytes: number; readonly sink: CaptureSink } | null = null;

  constructor(id: number, offer: ConnectOptions) {
    this.id = id;
    this.sdp = `answer ${id} to ${offer.sdp}`;
    this.offer = offer;
    this.muted = offer.muted;
    this.deafened = offer.deafened;
  }

  /** Offers whose text holds "other" are not of this connection. */
  restart(sdp: string): string {
    if (sdp.includes('other')) throw new AppError('cannot_restart');
    this.restarts += 1;
    return `restart ${this.restarts} of ${this.id} for ${sdp}`;
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
  }

  setDeafened(deafened: boolean): void {
    this.deafened = deafened;
  }

  startCapture(maxBytes: number, sink: CaptureSink): void {
    this.capture = { maxBytes, sink };
  }

  stopCapture(): void {
    this.capture = null;
  }

  close(): void {
    this.open = false;
  }

  /** The browser's DTLS is through. */
  connect(): void {
    this.offer.events.connected();
  }

  /** The browser is not heard any more, or again. */
  silent(silent: boolean): void {
    this.offer.events.silent(silent);
  }

  /** The browser's NAT has given it another port. */
  move(): void {
    this.offer.events.moved?.();
  }

  /** The connection ends from the other side. */
  end(reason: MediaCloseReason): void {
    this.open = false;
    this.offer.events.closed(reason);
  }
}

export class FakeMediaRoom implements MediaRoom {
  readonly events: MediaRoomEvents;
  readonly connections: FakeMediaConnection[] = [];
  mix: MixSettings;
  open = true;
  readonly #plane: FakeMediaPlane;
  readonly #nextId: () => number;

  constructor(plane: FakeMediaPlane, events: MediaRoomEvents, mix: MixSettings, nextId: () => number) {
    this.#plane = plane;
    this.events = events;
    this.mix = mix;
    this.#nextId = nextId;
  }

  connect(options: ConnectOptions): MediaConnection {
    if (options.sdp.includes('unusable')) throw new AppError('invalid_sdp');
    if (this.#plane.busy && options.returning !== true) throw new AppError('server_busy');
    const connection = new FakeMediaConnection(this.#nextId(), options);
    this.connections.push(connection);
    return connection;
  }

  close(): void {
    this.open = false;
    for (const connection of this.connections) connection.close();
  }

  adopt(
    connection: MediaConnection,
    { muted, deafened }: { readonly muted: boolean; readonly deafened: boolean },
  ): void {
    for (const { connections } of this.#plane.rooms) {
      const index = connections.findIndex(({ id }) => id === connection.id);
      if (index < 0) continue;
      const [moved] = connections.splice(index, 1);
      Object.assign(moved!, { muted, deafened });
      this.connections.push(moved!);
      return;
    }
  }

  setMix(mix: MixSettings): void {
    this.mix = mix;
  }

  levels(speaking: readonly SpeakerLevel[]): void {
    this.events.levels(speaking);
  }

  /** The worker dies and is replaced. */
  fail(): void {
    for (const connection of this.connections) if (connection.open) connection.end('media_failed');
  }
}

/** A media plane without media. Offers whose text holds "unusable" are refused. */
export class FakeMediaPlane implements MediaPlane {
  readonly mix = { maxTalkers: 8, levelling: true };
  readonly rooms: FakeMediaRoom[] = [];
  workers: MediaStats[] = [mediaStats()];
  closed = false;
  /** Takes no newcomers. */
  busy = false;
  #lastId = 0;

  openRoom(events: MediaRoomEvents, mix: MixSettings = this.mix): MediaRoom {
    const room = new FakeMediaRoom(this, events, mix, () => ++this.#lastId);
    this.rooms.push(room);
    return room;
  }

  acceptTcp(): boolean {
    return false;
  }

  stats(): readonly MediaStats[] {
    return this.workers;
  }

  health(): readonly WorkerHealth[] {
    return this.workers.map(({ worker, tickAgeMs, restarts }) => workerHealth({ worker, tickAgeMs, restarts }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** The connections of all rooms that are open now. */
  get openConnections(): FakeMediaConnection[] {
    return this.rooms.flatMap((room) => room.connections).filter((connection) => connection.open);
  }
}

/** A worker that does its work, but for what is given. */
export function workerHealth(given: Partial<WorkerHealth> = {}): WorkerHealth {
  return { worker: 0, running: true, failing: false, restarts: 0, tickAgeMs: 5, ...given };
}

const NO_OBSERVATIONS: HistogramSnapshot = { bounds: [0.001, 0.01], counts: [0, 0], sum: 0, count: 0 };

/** The figures of a worker that has done nothing but what is given. */
export function mediaStats(given: Partial<MediaStats> = {}): MediaStats {
  return {
    worker: 0,
    tickAgeMs: 5,
    restarts: 0,
    gauges: {
      rooms: 0,
      connections: 0,
      connectionsOverTcp: 0,
      paths: 0,
      tcpSockets: 0,
      talkers: 0,
      talkersUnheard: 0,
      encodersInUse: 0,
      decodersInUse: 0,
      jitterBufferDelayMs: 0,
      tickLatenessMaxMs: 0,
      utilization: 0,
      overloadLevel: 0,
      heapUsedBytes: 0,
    },
    counters: {
      ticks: 0,
      ticksSkipped: 0,
      tickFailures: 0,
      datagramsIn: 0,
      datagramsDropped: 0,
      rtpPacketsIn: 0,
      rtpPacketsOut: 0,
      rtpBytesIn: 0,
      rtpBytesOut: 0,
      redundantPacketsOut: 0,
      srtpRejected: 0,
      packetsLost: 0,
      packetsLate: 0,
      packetsDuplicate: 0,
      packetsDiscarded: 0,
      framesDecoded: 0,
      framesConcealed: 0,
      framesRecovered: 0,
      timeStretches: 0,
      framesPrimed: 0,
      framesEncoded: 0,
      overloadTransitions: 0,
      sendFailures: 0,
      tcpAccepted: 0,
      tcpRefused: 0,
      tcpPacketsDropped: 0,
    },
    histograms: {
      tickLatenessSeconds: NO_OBSERVATIONS,
      tickSeconds: NO_OBSERVATIONS,
      mixSeconds: NO_OBSERVATIONS,
      encodeSeconds: NO_OBSERVATIONS,
      sendSeconds: NO_OBSERVATIONS,
      incomingLossRatio: NO_OBSERVATIONS,
      incomingJitterSeconds: NO_OBSERVATIONS,
      outgoingLossRatio: NO_OBSERVATIONS,
      outgoingJitterSeconds: NO_OBSERVATIONS,
      roundTripSeconds: NO_OBSERVATIONS,
    },
    ...given,
  };
}
