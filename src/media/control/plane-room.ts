/**
 * One room of the media plane. It lives in one worker until that is busy enough, then it continues in others as well.
 */
import { AppError } from '../../lib/errors.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import { BodyFields } from '../../mixer/space/body-fields.ts';
import type { SpaceSettings } from '../../mixer/space/space-settings.ts';
import { createSharedMix } from '../link/mix-ring.ts';
import { createShoutRing } from '../link/shout-ring.ts';
import type {
  ChannelSounds,
  HeardInSpace,
  MediaRoom,
  MediaRoomEvents,
  MemberState,
  RelayedOptions,
  RelayedSeat,
  RoomShouts,
  RoomTapSubscription,
  Seat,
  SeatOptions,
  SpeakerLevel,
  WebRtcOffer,
  WebRtcSeat,
} from '../plane.ts';
import type { ControlSeat, SeatPlace } from './control-seat.ts';
import type { WorkerSlot } from './worker-slot.ts';

const LOAD_STEP = 0.05;

export interface PlaneRoomOptions {
  readonly id: number;
  readonly slots: readonly WorkerSlot[];
  /** The load, 0 to 1, above which a worker accepts nobody else if another is less busy. */
  readonly spanLoad: number;
  readonly mix: MixSettings;
  readonly events: MediaRoomEvents;
}

/** The participants of the room in one worker. */
interface RoomPart {
  readonly slot: WorkerSlot;
  /** The sum of this part's talkers, for the others. */
  readonly mix: SharedArrayBuffer;
  readonly number: number;
  /** Its shouts, for linked rooms; made when the room is first linked. */
  shouts: SharedArrayBuffer | undefined;
  readonly seats: Set<ControlSeat>;
  speaking: readonly SpeakerLevel[];
  heard: HeardInSpace;
}

export class PlaneRoom implements MediaRoom {
  readonly #options: PlaneRoomOptions;
  #mix: MixSettings;
  #bodies: BodyFields | undefined;
  #space: SpaceSettings | null = null;
  #channelSounds: ChannelSounds = new Map();
  #shouts: RoomShouts | null = null;
  #tap: RoomTapSubscription | null = null;
  /** Whose tap has the mix; the mix of any part has everybody. */
  #mixTapped: RoomPart | undefined;
  readonly #parts: RoomPart[] = [];
  #partsMade = 0;
  /** The worker of the newest seat. */
  #home: WorkerSlot | undefined;

  constructor(options: PlaneRoomOptions) {
    this.#options = options;
    this.#mix = options.mix;
  }

