import { packetSamples } from '../../src/formats/opus-packet.ts';
import { AppError } from '../../src/lib/errors.ts';
import type { HistogramSnapshot } from '../../src/lib/histogram.ts';
import type {
  ChannelSounds,
  HeardInSpace,
  MediaCloseReason,
  MediaNetwork,
  MediaPlane,
  MediaReach,
  MediaRoom,
  MediaRoomEvents,
  MediaStats,
  MemberState,
  RelayedOptions,
  RelayedPacket,
  RelayedSeat,
  RoomShouts,
  RoomTapSubscription,
  Seat,
  SeatOptions,
  SpeakerLevel,
  TapRequest,
  TapSink,
  WebRtcOffer,
  WebRtcSeat,
  WorkerHealth,
} from '../../src/media/plane.ts';
import { MAX_QUEUED_SAMPLES } from '../../src/media/relayed.ts';
import { forEachRow, MEDIA_COUNTERS, MEDIA_GAUGES, MEDIA_HISTOGRAMS } from '../../src/media/statistics.ts';
import type { MixSettings } from '../../src/mixer/mix/mixer.ts';
import { BodyFields } from '../../src/mixer/space/body-fields.ts';
import type { SpaceSettings } from '../../src/mixer/space/space-settings.ts';
import type { Participant } from '../../src/rooms/participant.ts';

/** What all seats have in common, as the rooms see it. The test plays the client and the worker. */
class AnyFakeSeat implements Seat {
  readonly id: number;
  network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
  readonly options: SeatOptions;
  state: MemberState;
  open = true;
  recording: { readonly request: TapRequest; readonly sink: TapSink } | null = null;

  constructor(id: number, options: SeatOptions) {
    this.id = id;
    this.options = options;
    this.state = options.state;
  }

  get muted(): boolean {
    return this.state.muted;
  }

  get deafened(): boolean {
    return this.state.deafened;
  }

  setState(state: MemberState): void {
    this.state = state;
  }

  record(request: TapRequest, sink: TapSink): void {
    this.recording = { request, sink };
  }

  stopRecording(): void {
    this.recording = null;
  }

  close(): void {
    this.open = false;
  }

  /** The browser has completed DTLS. */
  connect(): void {
    this.options.events.connected();
  }

  /** The browser can no longer be heard, or can be heard again. */
  silent(silent: boolean): void {
    this.options.events.silent(silent);
  }

  /** The browser's NAT has given it another port. */
  move(): void {
    this.options.events.moved?.();
  }

  /** The other side ends the connection. */
  end(reason: MediaCloseReason): void {
    this.open = false;
    this.options.events.closed(reason);
  }
}

/** The seat of a browser. */
export class FakeSeat extends AnyFakeSeat implements WebRtcSeat {
  readonly kind = 'webrtc';
  readonly answer: string;
  /** The latest offer. */
  offer: WebRtcOffer;
  restarts = 0;

  constructor(id: number, offer: WebRtcOffer, options: SeatOptions) {
    super(id, options);
    this.offer = offer;
    this.answer = `answer ${id} to ${offer.sdp}`;
  }

  /** Offers whose text contains "other" do not belong to this connection. */
  restart(offer: WebRtcOffer): string {
    const { sdp } = offer;
    if (sdp.includes('other')) throw new AppError('cannot_restart');
    this.offer = offer;
    this.restarts += 1;
    return `restart ${this.restarts} of ${this.id} for ${sdp}`;
  }
}

/** The seat of a bot or the like. The test plays the worker: it says what has been played. */
export class FakeRelayedSeat extends AnyFakeSeat implements RelayedSeat {
  readonly kind = 'relayed';
  override readonly options: RelayedOptions;
  readonly sent: RelayedPacket[] = [];
  /** What waits. */
  readonly queue: Uint8Array[] = [];
  queuedSamples = 0;
  playedSamples = 0;

  constructor(id: number, options: RelayedOptions) {
    super(id, options);
    this.options = options;
    queueMicrotask(() => {
      if (this.open) this.connect();
    });
  }

  send(packet: RelayedPacket): boolean {
    // Senders reuse the object, and what its payload is a part of.
    this.sent.push({ ...packet, payload: Uint8Array.from(packet.payload) });
    return true;
  }

  get waitingSamples(): number {
    return this.queuedSamples - this.playedSamples;
  }

  enqueue(payload: Uint8Array): boolean {
    const samples = packetSamples(payload);
    if (samples === 0 || this.waitingSamples + samples > MAX_QUEUED_SAMPLES) return false;
    this.queue.push(payload);
    this.queuedSamples += samples;
    return true;
  }

  clearQueue(): void {
    this.play(this.queue.length);
  }

  /** The worker has played so many packets of the queue. */
  play(packets: number): Uint8Array[] {
    const played = this.queue.splice(0, packets);
    for (const payload of played) this.playedSamples += packetSamples(payload);
    this.options.sink.played?.(this.playedSamples);
    return played;
  }
}

