import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { AppError } from '../lib/errors.ts';
import type {
  AnySeat,
  MediaCloseReason,
  MediaNetwork,
  MediaRoom,
  MemberState,
  Seat,
  SeatOptions,
  SourceKind,
} from '../media/plane.ts';
import { Capture, type CaptureEnd, type CaptureOptions } from './capture.ts';
import type { RoomEvent } from './events.ts';

const UNKNOWN_NETWORK: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };

/** What the media of a participant needs from them. */
export interface MediaOwner {
  readonly memberState: () => MemberState;
  /** Has the room and the participant as fields. */
  readonly log: () => Logger;
  /** Takes a seat in the media of their room. Throws what `take` throws. */
  readonly take: <S extends AnySeat>(take: (media: MediaRoom) => S) => S;
  /** They have a new seat. */
  readonly seated: () => void;
  readonly free: (seat: Seat) => void;
  readonly deliver: (event: RoomEvent) => void;
  /** `isAlive` has changed. */
  readonly aliveChanged: () => void;
  /** A capture has started or ended. */
  readonly captureChanged: () => void;
  /** The worker has reported how well their packets get through. */
  readonly reported: (network: MediaNetwork) => void;
}

export interface MediaStart {
  /** They had a seat before, through an earlier connection of the same participant. */
  readonly returning: boolean;
  /** What they send. */
  readonly kind: SourceKind;
}

/** The media of one participant: their seat, whether it works, and its capture. */
export class ParticipantMedia {
  readonly #owner: MediaOwner;
  readonly #clock: Clock;
  readonly #kind: SourceKind;
  #returning: boolean;
  #seat: AnySeat | undefined;
  /** A WebRTC seat beside one whose packets come over a WebSocket. It takes over once it is connected. */
  #standby: AnySeat | undefined;
  #connected = false;
  /** See `SeatOptions.staysHere`. */
  #isUnreached = false;
  /** The seat has received nothing for some seconds. */
  #silent = false;
  #capture: Capture | undefined;

  constructor(owner: MediaOwner, { returning, kind }: MediaStart, clock: Clock) {
    this.#owner = owner;
    this.#kind = kind;
    this.#returning = returning;
    this.#clock = clock;
  }

  /** Undefined if there is none. */
  get seat(): AnySeat | undefined {
    return this.#seat;
  }

  /** Had a seat: here, or through an earlier connection of the same participant. */
  get returning(): boolean {
    return this.#returning;
  }

  /** The quality of the media path, as far as known. */
  get network(): MediaNetwork {
    return this.#seat?.network ?? UNKNOWN_NETWORK;
  }

  /** The seat is connected, and something arrives. */
  get isAlive(): boolean {
    return this.#connected && !this.#silent;
  }

  /** The packets come over a WebSocket or the like, not by WebRTC. */
  get isRelayed(): boolean {
    return this.#seat?.kind === 'relayed';
  }

  get isCaptured(): boolean {
    return this.#capture !== undefined;
  }

  /** See `Participant.sit`. */
  sit<S extends AnySeat>(take: (media: MediaRoom, options: SeatOptions) => S): S {
    const options: SeatOptions = {
      state: this.#owner.memberState(),
      returning: this.#returning,
      staysHere: this.#isUnreached,
      kind: this.#kind,
      events: {
        connected: () => this.#seatConnected(seat),
        silent: (silent) => this.#seatSilent(seat, silent),
        moved: () => this.#seatMoved(seat),
        network: (network) => {
          if (seat === this.#seat) this.#owner.reported(network);
        },
        closed: (reason) => this.#seatClosed(seat, reason),
      },
    };
    const seat: S = this.#owner.take((media) => take(media, options));
    if (seat.kind === 'webrtc') this.#isUnreached = true;
    this.dropStandby();
    if (seat.kind === 'webrtc' && this.isRelayed && this.isAlive) {
      this.#standby = seat;
      seat.setState({ ...options.state, muted: true, deafened: true });
      return seat;
    }
    const before = this.#seat;
    this.#take(seat);
    if (before !== undefined) {
      this.#owner.free(before);
      this.#setState(false, false);
    }
    return seat;
  }

  /** A seat that is not connected yet is given up, and the other one stays. */
  dropStandby(): void {
    const seat = this.#standby;
    this.#standby = undefined;
    if (seat !== undefined) this.#owner.free(seat);
  }

  /** See `Participant.capture`. */
  capture(options: CaptureOptions): Capture {
    if (this.#capture !== undefined) throw new AppError('capture_running');
    const { durationMs, maxBytes } = options;
    this.#owner
      .log()
      .warn({ durationMs, maxBytes }, 'capture started: what this participant says and hears is being recorded');
    const ended = (reason: CaptureEnd): void => {
      this.#capture = undefined;
      this.#owner.log().warn({ reason }, 'capture ended');
      this.#owner.captureChanged();
      options.ended(reason);
    };
    this.#capture = new Capture({ ...options, ended }, this.#clock);
    // The room is notified before the capture starts.
    this.#owner.captureChanged();
    if (this.#seat !== undefined) this.#capture.follow(this.#seat);
    return this.#capture;
  }

  /** The participant leaves: frees the seat. */
  close(): void {
    this.#capture?.end('left');
    this.dropStandby();
    const seat = this.#seat;
    this.#seat = undefined;
    if (seat !== undefined) this.#owner.free(seat);
  }

  #take(seat: AnySeat): void {
    this.#seat = seat;
    this.#capture?.follow(seat);
    this.#returning = true;
    this.#owner.seated();
  }

  /** The others hear it from the next tick on, in which the one before fades. */
  #promote(seat: AnySeat, before: AnySeat | undefined): void {
    this.#standby = undefined;
    this.#take(seat);
    seat.setState(this.#owner.memberState());
    if (before !== undefined) this.#owner.free(before);
  }

  #seatConnected(seat: AnySeat): void {
    const isPromoted = seat === this.#standby;
    if (isPromoted) this.#promote(seat, this.#seat);
    if (seat !== this.#seat) return;
    this.#isUnreached = false;
    this.#owner.log().info('media connected');
    this.#owner.deliver({ type: 'media_connected' });
    this.#setState(true, false);
    // They are here in another way.
    if (isPromoted) this.#owner.aliveChanged();
  }

  #seatSilent(seat: Seat, silent: boolean): void {
    if (seat === this.#seat) this.#setState(this.#connected, silent);
  }

  #seatMoved(seat: Seat): void {
    if (seat === this.#seat) this.#owner.deliver({ type: 'media_moved' });
  }

  #seatClosed(seat: Seat, reason: MediaCloseReason): void {
    if (seat === this.#standby || seat === this.#seat) this.dropStandby();
    if (seat !== this.#seat) return;
    this.#seat = undefined;
    this.#owner.free(seat);
    this.#owner.log().info({ reason }, 'media closed');
    this.#owner.deliver({ type: 'media_closed', reason });
    this.#setState(false, false);
  }

  #setState(connected: boolean, silent: boolean): void {
    const before = this.isAlive;
    this.#connected = connected;
    this.#silent = silent;
    if (this.isAlive !== before) this.#owner.aliveChanged();
  }
}
