/**
 * One room of the media plane. It lives in one worker until that is busy enough, then it continues in others as well.
 */
import { AppError, toAppError } from '../../lib/errors.ts';
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
import type { OtherServers } from './other-servers.ts';
import { RoomLink } from './room-link.ts';
import { hasLessToDo, lowestLoad, mixOf, type RoomPart } from './room-part.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface PlaneRoomOptions {
  readonly id: number;
  readonly slots: readonly WorkerSlot[];
  /** Workers of other servers on which the room may go on; none by default. */
  readonly others?: OtherServers | undefined;
  /** The load, 0 to 1, above which a worker accepts nobody else if another is less busy. */
  readonly spanLoad: number;
  readonly mix: MixSettings;
  readonly events: MediaRoomEvents;
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
  /** The part to which those at other servers are linked, while there are any. It stays also without participants. */
  #hub: RoomPart | undefined;
  /** Everybody hears the same, so the room may be at several servers. */
  #isPlain = false;
  /** Whether its people may go to other servers again, after they had to come back. */
  #isRested = (): boolean => true;
  #partsMade = 0;
  /** The worker of the newest seat. */
  #home: WorkerSlot | undefined;

  constructor(options: PlaneRoomOptions) {
    this.#options = options;
    this.#mix = options.mix;
  }

  connectWebRtc(offer: WebRtcOffer, options: SeatOptions): WebRtcSeat {
    const { returning = false, staysHere = false } = options;
    const part = this.#choosePart(returning, !staysHere);
    if (!part.isRemote) return this.#connectIn(part, offer, options);
    try {
      return this.#connectIn(part, offer, options);
    } catch (error) {
      this.#closeIfEmpty(part);
      // From where they are, that server may have no address.
      if (toAppError(error).code === 'media_unavailable')
        return this.#connectIn(this.#choosePart(returning), offer, options);
      throw error;
    }
  }

  #connectIn(part: RoomPart, offer: WebRtcOffer, options: SeatOptions): WebRtcSeat {
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
    for (const slot of [...this.#options.slots, ...(this.#options.others?.slots ?? [])]) {
      const found = slot.seatOf(seat.id);
      if (found === undefined) continue;
      const isHere = this.#options.slots.includes(slot);
      const part = isHere ? (this.#partIn(slot) ?? this.#newPart(slot)) : this.#partElsewhere(slot);
      if (part === undefined) {
        queueMicrotask(() => found.end('media_failed'));
        continue;
      }
      this.#enter(part, found);
      found.moveTo(this.#placeIn(part), state);
      this.#gather();
    }
  }

  setMix(mix: MixSettings): void {
    this.#mix = mix;
    for (const part of this.#parts) part.slot.setMix(this.#options.id, mixOf(part, mix));
  }

  setChannelSounds(sounds: ChannelSounds): void {
    this.#channelSounds = sounds;
    if (sounds.size > 0) this.#gather();
    for (const { slot } of this.#localParts) slot.setChannelSounds(this.#options.id, sounds);
  }

  get bodies(): BodyFields {
    this.#bodies ??= new BodyFields();
    return this.#bodies;
  }

  setSpace(settings: SpaceSettings | null): void {
    this.#space = settings;
    if (settings !== null) this.#gather();
    for (const { slot } of this.#localParts) this.#tellSpace(slot);
  }

  setShouts(shouts: RoomShouts | null): void {
    const before = this.#shouts;
    this.#shouts = shouts;
    if (shouts !== null) this.#gather();
    if (shouts !== null) this.#exchangeShouts();
    else if (before !== null) for (const { slot } of this.#localParts) slot.setShouts(this.#options.id, null);
  }

  setTap(tap: RoomTapSubscription | null): void {
    const before = this.#tap;
    this.#tap = tap;
    this.#mixTapped = undefined;
    if (tap?.request.voices) this.#gather();
    if (tap !== null) this.#tapParts();
    else if (before !== null)
      for (const { slot } of this.#localParts) slot.taps.set(this.#options.id, null, before.sink);
  }

  /** The mix comes from one part, and what people send from each. */
  #tapParts(): void {
    if (this.#tap === null) return;
    for (const part of this.#localParts) this.#tapPart(part, this.#tap);
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
  #choosePart(returning: boolean, mayBeElsewhere = false): RoomPart {
    const available = this.#allowedSlots().filter((slot) => slot.available);
    const open = returning ? available : available.filter((slot) => !slot.refusesJoins);
    const leastLoaded = lowestLoad(open);
    const here = leastLoaded ?? lowestLoad(available);
    if (here === undefined) throw new AppError('media_unavailable');
    const other = mayBeElsewhere && this.#mayBeElsewhere ? this.#chooseElsewhere(here) : undefined;
    if (other !== undefined) return other;
    if (leastLoaded === undefined) throw new AppError('server_busy');
    const present = lowestLoad(open.filter((slot) => this.#partIn(slot) !== undefined));
    const stays =
      present !== undefined && (present.load < this.#options.spanLoad || !hasLessToDo(leastLoaded, present));
    const slot = stays ? present : leastLoaded;
    return this.#partIn(slot) ?? this.#newPart(slot);
  }

  #chooseElsewhere(local: WorkerSlot): RoomPart | undefined {
    const slot = this.#options.others?.choose(local, (one) => this.#partIn(one) !== undefined);
    return slot && this.#partElsewhere(slot);
  }

  /** The part in a worker of another server, open and linked; undefined if that cannot be. */
  #partElsewhere(slot: WorkerSlot): RoomPart | undefined {
    const part = this.#partIn(slot) ?? this.#newPart(slot);
    try {
      if (!this.#parts.includes(part)) this.#open(part);
      part.link ??= this.#linkRemote(part);
      return part;
    } catch {
      this.#closeIfEmpty(part);
      return undefined;
    }
  }

  #newPart(slot: WorkerSlot): RoomPart {
    const number = this.#partsMade++;
    return {
      slot,
      isRemote: !this.#options.slots.includes(slot),
      number,
      mix: createSharedMix(number),
      shouts: undefined,
      seats: new Set(),
      speaking: [],
      heard: new Map(),
      link: undefined,
    };
  }

  get #localParts(): readonly RoomPart[] {
    return this.#parts.filter(({ isRemote }) => !isRemote);
  }

  get #remoteParts(): readonly RoomPart[] {
    return this.#parts.filter(({ isRemote }) => isRemote);
  }

  setPlain(isPlain: boolean): void {
    this.#isPlain = isPlain;
    if (!isPlain) this.#gather();
  }

  get isSpread(): boolean {
    return this.#remoteParts.length > 0;
  }

  /** What other servers hear of the room is one mix for all, so there must be no other. */
  get #mayBeElsewhere(): boolean {
    const isSpecial = this.#space !== null || this.#shouts !== null || this.#channelSounds.size > 0;
    return this.#isPlain && !isSpecial && this.#tap?.request.voices !== true && this.#isRested();
  }

  /** Those at other servers connect again, and come here. Their rooms do not expect that while they change something. */
  #gather(): void {
    queueMicrotask(() => {
      const { others } = this.#options;
      if (others === undefined || this.#mayBeElsewhere) return;
      if (this.#remoteParts.length > 0) this.#isRested = others.rest();
      for (const part of this.#remoteParts) this.#endPart(part);
    });
  }

  #endPart(part: RoomPart): void {
    for (const seat of [...part.seats]) seat.end('media_failed');
  }

  /** Links a part at another server to the one here. Throws `AppError` `media_unavailable`. */
  #linkRemote(part: RoomPart): RoomLink {
    const hub = this.#hub ?? this.#localParts[0] ?? this.#openHub();
    this.#hub = hub;
    return new RoomLink({
      roomId: this.#options.id,
      home: hub.slot,
      leaf: part.slot,
      onLost: () => {
        part.link = undefined;
        if (hub.slot.available) this.#options.others?.failed(part.slot);
        this.#endPart(part);
      },
    });
  }

  #openHub(): RoomPart {
    const slot = lowestLoad(this.#allowedSlots().filter(({ available }) => available));
    if (slot === undefined) throw new AppError('media_unavailable');
    const hub = this.#newPart(slot);
    this.#open(hub);
    return hub;
  }

  #placeIn(part: RoomPart): SeatPlace {
    return { roomId: this.#options.id, onLeft: (seat) => this.#leave(part, seat) };
  }

  /** Opens the room in the worker for its first member there. */
  #enter(part: RoomPart, seat: ControlSeat): void {
    part.seats.add(seat);
    if (!part.isRemote) this.#home = part.slot;
    if (!this.#parts.includes(part)) this.#open(part);
  }

  #open(part: RoomPart): void {
    const { id } = this.#options;
    this.#parts.push(part);
    part.slot.openRoom(id, mixOf(part, this.#mix), (speaking, heard) => this.#tellLevels(part, speaking, heard));
    if (part.isRemote) return;
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
    this.#closeIfEmpty(part);
  }

  #closeIfEmpty(part: RoomPart): void {
    if (part.seats.size > 0 || (part === this.#hub && this.#remoteParts.length > 0)) return;
    this.#close(part);
    // The last part elsewhere has left it alone.
    if (part.isRemote && this.#remoteParts.length === 0 && this.#hub?.seats.size === 0) this.#close(this.#hub);
  }

  #close(part: RoomPart): void {
    const at = this.#parts.indexOf(part);
    if (at < 0) return;
    part.link?.close();
    part.link = undefined;
    this.#parts.splice(at, 1);
    if (this.#hub === part) this.#hub = undefined;
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
    const local = this.#localParts;
    for (const part of local) {
      const others = local.filter((other) => other !== part).map(({ mix }) => mix);
      part.slot.link(this.#options.id, part.mix, others);
    }
  }

  /** Gives every part its memory for shouts, and that of the parts of the linked rooms. */
  #exchangeShouts(): void {
    if (this.#shouts === null) return;
    const { channel, rooms } = this.#shouts;
    const others = rooms.flatMap((room) => (room instanceof PlaneRoom ? room.#shoutRings : []));
    for (const part of this.#localParts) {
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
    return this.#localParts.map((part) => this.#shoutRingOf(part));
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
