/** Rooms of other servers in a worker of this one, which knows them by numbers of its own. */
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import type { MediaCommand, MediaEvent } from '../link/messages.ts';
import type { RemoteCommand, RemoteEvent } from '../link/remote-messages.ts';
import type { MemberState } from '../plane.ts';

/** Of one server. */
const MAX_ROOMS = 1000;
const MAX_MEMBERS = 20_000;
/** Told at once: a message that is too long ends the connection, and with it everybody's sound. */
const NETWORKS_AT_ONCE = 200;
/** The server that has the rooms is gone: so long its people still hear each other here, until they are elsewhere. */
export const ORPHANED_MS: Millis = 60_000;

export interface GuestsOptions {
  readonly nextId: () => number;
  readonly post: (command: MediaCommand) => void;
  readonly clock: Clock;
}

export interface GuestEvents {
  /** Receives what the worker says about this guest's rooms and members, by the guest's numbers. */
  tell(event: RemoteEvent): void;
  /** Everything of the guest is gone. */
  over(): void;
}

export class Guests {
  readonly #options: GuestsOptions;
  readonly #guests = new Set<Guest>();

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  admit({ tell, over }: GuestEvents): Guest {
    const guest = new Guest(this.#options, tell, () => {
      this.#guests.delete(guest);
      over();
    });
    this.#guests.add(guest);
    return guest;
  }

  /** Whether the event is about a guest. Figures are for all. */
  take(event: MediaEvent): boolean {
    let isTaken = false;
    for (const guest of this.#guests) isTaken = guest.take(event) || isTaken;
    return isTaken;
  }

  /** Whether STUN requests to this ufrag belong to a member of a guest. */
  isNamed(localUfrag: string): boolean {
    for (const guest of this.#guests) if (guest.isNamed(localUfrag)) return true;
    return false;
  }

  /** The worker is dead. */
  lose(): void {
    for (const guest of [...this.#guests]) guest.lose();
  }
}

/** Another server's rooms. */
export class Guest {
  readonly #options: GuestsOptions;
  readonly #tell: (event: RemoteEvent) => void;
  readonly #onOver: () => void;
  /** From the guest's numbers to those of the worker, and back. */
  readonly #rooms = new Map<number, number>();
  readonly #roomsBack = new Map<number, number>();
  readonly #members = new Map<number, number>();
  readonly #membersBack = new Map<number, number>();
  readonly #links = new Set<number>();
  /** By the guest's numbers: the last two, because the path before an ICE restart remains valid for a while. */
  readonly #ufrags = new Map<number, readonly string[]>();
  #isOrphaned = false;
  #isOver = false;
  #cancel: Cancel = () => {};

  constructor(options: GuestsOptions, tell: (event: RemoteEvent) => void, onOver: () => void) {
    this.#options = options;
    this.#tell = tell;
    this.#onOver = onOver;
  }

  /** Commands about what is not there are ignored: they may have crossed its end. */
  handle(command: RemoteCommand): void {
    if (this.#isOrphaned) return;
    switch (command.type) {
      case 'open_room':
        this.#openRoom(command);
        return;
      case 'set_mix':
      case 'close_room': {
        const roomId = this.#rooms.get(command.roomId);
        if (roomId === undefined) return;
        this.#options.post({ ...command, roomId });
        if (command.type === 'close_room') this.#forgetRoom(command.roomId, roomId);
        return;
      }
      case 'add_member':
        this.#add(command);
        return;
      default:
        this.#forMember(command);
    }
  }

  isNamed(localUfrag: string): boolean {
    for (const ufrags of this.#ufrags.values()) if (ufrags.includes(localUfrag)) return true;
    return false;
  }

  take(event: MediaEvent): boolean {
    switch (event.type) {
      case 'stats': {
        const { utilization, overloadLevel } = event.stats.gauges;
        if (!this.#isOrphaned) this.#tell({ type: 'load', utilization, overloadLevel });
        return false;
      }
      case 'levels': {
        const roomId = this.#roomsBack.get(event.roomId);
        if (roomId === undefined) return false;
        const speaking = event.speaking.map((value, at) =>
          at % 2 === 0 ? (this.#membersBack.get(value) ?? 0) : value,
        );
        if (!this.#isOrphaned) this.#tell({ type: 'levels', roomId, speaking });
        return true;
      }
      case 'networks':
        this.#tellNetworks(event.networks);
        return false;
      case 'dtls':
      case 'member_silent':
      case 'member_moved':
      case 'member_closed': {
        const memberId = this.#membersBack.get(event.memberId);
        if (memberId === undefined) return false;
        if (event.type === 'member_closed') this.#forgetMember(memberId, event.memberId);
        if (!this.#isOrphaned) this.#tell({ ...event, memberId } as RemoteEvent);
        return true;
      }
      default:
        return false;
    }
  }

  /** The connection to the other server is lost. People go on hearing each other for a while; the links end at once. */
  orphan(): void {
    if (this.#isOrphaned || this.#isOver) return;
    this.#isOrphaned = true;
    for (const memberId of this.#links) this.#options.post({ type: 'remove_member', memberId });
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + ORPHANED_MS, () => this.close());
  }

  /** Removes everything. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    for (const memberId of this.#membersBack.keys()) this.#options.post({ type: 'remove_member', memberId });
    for (const roomId of this.#roomsBack.keys()) this.#options.post({ type: 'close_room', roomId });
    this.lose();
  }

  /** The worker is dead, and everything with it. */
  lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOrphaned = true;
    this.#cancel();
    this.#onOver();
  }

  #openRoom({ roomId: theirs, mix }: RemoteCommand & { type: 'open_room' }): void {
    let roomId = this.#rooms.get(theirs);
    if (roomId === undefined) {
      if (this.#rooms.size >= MAX_ROOMS) return;
      roomId = this.#options.nextId();
      this.#rooms.set(theirs, roomId);
      this.#roomsBack.set(roomId, theirs);
    }
    this.#options.post({ type: 'open_room', roomId, mix });
  }

  #add({ memberId: theirs, roomId: room, endpoint, kind, state }: RemoteCommand & { type: 'add_member' }): void {
    const roomId = this.#rooms.get(room);
    if (roomId === undefined || this.#members.has(theirs) || this.#members.size >= MAX_MEMBERS) {
      this.#tell({ type: 'member_closed', memberId: theirs, reason: 'media_failed' });
      return;
    }
    const memberId = this.#options.nextId();
    this.#members.set(theirs, memberId);
    this.#membersBack.set(memberId, theirs);
    if (endpoint.kind === 'link') this.#links.add(memberId);
    else this.#ufrags.set(theirs, [endpoint.parameters.localUfrag]);
    this.#options.post({ type: 'add_member', memberId, roomId, endpoint, kind, state: this.#stateOf(state) });
  }

  #forMember(command: Exclude<RemoteCommand, { type: 'open_room' | 'set_mix' | 'close_room' | 'add_member' }>): void {
    const { post } = this.#options;
    const memberId = this.#members.get(command.memberId);
    if (memberId === undefined) return;
    switch (command.type) {
      case 'set_state':
        post({ ...command, memberId, state: this.#stateOf(command.state) });
        return;
      case 'move_member': {
        const roomId = this.#rooms.get(command.roomId);
        if (roomId !== undefined) post({ ...command, memberId, roomId, state: this.#stateOf(command.state) });
        return;
      }
      case 'remove_member':
        this.#forgetMember(command.memberId, memberId);
        post({ ...command, memberId });
        return;
      case 'restart_ice': {
        const before = this.#ufrags.get(command.memberId) ?? [];
        this.#ufrags.set(command.memberId, [...before.slice(-1), command.credentials.localUfrag]);
        post({ ...command, memberId });
        return;
      }
      default:
        post({ ...command, memberId });
    }
  }

  /** Gains of voices that are at other servers have no effect here. */
  #stateOf(state: MemberState): MemberState {
    const hearing = state.hearing.flatMap(({ seatId, gain }) => {
      const known = this.#members.get(seatId);
      return known === undefined ? [] : { seatId: known, gain };
    });
    return { ...state, hearing };
  }

  #tellNetworks(all: (MediaEvent & { type: 'networks' })['networks']): void {
    const networks = all.flatMap(({ memberId: ours, network }) => {
      const memberId = this.#membersBack.get(ours);
      return memberId === undefined ? [] : { memberId, network };
    });
    if (this.#isOrphaned) return;
    for (let i = 0; i < networks.length; i += NETWORKS_AT_ONCE)
      this.#tell({ type: 'networks', networks: networks.slice(i, i + NETWORKS_AT_ONCE) });
  }

  #forgetRoom(theirs: number, ours: number): void {
    this.#rooms.delete(theirs);
    this.#roomsBack.delete(ours);
  }

  #forgetMember(theirs: number, ours: number): void {
    this.#members.delete(theirs);
    this.#membersBack.delete(ours);
    this.#links.delete(ours);
    this.#ufrags.delete(theirs);
  }
}
