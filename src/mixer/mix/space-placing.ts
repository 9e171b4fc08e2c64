/**
 * Decides who is in space. In a room with space, people with a place speak and hear there instead of in the room,
 * which then belongs to those without a place. Other channels are not affected. A spectator hears with the ears of another.
 *
 * Everything changes between ticks, and fades: a voice that moves between the room and space fades out in one and in in
 * the other; for a listener who gets other ears, what they hear ends first.
 */
import type { CodecPool } from '../codec/codec-pool.ts';
import type { TalkerLimit } from '../source/talker-limit.ts';
import type { SpaceSettings } from '../space/space-settings.ts';
import { type ChannelSet, ROOM_CHANNEL } from './channel-set.ts';
import type { Contributor } from './contributor.ts';
import { EarsGroup } from './ears-group.ts';
import { type MixParticipant, NO_SLOT, type Place } from './mix-participant.ts';
import { FLAT_ENCODERS, type RoomEncoders, SPACE_ENCODERS } from './room-encoders.ts';
import { SpaceMix } from './space-mix.ts';
import type { TalkerLimits } from './talker-limits.ts';
import type { VoiceCopies } from './voice-copies.ts';
import { type Address, NOBODY } from './voice-path.ts';

/** The space of a room. */
export interface RoomSpace {
  /** Where everybody is, from `createBodyTable`. */
  readonly bodies: SharedArrayBuffer;
  readonly settings: SpaceSettings;
}

/** What a room gives up in space, step by step. */
export interface SpaceLimits {
  /** Mixes in space are mono, too. */
  readonly isMono: boolean;
  /** The part of their range at which voices are heard. */
  readonly rangeFactor: number;
}

const NO_LIMITS: SpaceLimits = { isMono: false, rangeFactor: 1 };

interface PlacingContext {
  readonly places: ReadonlySet<Place>;
  readonly limits: TalkerLimits;
  /** Channels that nobody hears now. */
  readonly silentChannels: () => ChannelSet;
  readonly moveVoice: (place: Place, address: Address) => void;
  readonly moveListener: (place: Place, channels: ChannelSet) => void;
  readonly retune: (encoders: RoomEncoders, mayBeStereo: boolean) => void;
}

export class SpacePlacing {
  readonly #pool: CodecPool;
  readonly #context: PlacingContext;
  #space: SpaceMix | undefined;
  #limits = NO_LIMITS;
  /** Listeners whose ears end in this tick. */
  readonly #ending: Place[] = [];
  readonly #groups = new Set<EarsGroup>();

  constructor(pool: CodecPool, context: PlacingContext) {
    this.#pool = pool;
    this.#context = context;
  }

