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
import { forEachRow, MEDIA_COUNTERS, MEDIA_GAUGES, MEDIA_HISTOGRAMS } from '../../src/media/statistics.ts';
import type { MixSettings } from '../../src/mixer/mix/mixer.ts';
import { BodyFields } from '../../src/mixer/space/body-fields.ts';
import type { SpaceSettings } from '../../src/mixer/space/space-settings.ts';
import type { Participant } from '../../src/rooms/participant.ts';

/** A seat as the rooms see it. The test plays the browser and the worker. */
export class FakeSeat implements WebRtcSeat {
  readonly kind = 'webrtc';
  readonly id: number;
  readonly answer: string;
  /** The latest offer. */
  offer: WebRtcOffer;
  network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };
  readonly options: SeatOptions;
  state: MemberState;
  open = true;
  restarts = 0;
  recording: { readonly request: TapRequest; readonly sink: TapSink } | null = null;

  constructor(id: number, offer: WebRtcOffer, options: SeatOptions) {
    this.id = id;
    this.offer = offer;
    this.answer = `answer ${id} to ${offer.sdp}`;
    this.options = options;
    this.state = options.state;
  }

  get muted(): boolean {
    return this.state.muted;
  }

  get deafened(): boolean {
    return this.state.deafened;
  }

  /** Offers whose text contains "other" do not belong to this connection. */
  restart(offer: WebRtcOffer): string {
    const { sdp } = offer;
    if (sdp.includes('other')) throw new AppError('cannot_restart');
    this.offer = offer;
    this.restarts += 1;
    return `restart ${this.restarts} of ${this.id} for ${sdp}`;
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

export class FakeMediaRoom implements MediaRoom {
  readonly events: MediaRoomEvents;
  readonly seats: FakeSeat[] = [];
  mix: MixSettings;
  readonly bodies = new BodyFields();
  space: SpaceSettings | null = null;
  channelSounds: ChannelSounds = new Map();
  shouts: RoomShouts | null = null;
  tap: RoomTapSubscription | null = null;
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

  close(): void {
    this.open = false;
    for (const seat of this.seats) seat.close();
  }

  adopt(seat: Seat, state: MemberState): void {
    for (const { seats } of this.#plane.rooms) {
      const index = seats.findIndex(({ id }) => id === seat.id);
      if (index < 0) continue;
      const [moved] = seats.splice(index, 1);
      moved!.setState(state);
      this.seats.push(moved!);
      return;
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

  setSpace(settings: SpaceSettings | null): void {
    this.space = settings;
  }

  levels(speaking: readonly SpeakerLevel[], heard: HeardInSpace = new Map()): void {
    this.events.levels(speaking, heard);
  }

  /** The worker dies and is replaced. */
  fail(): void {
    for (const seat of this.seats) if (seat.open) seat.end('media_failed');
  }
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
