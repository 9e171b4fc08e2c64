/** A seat on the control plane: the part that all kinds share. The kind decides how packets come and go. */
import type { MediaNetwork } from '../endpoint.ts';
import type { MediaCommand } from '../link/messages.ts';
import type {
  MediaCloseReason,
  MemberState,
  Seat,
  SeatEvents,
  SeatOptions,
  SourceKind,
  TapRequest,
  TapSink,
} from '../plane.ts';

/** The room of a seat. */
export interface SeatPlace {
  readonly roomId: number;
  /** The seat is no longer in this room: it is gone or has moved. */
  readonly onLeft: (seat: ControlSeat) => void;
}

/** What a worker slot provides to a new seat. */
export interface SeatContext {
  readonly id: number;
  /** Sends a command to the seat's worker. Does nothing if the worker has died. */
  readonly post: (command: MediaCommand) => void;
  /** The seat is gone, for any reason. */
  readonly onGone: (seat: ControlSeat) => void;
}

export abstract class ControlSeat implements Seat {
  readonly id: number;
  protected readonly post: (command: MediaCommand) => void;
  protected readonly events: SeatEvents;
  protected readonly kindOfSource: SourceKind;
  protected readonly initialState: MemberState;
  readonly #onGone: (seat: ControlSeat) => void;
  #place: SeatPlace;
  #status: 'open' | 'lost' | 'closed' = 'open';
  #sink: TapSink | null = null;
  #network: MediaNetwork = { incoming: null, outgoing: null, roundTripMs: null };

  protected constructor(
    { id, post, onGone }: SeatContext,
    { state, kind = 'voice', events }: SeatOptions,
    place: SeatPlace,
  ) {
    this.id = id;
    this.post = post;
    this.events = events;
    this.kindOfSource = kind;
    this.initialState = state;
    this.#onGone = onGone;
    this.#place = place;
  }

  /** The room is open, so the worker may learn of this seat. Called once. */
  abstract start(): void;

  /** Releases what belongs to the kind. The worker still has the member. */
  protected abstract free(): void;

  get network(): MediaNetwork {
    return this.#network;
  }

  protected get isOpen(): boolean {
    return this.#status === 'open';
  }

  protected get roomId(): number {
    return this.#place.roomId;
  }

  setState(state: MemberState): void {
    this.post({ type: 'set_state', memberId: this.id, state });
  }

  /** Moves to another open room of the same worker; the media continues. */
  moveTo(place: SeatPlace, state: MemberState): void {
    const { onLeft } = this.#place;
    this.#place = place;
    this.post({ type: 'move_member', memberId: this.id, roomId: place.roomId, state });
    onLeft(this);
  }

  record(request: TapRequest, sink: TapSink): void {
    this.#sink = sink;
    this.post({ type: 'set_tap', memberId: this.id, tap: request });
  }

  stopRecording(): void {
    if (this.#sink === null) return;
    this.#sink = null;
    this.post({ type: 'set_tap', memberId: this.id, tap: null });
  }

  /** From the worker, like all methods that start with "receive". */
  receiveNetwork(network: MediaNetwork): void {
    this.#network = network;
    if (this.isOpen) this.events.network?.(network);
  }

  receiveTapped(records: Uint8Array, isFull: boolean): void {
    if (!this.isOpen) return;
    this.#sink?.records(records);
    if (isFull) this.#sink?.full();
  }

  /** Nothing arrives any more, or packets arrive again. */
  receiveSilent(silent: boolean): void {
    if (this.isOpen) this.events.silent(silent);
  }

  receiveMoved(): void {
    if (this.isOpen) this.events.moved?.();
  }

  /** Ends the seat with a reason. */
  end(reason: MediaCloseReason): void {
    if (!this.isOpen) return;
    this.close();
    this.events.closed(reason);
  }

  /** The worker is gone, and the member with it. `reportLost` notifies the room when the time has come. */
  lose(): void {
    if (!this.isOpen) return;
    this.#leave();
    this.#status = 'lost';
  }

  reportLost(): void {
    if (this.#status !== 'lost') return;
    this.#status = 'closed';
    this.events.closed('media_failed');
  }

  close(): void {
    if (this.isOpen) this.#leave();
    this.#status = 'closed';
  }

  #leave(): void {
    // The kind's last messages must leave before their path is removed.
    this.free();
    this.post({ type: 'remove_member', memberId: this.id });
    this.#onGone(this);
    this.#place.onLeft(this);
  }
}
