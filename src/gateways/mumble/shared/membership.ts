/** A Mumble user in a room: a participant like anybody else, whose packets this server passes on. */
import type { Clock } from '../../../lib/clock.ts';
import { AppError } from '../../../lib/errors.ts';
import type { RelayedSeat } from '../../../media/plane.ts';
import type { Admission } from '../../../rooms/admission.ts';
import type { EndReason, ParticipantListener, RoomEvent } from '../../../rooms/events.ts';
import type { Participant } from '../../../rooms/participant.ts';
import type { RoomRegistry } from '../../../rooms/registry.ts';
import type { Room } from '../../../rooms/room.ts';
import { roomOf } from '../../../rooms/room-of.ts';
import type { ReceivedVoice } from '../wire/voice-packet.ts';
import { Placing } from './placing.ts';
import { Uplink } from './uplink.ts';

export interface MembershipEvents {
  /** Something has happened in the room. */
  event(event: RoomEvent): void;
  /** They are no longer in any room. At most once, and not after `leave`. */
  ended(reason: EndReason | 'connection_lost'): void;
  /** One packet of the mix, while they hear that instead of single voices. */
  mix(payload: Uint8Array, timestamp: number): void;
  /** They have taken another seat, and have said nothing there. */
  seated?(): void;
}

export interface MembershipOptions {
  readonly registry: RoomRegistry;
  readonly admission: Admission;
  readonly room: string;
  readonly name: string;
  readonly state: { readonly muted: boolean; readonly deafened: boolean };
  /** The client's address, as limits count it, and for the operator. */
  readonly from: string | undefined;
  readonly address: string | null;
  readonly events: MembershipEvents;
  readonly clock: Clock;
  /** They hear the mix now, because single voices would be wrong. By default never. */
  readonly needsMix?: (room: Room, participant: Participant) => boolean;
}

export class Membership implements ParticipantListener {
  readonly address: string | null;
  readonly takesBatches = true;
  readonly takesChat = true;
  readonly participant: Participant;
  readonly #registry: RoomRegistry;
  readonly #events: MembershipEvents;
  readonly #uplink: Uplink;
  readonly #placing: Placing;
  readonly #needsMix: (room: Room, participant: Participant) => boolean;
  #seat: RelayedSeat | undefined;
  #hearsMix = false;
  /** As the client wants it. */
  #selfMute: boolean;
  #isOver = false;

  /** Joins. Throws what `RoomRegistry.join` throws. */
  constructor(options: MembershipOptions) {
    const { registry, admission, room, name, state, from, address, events, clock } = options;
    this.address = address;
    this.#needsMix = options.needsMix ?? (() => false);
    this.#registry = registry;
    this.#placing = new Placing(registry);
    this.#events = events;
    this.#selfMute = state.muted;
    this.#uplink = new Uplink((packet, startsStream) => this.#seat?.send(packet, startsStream), clock.now());
    const { participant } = registry.join({ room, name, admission, state, from, via: 'mumble', listener: this });
    this.participant = participant;
    this.takeSeat();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** They hear the mix, because single voices would be wrong in this room. */
  get hearsMix(): boolean {
    return this.#hearsMix;
  }

  get uplink(): Pick<Uplink, 'overLimit' | 'malformed'> {
    return this.#uplink;
  }

  /** Takes a seat if there is none, or one of another kind is needed. Without one they are in the room all the same. */
  takeSeat(): void {
    if (this.#isOver) return;
    const { participant } = this;
    const listens = this.#needsMix(roomOf(this.#registry, participant), participant);
    if (this.#seat !== undefined && listens === this.#hearsMix) return;
    try {
      const sink = { mix: (payload: Uint8Array, timestamp: number) => this.#events.mix(payload, timestamp) };
      const parts = { speaks: true, listens, sink };
      this.#seat = participant.sit((media, options) => media.connectRelayed({ ...options, ...parts }));
      this.#hearsMix = listens;
      this.#uplink.restart();
      this.#events.seated?.();
    } catch (thrown) {
      // The media plane is busy or restarts; the next look tries again.
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }

  /** False if it was left out. */
  receive(voice: Readonly<ReceivedVoice>, nowMs: number): boolean {
    const isPassed = this.#uplink.receive(voice, nowMs);
    if (voice.position !== null) this.#placing.take(this.participant, voice.position, nowMs);
    return isPassed;
  }

  /** What they have said and nobody has heard yet is never heard, and what sounds fades. */
  forgetVoice(): void {
    this.#uplink.interrupt();
    this.#seat?.clearQueue();
  }

  setState({ selfMute, selfDeaf }: { readonly selfMute: boolean; readonly selfDeaf: boolean }): void {
    this.#selfMute = selfMute;
    this.participant.setState({ deafened: selfDeaf });
    this.#applyMute();
    if (selfMute) this.#uplink.interrupt();
  }

  leave(reason: 'left' | 'connection_lost' | 'moved'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.participant.leave(reason);
  }

  event(...events: readonly RoomEvent[]): void {
    let isOnlyLevels = true;
    for (const event of events) {
      if (event.type === 'media_closed') this.#seat = undefined;
      isOnlyLevels &&= event.type === 'levels';
      this.#events.event(event);
    }
    if (isOnlyLevels) return;
    // The room is in the middle of telling everyone.
    queueMicrotask(() => {
      if (this.#isOver) return;
      this.#applyMute();
      this.takeSeat();
    });
  }

  ended(reason: EndReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(reason);
  }

  /** A Mumble client counts itself as open as soon as a moderator allows it, so it must be. */
  #applyMute(): void {
    const { view, mutedByModerator } = this.participant;
    if (view.muted === this.#selfMute) return;
    if (this.#selfMute) this.participant.setState({ muted: true });
    else if (view.maySpeak && !mutedByModerator) this.participant.setState({ muted: false });
  }
}
