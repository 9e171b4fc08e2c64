/**
 * Carries the sound of one room into another, or of both into each other. In each room it has one seat, whose mix has
 * everybody but what the route itself brings, so that two rooms hear each other without an echo.
 */
import type { MemberState, RelayedPacket, RelayedSeat, SeatOptions } from '../../media/plane.ts';
import { OPERATOR_LISTENER } from '../../rooms/admission.ts';
import type { ListenerEnd, RoomListener } from '../../rooms/listeners.ts';
import type { Room } from '../../rooms/room.ts';

export interface RouteOptions {
  readonly from: Room;
  readonly to: Room;
  readonly isMutual: boolean;
  readonly gainDb: number;
  /** Called once. */
  readonly onEnded: (reason: ListenerEnd) => void;
}

export class Route {
  readonly #options: RouteOptions;
  readonly #listeners: RoomListener[] = [];
  /** In the room that hears the other but is not heard by it. */
  #speaker: RelayedSeat | undefined;
  #isOver = false;

  /** Takes seats in both rooms. Throws `media_unavailable` or `server_busy`. */
  constructor(options: RouteOptions) {
    const { from, to, isMutual } = options;
    this.#options = options;
    try {
      const there = new Way(to, isMutual);
      if (isMutual) {
        const back = new Way(from, true);
        back.seat = this.#listen(from, there, true);
        there.seat = this.#listen(to, back, true);
        return;
      }
      const events = { connected: () => {}, silent: () => {}, closed: () => this.end('media_failed') };
      const seat = this.#sit(to, { state: there.state, events }, undefined, true);
      this.#speaker = seat;
      there.seat = seat;
      this.#listen(from, there, false);
    } catch (error) {
      this.#isOver = true;
      this.#release();
      throw error;
    }
  }

  end(reason: ListenerEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    this.#options.onEnded(reason);
  }

  /** The people in a room are told how many listen; whoever is in the other room is one of them. */
  #listen(room: Room, way: Way, speaks: boolean): RelayedSeat {
    const ended = (reason: ListenerEnd) => this.end(reason);
    const listener = room.listeners.add(OPERATOR_LISTENER, { via: 'route', address: null, ended });
    this.#listeners.push(listener);
    const state: MemberState = { muted: !speaks, deafened: false, hearing: [] };
    return listener.sit((_, { events }) => this.#sit(room, { state, events }, way, speaks));
  }

  /** @param way where the mix goes; undefined: it is not wanted */
  #sit(room: Room, options: SeatOptions, way: Way | undefined, speaks: boolean): RelayedSeat {
    return room.media.connectRelayed({
      ...options,
      kind: 'music',
      speaks,
      listens: way !== undefined,
      takesStereo: true,
      loudness: { gain: 10 ** (this.#options.gainDb / 20), duckDb: 0 },
      sink: { mix: (payload, timestamp) => way !== undefined && this.#carry(payload, timestamp, way) },
    });
  }

  #carry(payload: Uint8Array, timestamp: number, way: Way): void {
    if (this.#isOver) return;
    if (way.isClosed) this.end('room_closed');
    else way.send(payload, timestamp);
  }

  #release(): void {
    for (const listener of this.#listeners) listener.end('ended');
    this.#speaker?.close();
  }
}

/** Into one room. */
class Way {
  readonly #room: Room;
  readonly #isMutual: boolean;
  /** One object for all packets. */
  readonly #packet: { -readonly [K in keyof RelayedPacket]: RelayedPacket[K] } = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: new Uint8Array(0),
    levelDbov: null,
  };
  #isHeard = true;
  seat: RelayedSeat | undefined;

  constructor(room: Room, isMutual: boolean) {
    this.#room = room;
    this.#isMutual = isMutual;
  }

  get isClosed(): boolean {
    return this.#room.players.isClosed;
  }

  get state(): MemberState {
    return { muted: !this.#isHeard, deafened: !this.#isMutual, hearing: [] };
  }

  /** Nobody in the other room has been told that what is said here may be kept, so nothing is brought meanwhile. */
  send(payload: Uint8Array, timestamp: number): void {
    const isHeard = !this.#room.recording.isKept;
    if (isHeard !== this.#isHeard) {
      this.#isHeard = isHeard;
      this.seat?.setState(this.state);
    }
    if (!isHeard) return;
    const packet = this.#packet;
    packet.sequenceNumber = (packet.sequenceNumber + 1) & 0xffff;
    packet.timestamp = timestamp;
    packet.payload = payload;
    this.seat?.send(packet);
  }
}