export class FakeMediaRoom implements MediaRoom {
  readonly events: MediaRoomEvents;
  readonly seats: FakeSeat[] = [];
  readonly relayed: FakeRelayedSeat[] = [];
  mix: MixSettings;
  readonly bodies = new BodyFields();
  space: SpaceSettings | null = null;
  channelSounds: ChannelSounds = new Map();
  shouts: RoomShouts | null = null;
  tap: RoomTapSubscription | null = null;
  isPlain = false;
  open = true;
  readonly #plane: FakeMediaPlane;
  readonly #nextId: () => number;

  constructor(plane: FakeMediaPlane, events: MediaRoomEvents, mix: MixSettings, nextId: () => number) {
    this.#plane = plane;
    this.events = events;
    this.mix = mix;
    this.#nextId = nextId;
  }

  connectWebRtc(offer: WebRtcOffer, options: SeatOptions): FakeSeat {
    if (offer.sdp.includes('unusable')) throw new AppError('invalid_sdp');
    if (this.#plane.busy && options.returning !== true) throw new AppError('server_busy');
    const seat = new FakeSeat(this.#nextId(), offer, options);
    this.seats.push(seat);
    return seat;
  }

  connectRelayed(options: RelayedOptions): FakeRelayedSeat {
    if (this.#plane.dead) throw new AppError('media_unavailable');
    if (this.#plane.busy && options.returning !== true) throw new AppError('server_busy');
    const seat = new FakeRelayedSeat(this.#nextId(), options);
    this.relayed.push(seat);
    return seat;
  }

  close(): void {
    this.open = false;
    for (const seat of [...this.seats, ...this.relayed]) seat.close();
  }

  adopt(seat: Seat, state: MemberState): void {
    for (const room of this.#plane.rooms) {
      moveBetween(room.seats, this.seats, seat, state);
      moveBetween(room.relayed, this.relayed, seat, state);
    }
  }

  setMix(mix: MixSettings): void {
    this.mix = mix;
  }

  setChannelSounds(sounds: ChannelSounds): void {
    this.channelSounds = sounds;
  }

  setShouts(shouts: RoomShouts | null): void {
    this.shouts = shouts;
  }

  setTap(tap: RoomTapSubscription | null): void {
    this.tap = tap;
  }

  isSpread = false;

  setPlain(isPlain: boolean): void {
    this.isPlain = isPlain;
  }

  setSpace(settings: SpaceSettings | null): void {
    this.space = settings;
  }

  levels(speaking: readonly SpeakerLevel[], heard: HeardInSpace = new Map()): void {
    this.events.levels(speaking, heard);
  }

  /** The worker dies and is replaced. */
  fail(): void {
    for (const seat of [...this.seats, ...this.relayed]) if (seat.open) seat.end('media_failed');
  }
}

function moveBetween<S extends AnyFakeSeat>(from: S[], to: S[], { id }: Seat, state: MemberState): void {
  const index = from.findIndex((seat) => seat.id === id);
  if (index < 0) return;
  const moved = from.splice(index, 1);
  for (const seat of moved) seat.setState(state);
  to.push(...moved);
}

/** A media plane without media. Offers whose text contains "unusable" are refused. */
export class FakeMediaPlane implements MediaPlane {
  readonly mix = { maxTalkers: 8, levelling: true };
  readonly rooms: FakeMediaRoom[] = [];
  workers: MediaStats[] = [mediaStats()];
  closed = false;
  reachable: MediaReach = { candidates: ['udp 192.0.2.1:40000'], unbound: [], isLoopbackOnly: false };
  /** If true, newcomers are refused. */
  busy = false;
  /** If true, no worker runs. */
  dead = false;
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

  followServers(): void {}

  lendWorker(): void {}

  reach(): MediaReach {
    return this.reachable;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** The seats of all rooms that are currently open. */
  get openSeats(): FakeSeat[] {
    return this.rooms.flatMap((room) => room.seats).filter((seat) => seat.open);
  }
}

/** A healthy worker, except for the given fields. */
export function workerHealth(given: Partial<WorkerHealth> = {}): WorkerHealth {
  return { worker: 0, running: true, failing: false, restarts: 0, tickAgeMs: 5, starved: false, ...given };
}

const NO_OBSERVATIONS: HistogramSnapshot = { bounds: [0.001, 0.01], counts: [0, 0], sum: 0, count: 0 };

/** The figures of a worker that has done nothing, except for the given fields. */
export function mediaStats(given: Partial<MediaStats> = {}): MediaStats {
  return {
    worker: 0,
    tickAgeMs: 5,
    restarts: 0,
    gauges: forEachRow(MEDIA_GAUGES, () => 0),
    counters: forEachRow(MEDIA_COUNTERS, () => 0),
    histograms: forEachRow(MEDIA_HISTOGRAMS, () => NO_OBSERVATIONS),
    ...given,
  };
}

/** What the session does: the participant offers and gets the answer. */
export function sit(participant: Participant, sdp: string): string {
  return participant.sit((media, options) => media.connectWebRtc({ sdp, address: '' }, options)).answer;
}