  connectWebRtc(offer: WebRtcOffer, options: SeatOptions): WebRtcSeat {
    const part = this.#choosePart(options.returning ?? false);
    const seat = part.slot.negotiateWebRtc(offer, options, this.#placeIn(part));
    this.#enter(part, seat);
    seat.start();
    return seat;
  }

  connectRelayed(options: RelayedOptions): RelayedSeat {
    const part = this.#choosePart(options.returning ?? false);
    const seat = part.slot.createRelayed(options, this.#placeIn(part));
    this.#enter(part, seat);
    seat.start();
    return seat;
  }

  /** The seat stays in its worker, where the room is opened if necessary. */
  adopt(seat: Seat, state: MemberState): void {
    for (const slot of this.#options.slots) {
      const found = slot.seatOf(seat.id);
      if (found === undefined) continue;
      const part = this.#partIn(slot) ?? this.#newPart(slot);
      this.#enter(part, found);
      found.moveTo(this.#placeIn(part), state);
    }
  }

  setMix(mix: MixSettings): void {
    this.#mix = mix;
    for (const { slot } of this.#parts) slot.setMix(this.#options.id, mix);
  }

  setChannelSounds(sounds: ChannelSounds): void {
    this.#channelSounds = sounds;
    for (const { slot } of this.#parts) slot.setChannelSounds(this.#options.id, sounds);
  }

  get bodies(): BodyFields {
    this.#bodies ??= new BodyFields();
    return this.#bodies;
  }

  setSpace(settings: SpaceSettings | null): void {
    this.#space = settings;
    for (const { slot } of this.#parts) this.#tellSpace(slot);
  }

  setShouts(shouts: RoomShouts | null): void {
    const before = this.#shouts;
    this.#shouts = shouts;
    if (shouts !== null) this.#exchangeShouts();
    else if (before !== null) for (const { slot } of this.#parts) slot.setShouts(this.#options.id, null);
  }

  setTap(tap: RoomTapSubscription | null): void {
    const before = this.#tap;
    this.#tap = tap;
    this.#mixTapped = undefined;
    if (tap !== null) this.#tapParts();
    else if (before !== null) for (const { slot } of this.#parts) slot.taps.set(this.#options.id, null, before.sink);
  }

  /** The mix comes from one part, and what people send from each. */
  #tapParts(): void {
    if (this.#tap === null) return;
    for (const part of this.#parts) this.#tapPart(part, this.#tap);
  }

  #tapPart(part: RoomPart, { request, sink }: RoomTapSubscription): void {
    this.#mixTapped ??= part;
    const mix = request.mix && this.#mixTapped === part;
    part.slot.taps.set(this.#options.id, { ...request, mix }, sink);
  }

  close(): void {
    for (const part of [...this.#parts]) for (const seat of part.seats) seat.close();
  }

  /** Returning participants are accepted even by a worker that refuses newcomers. */
  #choosePart(returning: boolean): RoomPart {
    const available = this.#allowedSlots().filter((slot) => slot.available);
    const open = returning ? available : available.filter((slot) => !slot.refusesJoins);
    const leastLoaded = lowestLoad(open);
    if (leastLoaded === undefined) throw new AppError(available.length > 0 ? 'server_busy' : 'media_unavailable');
    const present = lowestLoad(open.filter((slot) => this.#partIn(slot) !== undefined));
    const stays =
      present !== undefined && (present.load < this.#options.spanLoad || !hasLessToDo(leastLoaded, present));
    const slot = stays ? present : leastLoaded;
    return this.#partIn(slot) ?? this.#newPart(slot);
  }

  #newPart(slot: WorkerSlot): RoomPart {
    const number = this.#partsMade++;
    return {
      ...{ slot, number, mix: createSharedMix(number), shouts: undefined },
      ...{ seats: new Set(), speaking: [], heard: new Map() },
    };
  }

  #placeIn(part: RoomPart): SeatPlace {
    return { roomId: this.#options.id, onLeft: (seat) => this.#leave(part, seat) };
  }

  /** Opens the room in the worker for its first member there. */
  #enter(part: RoomPart, seat: ControlSeat): void {
    part.seats.add(seat);
    this.#home = part.slot;
    if (this.#parts.includes(part)) return;
    this.#parts.push(part);
    part.slot.openRoom(this.#options.id, this.#mix, (speaking, heard) => this.#tellLevels(part, speaking, heard));
    if (this.#space !== null) this.#tellSpace(part.slot);
    if (this.#channelSounds.size > 0) part.slot.setChannelSounds(this.#options.id, this.#channelSounds);
    if (this.#tap !== null) this.#tapPart(part, this.#tap);
    this.#link();
    this.#partsChanged();
  }

  /** A room whose workers keep dying stays where it is so as not to affect others, and other rooms avoid its worker. */
  #allowedSlots(): readonly WorkerSlot[] {
    const { slots } = this.#options;
    if (this.#home?.failing) return [this.#home];
    const sound = slots.filter((slot) => !slot.failing);
    return sound.length > 0 ? sound : slots;
  }

  #partIn(slot: WorkerSlot): RoomPart | undefined {
    return this.#parts.find((part) => part.slot === slot);
  }

  #leave(part: RoomPart, seat: ControlSeat): void {
    part.seats.delete(seat);
    if (part.seats.size > 0) return;
    this.#parts.splice(this.#parts.indexOf(part), 1);
    part.slot.closeRoom(this.#options.id);
    if (this.#mixTapped === part) {
      this.#mixTapped = undefined;
      this.#tapParts();
    }
    this.#link();
    this.#partsChanged();
    if (part.speaking.length > 0) this.#tellLevels(part, [], new Map());
  }

  /** Links every part to the others. */
  #link(): void {
    for (const part of this.#parts) {
      const others = this.#parts.filter((other) => other !== part).map(({ mix }) => mix);
      part.slot.link(this.#options.id, part.mix, others);
    }
  }

  /** Gives every part its memory for shouts, and that of the parts of the linked rooms. */
  #exchangeShouts(): void {
    if (this.#shouts === null) return;
    const { channel, rooms } = this.#shouts;
    const others = rooms.flatMap((room) => (room instanceof PlaneRoom ? room.#shoutRings : []));
    for (const part of this.#parts) {
      part.slot.setShouts(this.#options.id, { channel, own: this.#shoutRingOf(part), others });
    }
  }

  /** The linked rooms hear other parts from now on. */
  #partsChanged(): void {
    if (this.#shouts === null) return;
    this.#exchangeShouts();
    for (const room of this.#shouts.rooms) if (room instanceof PlaneRoom) room.#exchangeShouts();
  }

  get #shoutRings(): readonly SharedArrayBuffer[] {
    return this.#parts.map((part) => this.#shoutRingOf(part));
  }

  #shoutRingOf(part: RoomPart): SharedArrayBuffer {
    part.shouts ??= createShoutRing(this.#options.id, part.number);
    return part.shouts;
  }

  #tellSpace(slot: WorkerSlot): void {
    const space = this.#space === null ? null : { bodies: this.bodies.writer.memory, settings: this.#space };
    slot.setSpace(this.#options.id, space);
  }

  #tellLevels(part: RoomPart, speaking: readonly SpeakerLevel[], heard: HeardInSpace): void {
    part.speaking = speaking;
    part.heard = heard;
    const elsewhere = this.#parts.filter((other) => other !== part);
    this.#options.events.levels(
      [...speaking, ...elsewhere.flatMap((other) => other.speaking)],
      new Map([...heard, ...elsewhere.flatMap((other) => [...other.heard])]),
    );
  }
}

function lowestLoad(slots: readonly WorkerSlot[]): WorkerSlot | undefined {
  return slots.reduce<WorkerSlot | undefined>(
    (best, slot) => (best === undefined || hasLessToDo(slot, best) ? slot : best),
    undefined,
  );
}

/** If two loads differ by less than can be measured, the number of seats decides. */
function hasLessToDo(a: WorkerSlot, b: WorkerSlot): boolean {
  const difference = Math.round(a.load / LOAD_STEP) - Math.round(b.load / LOAD_STEP);
  return (difference || a.seats - b.seats) < 0;
}
