/** The slot of one media worker: the current worker, its rooms, and its replacement after a death. */
import type { Socket } from 'node:net';
import type { Cancel, Millis } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import type { RoomSpace } from '../../mixer/mix/space-placing.ts';
import type { DtlsCertificate } from '../../rtc/dtls/certificate.ts';
import type { MediaAddress, UnboundAddress } from '../../rtc/net/datagram-port.ts';
import type { CandidateAddress } from '../../rtc/sdp/sdp-answer.ts';
import type { MediaCommand, MediaEvent, PartShouts } from '../link/messages.ts';
import { overloadMeasures } from '../link/overload-measures.ts';
import type {
  ChannelSounds,
  HeardInSpace,
  MediaCloseReason,
  MediaPlaneOptions,
  MediaStats,
  RelayedOptions,
  SeatOptions,
  SpeakerLevel,
  WebRtcOffer,
  WorkerHealth,
} from '../plane.ts';
import type { MediaFigures } from '../statistics.ts';
import type { Announcement } from './announcement.ts';
import type { ControlSeat, SeatContext, SeatPlace } from './control-seat.ts';
import type { FollowedHosts } from './followed-hosts.ts';
import { Guests } from './guests.ts';
import type { HandshakeQueue } from './handshake-queue.ts';
import type { LinkRoute, MediaHost, MediaHostOptions } from './host.ts';
import { logOverload, logStarved } from './overload-log.ts';
import { withRelay } from './relay-figures.ts';
import { RelayedControlSeat } from './relayed-seat.ts';
import { RestartBackoff, STABLE_MS } from './restart-backoff.ts';
import { toHeard, toSpeakerLevels } from './room-levels.ts';
import { SlotAddresses } from './slot-addresses.ts';
import { WorkerTaps } from './tapped.ts';
import { WebRtcControlSeat } from './webrtc-seat.ts';
import { WorkerRelay } from './worker-relay.ts';

/** Share of a worker's time, measured with listeners. Used only to estimate new seats. */
const LOAD_OF_A_SEAT = 0.0015;
/** A new IPv6 address cannot be bound until duplicate address detection is done, which takes a second or two. */
const BIND_AGAIN_MS: Millis = 3000;

export interface WorkerSlotOptions extends MediaPlaneOptions {
  readonly index: number;
  readonly certificate: DtlsCertificate;
  readonly announcement: Pick<Announcement, 'addresses'>;
  /** The machine's changing addresses; undefined if the operator has set fixed ones. */
  readonly followed: FollowedHosts | undefined;
  /** Shared by all workers. */
  readonly handshakes: HandshakeQueue;
  /** Returns unique numbers for rooms and seats. */
  readonly nextId: () => number;
  /** Rejects with an explanatory Error. */
  readonly startHost: (options: MediaHostOptions, index: number) => Promise<MediaHost>;
  /** A worker died, was replaced, or has lived long enough to count as healthy. */
  readonly onChange: () => void;
  /** The worker's addresses have changed. */
  readonly onAddresses: () => void;
}

type LevelsListener = (speaking: readonly SpeakerLevel[], heard: HeardInSpace) => void;