  /** The bodies are always in the same memory while the room exists. */
  setSpace(space: RoomSpace | undefined): void {
    if (space === undefined) {
      if (this.#space !== undefined) this.#space.isEnding = true;
      return;
    }
    if (this.#space === undefined) {
      this.#space = new SpaceMix(this.#pool.kernels, space.bodies, space.settings);
      this.#space.rangeFactor = this.#limits.rangeFactor;
      this.#retune();
    }
    this.#space.isEnding = false;
    this.#space.settings = space.settings;
  }

  limit(limits: SpaceLimits): void {
    if (limits.isMono === this.#limits.isMono && limits.rangeFactor === this.#limits.rangeFactor) return;
    this.#limits = limits;
    if (this.#space === undefined) return;
    this.#space.rangeFactor = limits.rangeFactor;
    this.#retune();
    for (const place of this.#context.places) this.settleListener(place);
  }

  enter(): void {
    this.#space?.welcome();
  }

  leave(place: Place): void {
    this.#setEars(place, NO_SLOT);
  }

  /** Takes the positions of this tick. */
  beginTick(awake: readonly Place[]): void {
    const space = this.#space;
    if (space === undefined) return;
    if (space.begin()) for (const place of this.#context.places) this.#settle(place);
    const { limits } = this.#context;
    for (const place of awake) {
      if (place.slot === NO_SLOT) continue;
      const isNear = space.isInEarshot(place.slot) || space.isEmittedInEarshot(place.voice);
      place.source.competeFor(isNear ? limits.space : limitOutside(place.address, limits));
    }
  }

  /** Finds what everybody hears in space in this tick. */
  listen(contributors: readonly Contributor[], copies: VoiceCopies): void {
    this.#space?.listen(contributors, copies);
  }

  endTick(): void {
    for (const place of this.#ending) {
      place.endsEars = false;
      if (this.#context.places.has(place)) this.#setEars(place, this.#wantedEars(place));
    }
    this.#ending.length = 0;
    if (this.#space?.isEnding !== true) return;
    this.#space.close();
    this.#space = undefined;
    this.#retune();
  }

  /** The voice should go elsewhere, or its body has moved. */
  settleVoice(place: Place): void {
    const inRoom = place.wantedAddress.channels.has(ROOM_CHANNEL);
    const slot = inRoom && this.#space !== undefined ? this.#space.slotOf(place.voice) : NO_SLOT;
    const isOther = place.slot !== slot || place.settledAddress !== place.wantedAddress;
    if (!isOther) return;
    place.slot = slot;
    place.settledAddress = place.wantedAddress;
    this.#context.moveVoice(place, slot === NO_SLOT ? place.wantedAddress : outsideTheRoom(place.wantedAddress));
    // In space, whether anybody is in earshot decides in the next tick.
    if (slot === NO_SLOT) place.source.competeFor(this.#context.limits.limitFor(place.address));
  }

  /** The listener should hear something else, or their body has moved. */
  settleListener(place: Place): void {
    const wantedChannels = place.wantedChannels.without(this.#context.silentChannels());
    const isPlaced = this.#space !== undefined && this.#space.slotOf(place.voice) !== NO_SLOT;
    this.#context.moveListener(place, isPlaced ? wantedChannels.withoutRoom : wantedChannels);
    const wanted = this.#wantedEars(place);
    const { ears } = place;
    if ((ears?.slot ?? NO_SLOT) === wanted) {
      if (place.group !== undefined && place.group.audience !== place.audience) this.#regroup(place);
      return;
    }
    if (ears === undefined || ears.isSilent || place.listening.to === 'silence') this.#setEars(place, wanted);
    else if (!place.endsEars) {
      place.endsEars = true;
      this.#ending.push(place);
    }
  }

  forEachHeard(visit: (listener: MixParticipant, voice: number) => void): void {
    for (const place of this.#context.places) {
      const { ears } = place;
      if (ears === undefined || place.deafened) continue;
      ears.forEachVoice((voice) => {
        if (place.hearing.gainOf(voice)?.to !== 0) visit(place, voice);
      });
      const own = ears.ownVoice?.voice;
      if (own !== undefined && own !== place.voice && place.hearing.gainOf(own)?.to !== 0) visit(place, own);
    }
  }

  /** The voices of people that are heard from emitters. */
  get emitted(): ReadonlySet<number> {
    return this.#space?.emitted ?? NOBODY;
  }

  /** Under overload, mixes in a room with space are mono. */
  get isMono(): boolean {
    return this.#space !== undefined && this.#limits.isMono;
  }

  /** Whether this room has a space: then levels are for those who hear the voice. */
  get hasSpace(): boolean {
    return this.#space !== undefined;
  }

  close(): void {
    this.#space?.close();
    for (const group of this.#groups) group.close();
    this.#groups.clear();
  }

  #settle(place: Place): void {
    this.settleVoice(place);
    this.settleListener(place);
  }

  #wantedEars({ voice, wantedChannels }: Place): number {
    if (this.#space === undefined || !wantedChannels.has(ROOM_CHANNEL)) return NO_SLOT;
    return this.#space.earsSlotOf(voice);
  }

  #setEars(place: Place, slot: number): void {
    const { ears } = place;
    if (ears?.slot === slot) return;
    this.#leaveGroup(place);
    if (ears !== undefined) this.#space?.letGo(ears);
    place.ears = slot === NO_SLOT ? undefined : this.#space?.take(slot);
    place.heardInSpace = 'nothing';
    place.heardSpace = false;
    place.steady = undefined;
    if (place.ears !== undefined) this.#joinGroup(place);
  }

  #regroup(place: Place): void {
    this.#leaveGroup(place);
    this.#joinGroup(place);
  }

  #joinGroup(place: Place): void {
    const { ears, audience } = place;
    if (ears === undefined) return;
    const isStereo = place.takesStereo && this.#mayBeStereo;
    for (const group of this.#groups) {
      if (group.ears !== ears || group.audience !== audience || group.isStereo !== isStereo) continue;
      place.group = group;
      break;
    }
    if (place.group === undefined) {
      place.group = new EarsGroup(this.#pool, ears, audience, isStereo, SPACE_ENCODERS);
      this.#groups.add(place.group);
    }
    place.group.size++;
  }

  #leaveGroup(place: Place): void {
    const { group } = place;
    if (group === undefined) return;
    place.group = undefined;
    group.size--;
    if (group.size === 0) this.#groups.delete(group);
  }

  get #mayBeStereo(): boolean {
    return this.#space !== undefined && !this.#limits.isMono;
  }

  #retune(): void {
    const hasSpace = this.#space !== undefined;
    this.#context.retune(hasSpace ? SPACE_ENCODERS : FLAT_ENCODERS, this.#mayBeStereo);
    for (const place of this.#context.places) if (place.group !== undefined) this.#regroup(place);
  }
}

/** Talkers who are out of earshot may still be heard in channels and whispers. */
function limitOutside(address: Address, limits: TalkerLimits): TalkerLimit {
  const isForNobody = address.channels.isEmpty && address.whispersTo.size === 0;
  return isForNobody ? limits.outOfEarshot : limits.limitFor(address);
}

function outsideTheRoom({ channels, whispersTo }: Address): Address {
  return { channels: channels.withoutRoom, whispersTo };
}