export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #rooms = new Map<number, LevelsListener>();
  /** What recorders are shown of this worker's rooms. */
  readonly taps = new WorkerTaps((command) => this.#host?.post(command));
  /** Rooms of other servers. */
  readonly guests: Guests;
  readonly #relay: WorkerRelay;
  readonly #seats = new Map<number, ControlSeat>();
  #host: MediaHost | undefined;
  readonly #places: SlotAddresses;
  #cancelBinding: Cancel = () => {};
  #stats: MediaFigures | undefined;
  /** Number of seats when the load was measured. */
  #measuredSeats = 0;
  #restarts = 0;
  readonly #backoff = new RestartBackoff();
  /** Seats lost with the worker, until their rooms are notified. */
  #lost: readonly ControlSeat[] = [];
  /** Cancels the next start, or the time when this worker counts as healthy. */
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#places = new SlotAddresses(options);
    const post = (command: MediaCommand): void => this.#host?.post(command);
    this.guests = new Guests({ ...options, post });
    this.#relay = new WorkerRelay(options.clock, post);
  }

  get addresses(): readonly MediaAddress[] {
    return this.#places.bound;
  }

  /** See `SlotAddresses.candidates`. */
  get candidates(): readonly CandidateAddress[] {
    return this.#places.candidates;
  }

  /** See `SlotAddresses.unbound`. */
  get unbound(): readonly UnboundAddress[] {
    return this.#places.unbound;
  }

  get seats(): number {
    return this.#seats.size;
  }

  /** Rejects with an explanatory Error. */
  async start(): Promise<void> {
    const { startHost, clock, hosts, port, tcp, sharedTcp, index } = this.#options;
    const options: MediaHostOptions = {
      hosts,
      port: port === 0 ? 0 : port + index,
      tcp,
      sharedTcp,
      events: { event: (event) => this.#receive(event), died: (reason) => this.#died(reason) },
    };
    const host = await startHost(options, index);
    if (this.#closed) {
      await host.close();
      return;
    }
    this.#host = host;
    this.#places.set(host.addresses);
    // The addresses may have changed since the worker looked.
    this.follow();
    this.#cancelTimer = clock.setTimer(clock.now() + STABLE_MS, () => {
      this.#backoff.stable();
      this.#options.onChange();
    });
  }

  /** Binds the current addresses of this machine, unless they are fixed. */
  follow(): void {
    const { followed } = this.#options;
    if (followed !== undefined) this.#host?.post({ type: 'follow_hosts', hosts: followed.hosts });
  }

  /** There is a worker. */
  get available(): boolean {
    return this.#host !== undefined;
  }

  /** Its workers keep dying, probably because of their work, so nothing should be added to it. */
  get failing(): boolean {
    return this.#backoff.isLoop;
  }

  /** How busy the worker is, 0 to 1. Seats added since the measurement are estimated. */
  get load(): number {
    const measured = this.#stats?.gauges.utilization ?? 0;
    return measured + (this.seats - this.#measuredSeats) * LOAD_OF_A_SEAT;
  }

  /** The worker is too busy to accept newcomers. */
  get refusesJoins(): boolean {
    return overloadMeasures(this.#stats?.gauges.overloadLevel ?? 0).refusesJoins;
  }

  /** Opens this worker's part of a room. From now on the listener receives the levels of its speakers. */
  openRoom(roomId: number, mix: MixSettings, listener: LevelsListener): void {
    this.#rooms.set(roomId, listener);
    this.#host?.post({ type: 'open_room', roomId, mix });
  }

  closeRoom(roomId: number): void {
    this.#rooms.delete(roomId);
    this.taps.forget(roomId);
    this.#host?.post({ type: 'close_room', roomId });
  }

  /**
   * Creates a seat that starts when its room is open. Throws `AppError` `sdp_too_large`, `invalid_sdp` or
   * `media_unavailable`.
   */
  negotiateWebRtc(offer: WebRtcOffer, options: SeatOptions, place: SeatPlace): WebRtcControlSeat {
    const { certificate, handshakes, clock, log, sdpLimits } = this.#options;
    const candidates = (made: WebRtcOffer) => this.#places.candidatesFor(made);
    const shared = { candidates, sdpLimits, certificate, handshakes, clock, log };
    return this.addSeat((context) => WebRtcControlSeat.negotiate(offer, options, place, { ...context, ...shared }));
  }

  /** Creates a seat that starts when its room is open. Throws `AppError` `media_unavailable`. */
  createRelayed(options: RelayedOptions, place: SeatPlace): RelayedControlSeat {
    return this.addSeat((context) => new RelayedControlSeat(options, place, { ...context, relay: this.#relay }));
  }

  /** A seat that the caller makes and starts. Throws `AppError` `media_unavailable`. */
  addSeat<T extends ControlSeat>(make: (context: SeatContext) => T): T {
    const seat = make(this.#seatContext());
    this.#seats.set(seat.id, seat);
    return seat;
  }

  /** How it is reached from here, if it is a worker of another server. */
  get route(): LinkRoute | undefined {
    return this.#host?.route;
  }

  #seatContext(): SeatContext {
    const host = this.#host;
    if (host === undefined) throw new AppError('media_unavailable');
    return {
      id: this.#options.nextId(),
      post: (command: MediaCommand) => {
        if (this.#host === host) host.post(command);
      },
      onGone: ({ id }) => void this.#seats.delete(id),
    };
  }

  /** The seat with this id, if it is in this worker. */
  seatOf(id: number): ControlSeat | undefined {
    return this.#seats.get(id);
  }

  setMix(roomId: number, mix: MixSettings): void {
    this.#host?.post({ type: 'set_mix', roomId, mix });
  }

  setChannelSounds(roomId: number, sounds: ChannelSounds): void {
    this.#host?.post({ type: 'set_channel_sounds', roomId, sounds });
  }

  setSpace(roomId: number, space: RoomSpace | null): void {
    this.#host?.post({ type: 'set_space', roomId, space });
  }

  setShouts(roomId: number, shouts: PartShouts | null): void {
    this.#host?.post({ type: 'set_shouts', roomId, shouts });
  }

  /** See `MediaPlane.acceptTcp`. */
  acceptTcp(socket: Socket, localUfrag: string): boolean {
    const host = this.#host;
    if (host === undefined) return false;
    let isHere = this.guests.isNamed(localUfrag);
    for (const seat of this.#seats.values()) isHere ||= seat instanceof WebRtcControlSeat && seat.isNamed(localUfrag);
    if (isHere) host.acceptTcp(socket);
    return isHere;
  }

  /** Links this worker's part of a room to the parts in other workers. */
  link(roomId: number, own: SharedArrayBuffer, others: readonly SharedArrayBuffer[]): void {
    this.#host?.post({ type: 'link_room', roomId, own, others });
  }

  /** Undefined until the worker has reported figures. */
  stats(): MediaStats | undefined {
    if (this.#stats === undefined || this.#host === undefined) return undefined;
    return {
      ...withRelay(this.#stats, this.#host.relay),
      worker: this.#options.index,
      restarts: this.#restarts,
      tickAgeMs: this.#host.tickAgeMs(),
    };
  }

  health(): WorkerHealth {
    return {
      worker: this.#options.index,
      running: this.available,
      failing: this.failing,
      restarts: this.#restarts,
      tickAgeMs: this.#host?.tickAgeMs() ?? null,
      starved: this.available && this.#stats?.gauges.starved === 1,
    };
  }

  /** Ends all seats for this reason, and those that wait for a worker. */
  endSeats(reason: MediaCloseReason): void {
    this.#reportLost();
    for (const seat of [...this.#seats.values()]) seat.end(reason);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    this.#cancelBinding();
    for (const seat of this.#seats.values()) seat.close();
    this.guests.lose();
    await this.#host?.close();
    this.#host = undefined;
  }

  #receive(event: MediaEvent): void {
    if (this.guests.take(event)) return;
    switch (event.type) {
      case 'dtls': {
        const seat = this.#seats.get(event.memberId);
        if (seat instanceof WebRtcControlSeat) seat.receiveDtls(event.datagram);
        return;
      }
      case 'member_silent':
        this.#seats.get(event.memberId)?.receiveSilent(event.silent);
        return;
      case 'member_moved':
        this.#seats.get(event.memberId)?.receiveMoved();
        return;
      case 'member_closed':
        this.#seats.get(event.memberId)?.end(event.reason);
        return;
      case 'tapped':
        this.#seats.get(event.memberId)?.receiveTapped(event.records, event.isFull);
        return;
      case 'relayed_packets':
        this.#relay.receive(event.packets);
        return;
      case 'room_tapped':
        this.taps.receive(event.records);
        return;
      case 'levels':
        this.#rooms.get(event.roomId)?.(toSpeakerLevels(event.speaking), toHeard(event.heard));
        return;
      case 'networks':
        for (const { memberId, network } of event.networks) this.#seats.get(memberId)?.receiveNetwork(network);
        return;
      case 'addresses':
        this.#bound(event);
        return;
      case 'stats':
        this.#stats = event.stats;
        this.#measuredSeats = this.seats;
        return;
      case 'overload':
        logOverload(this.#options, event);
        return;
      case 'starved':
        logStarved(this.#options, event);
        return;
      case 'failure':
        this.#options.log.error({ worker: this.#options.index, error: event.message }, 'media tick failed');
        return;
    }
  }

  #bound({ addresses, unbound }: MediaEvent & { type: 'addresses' }): void {
    if (this.#closed) return;
    const { clock, onAddresses } = this.#options;
    this.#places.set(addresses, unbound);
    this.#cancelBinding();
    if (this.unbound.length > 0) this.#cancelBinding = clock.setTimer(clock.now() + BIND_AGAIN_MS, () => this.follow());
    onAddresses();
  }

  #died(reason: string): void {
    const { log, index, onChange } = this.#options;
    log.error({ worker: index, reason, seats: this.seats }, 'media worker died');
    this.#host = undefined;
    this.guests.lose();
    this.#relay.reset();
    this.#places.set([]);
    this.#cancelBinding();
    this.#restarts++;
    this.#stats = undefined;
    this.#cancelTimer();
    const lost = [...this.#seats.values()];
    for (const seat of lost) seat.lose();
    this.#lost = [...this.#lost, ...lost];
    this.#restart(this.#backoff.died());
    onChange();
  }

  #restart(delayMs: Millis): void {
    const { clock, log, index, onChange } = this.#options;
    this.#cancelTimer = clock.setTimer(clock.now() + delayMs, () => {
      this.start().then(
        () => {
          if (this.#closed) return;
          log.info({ worker: index }, 'media worker replaced');
          this.#reportLost();
          onChange();
        },
        (error: unknown) => {
          if (this.#closed) return;
          log.error({ worker: index, error: String(error) }, 'media worker cannot be replaced yet');
          this.#restart(this.#backoff.notStarted());
          this.#reportLost();
        },
      );
    });
  }

  /** Call it when there is a worker again, or when others have to take the people: they return at once. */
  #reportLost(): void {
    const lost = this.#lost;
    this.#lost = [];
    for (const seat of lost) seat.reportLost();
  }
}
