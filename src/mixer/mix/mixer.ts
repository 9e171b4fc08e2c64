/**
 * The mix of one room: everyone hears everyone else, never themselves (mix-minus, "N-1").
 *
 * A tick reads one frame from each awake source, sums them once, and gives every listener a packet. All listeners who
 * do not talk hear the same sum, so they share one encoder and one packet. A talker's own voice is subtracted again,
 * which requires an encoder of its own. A voice that is heard alone is neither decoded nor encoded
 * (`lone-talker.ts`). A room may have further channels, in which people speak and which they hear:
 * then there is a sum for each audience (`audiences.ts`). Mutes, joins and leaves happen between ticks, so that the state
 * is constant during a tick.
 */

import { cutTo } from '../../lib/cut.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import type { SourcePacket } from '../source/source-packet.ts';
import { createStanding } from '../source/talker-places.ts';
import { Audiences, type Sounding } from './audiences.ts';
import { Changes } from './changes.ts';
import { ChannelSet, NO_CHANNEL } from './channel-set.ts';
import { type ChannelSound, ChannelSounds } from './channel-sounds.ts';
import { createSource } from './create-source.ts';
import { Delivery, isMixNeeded } from './delivery.ts';
import { loneTalker } from './lone-talker.ts';
import type { MixLink } from './mix-link.ts';
import { type MixParticipant, type ParticipantOptions, Place, placeOf, type Speaker } from './mix-participant.ts';
import type { ShoutLink } from './shout-link.ts';
import { type RoomSpace, type SpaceLimits, SpacePlacing } from './space-placing.ts';
import { StereoRoom } from './stereo-room.ts';
import { TalkerLimits } from './talker-limits.ts';
import { VoiceCopies } from './voice-copies.ts';
import { type Address, NOBODY, sameAddress } from './voice-path.ts';
import { VoicesElsewhere } from './voices-elsewhere.ts';

/** The operator's settings for a room. */
export interface MixSettings {
  /** Maximum number of talkers heard at a time in each channel, the loudest; 0 for no limit. */
  readonly maxTalkers: number;
  /** Whether quiet and loud talkers are brought to about the same level. */
  readonly levelling: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Mixer {
  readonly #pool: CodecPool;
  readonly #places = new Set<Place>();
  readonly #awake: Place[] = [];
  readonly #contributors: Place[] = [];
  readonly #elsewhere = new VoicesElsewhere();
  readonly #changes = new Changes();
  readonly #audiences: Audiences;
  readonly #sounds = new ChannelSounds();
  readonly #copies: VoiceCopies;
  readonly #delivery: Delivery;
  readonly #limits: TalkerLimits;
  readonly #placing: SpacePlacing;
  readonly #standing = createStanding();
  readonly #stereo = new StereoRoom();
  #levelling: boolean;
  #link: MixLink | undefined;
  /** What sounds in this tick; always the same object, so that a tick allocates nothing. */
  readonly #sounding: Mutable<Sounding>;

  constructor(pool: CodecPool, settings: MixSettings) {
    this.#pool = pool;
    this.#limits = new TalkerLimits(settings.maxTalkers);
    this.#levelling = settings.levelling;
    this.#audiences = new Audiences(pool);
    this.#copies = new VoiceCopies(pool.kernels, this.#sounds);
    this.#delivery = new Delivery(pool);
    this.#placing = new SpacePlacing(pool, {
      places: this.#places,
      limits: this.#limits,
      silentChannels: () => this.#sounds.silent,
      moveVoice: (place, address) => this.#moveVoice(place, address),
      moveListener: (place, channels) => this.#moveListener(place, channels),
      retune: (encoders, mayBeStereo) => {
        this.#audiences.retune(encoders);
        this.#delivery.retune(encoders, mayBeStereo, this.#places);
      },
    });
    this.#sounding = {
      tick: 0,
      own: this.#contributors,
      contributors: this.#contributors,
      copies: this.#copies,
      standing: this.#standing,
      emitted: NOBODY,
      link: undefined,
      lone: undefined,
    };
  }

  /** No tick would change anything before a packet or a command comes, except for the refreshes of silence. */
  get isQuiet(): boolean {
    return (
      this.#awake.length === 0 &&
      this.#changes.isEmpty &&
      this.#delivery.isQuiet &&
      this.#link === undefined &&
      this.#elsewhere.shouts === undefined &&
      !this.#placing.hasSpace
    );
  }

  /** Nobody is here, and no voice is still fading. */
  get deserted(): boolean {
    return this.#places.size === 0 && this.#awake.length === 0;
  }

  add(options: ParticipantOptions): MixParticipant {
    const { kind, channels = ChannelSet.ROOM } = options;
    const source = createSource(this.#pool, this.#limits, this.#levelling, options);
    if (kind === 'music' && this.#stereo.musicEntered()) this.#settleListeners();
    const isStereo = this.#hearsStereo(options, channels);
    const audience = this.#audiences.enter(channels.without(this.#sounds.silent), isStereo);
    const place = new Place(source, audience, options);
    place.wantedChannels = channels;
    this.#places.add(place);
    this.#placing.enter();
    this.#delivery.enter();
    return place;
  }

  /** The listener is removed at once; their voice fades within one more tick. */
  remove(participant: MixParticipant): void {
    const place = placeOf(participant);
    if (!this.#places.delete(place)) return;
    this.#delivery.leave(place);
    this.#placing.leave(place);
    this.#audiences.leave(place.audience);
    this.#endVoice(place);
  }

  /** Like `remove`, but for a listener who continues elsewhere: what they hear fades within one more tick. */
  dismiss(participant: MixParticipant): void {
    const place = placeOf(participant);
    if (place.listening.to === 'silence') {
      this.remove(place);
      return;
    }
    place.departing = true;
    place.deafened = true;
    place.steady = undefined;
    this.#endVoice(place);
  }

  setMuted(participant: MixParticipant, muted: boolean): void {
    placeOf(participant).source.setMuted(muted);
  }

  /** Takes effect with the next tick, during which their sound fades. */
  setDeafened(participant: MixParticipant, deafened: boolean): void {
    const place = placeOf(participant);
    place.deafened = deafened;
    place.steady = undefined;
  }

  /**
   * From the next tick on, this listener hears these voices with gains of their own.
   * @param gains linear, by the voices' numbers; see `Hearing.set`
   */
  setHearing(participant: MixParticipant, gains: ReadonlyMap<number, number>): void {
    const place = placeOf(participant);
    if (place.hearing.isPlain && gains.size === 0) return;
    place.hearing.set(gains);
    place.steady = undefined;
    this.#changes.adjust(place);
  }

  /** From the next tick on, this voice goes there; listeners hear it fade in or out. */
  setAddress(participant: MixParticipant, address: Address): void {
    const place = placeOf(participant);
    if (place.leaving || sameAddress(place.wantedAddress, address)) return;
    place.wantedAddress = address;
    this.#placing.settleVoice(place);
  }

  /** From the next tick on, this listener hears these channels; what changes fades in or out. */
  setChannels(participant: MixParticipant, channels: ChannelSet): void {
    const place = placeOf(participant);
    if (!this.#places.has(place)) return;
    place.wantedChannels = channels;
    this.#placing.settleListener(place);
  }

  /**
   * From the next tick on, channels sound like this; what changes fades.
   * @param sounds by the number of the channel; channels that are not listed are heard unchanged
   */
  setChannelSounds(sounds: ReadonlyMap<number, ChannelSound>): void {
    this.#sounds.set(sounds);
    this.#settleListeners();
  }

  /** From the next tick on, voices are heard from where they are; undefined ends that. What changes fades. */
  setSpace(space: RoomSpace | undefined): void {
    this.#placing.setSpace(space);
  }

  /** What the room gives up in space while the worker is overloaded. */
  limitSpace(limits: SpaceLimits): void {
    this.#placing.limit(limits);
  }

  get hasSpace(): boolean {
    return this.#placing.hasSpace;
  }

  /** Visits everybody who hears in space now. */
  forEachInSpace(visit: (listener: MixParticipant) => void): void {
    for (const place of this.#places) if (place.ears !== undefined) visit(place);
  }

  /**
   * Visits what each listener in space hears there now.
   * @param visit gets a voice that the listener hears
   */
  forEachHeard(visit: (listener: MixParticipant, voice: number) => void): void {
    this.#placing.forEachHeard(visit);
  }

  /** Takes effect over the next ticks; 0 for no limit. */
  setMaxTalkers(maxTalkers: number): void {
    this.#limits.setMax(maxTalkers);
  }

  /** Takes effect over some seconds, as gradually as levelling itself. */
  setLevelling(levelling: boolean): void {
    this.#levelling = levelling;
    for (const { source, isLink } of this.#places) source.setLevelling(levelling && !isLink);
  }

  /** From the next tick on, participants of linked mixers hear each other; undefined ends that. */
  setLink(link: MixLink | undefined): void {
    if (link === undefined) this.#limits.room.undivide();
    // Talkers who are already heard keep their place.
    else if (this.#link === undefined) this.#limits.room.tell(this.#standing);
    this.#link = link;
  }

  /** From the next tick on, shouts are exchanged with other rooms; undefined ends that. */
  setShouts(shouts: ShoutLink | undefined): void {
    this.#elsewhere.shouts = shouts;
  }

  /** Returns whether the packet needs the next ticks. Nobody would hear anything of the others. */
  push(participant: MixParticipant, packet: SourcePacket, nowMs: number): boolean {
    const place = placeOf(participant);
    if (place.leaving) return false;
    place.source.push(packet, nowMs);
    if (place.awake) return true;
    if (place.source.passOver(nowMs)) return false;
    place.awake = true;
    this.#awake.push(place);
    return true;
  }

  /** Packets pushed from now on belong to another stream, which starts afresh. */
  restartSource(participant: MixParticipant): void {
    placeOf(participant).source.restart();
  }

  /**
   * Mixes and distributes one frame.
   * @param tick counts frames of 20 ms from an arbitrary moment; skipped ticks leave gaps in it, and therefore in RTP
   * time
   */
  tick(tick: number, nowMs: number): void {
    if (this.#link !== undefined) this.#limits.divide(this.#link, tick - 1, this.#standing);
    this.#placing.beginTick(this.#awake);
    this.#readSources(nowMs);
    const voices = this.#sounding;
    voices.tick = tick;
    voices.link = this.#link;
    voices.contributors = this.#elsewhere.join(tick, this.#contributors, this.#link);
    this.#sounds.ducking.advance(voices.contributors);
    this.#placing.listen(voices.contributors, this.#copies);
    voices.emitted = this.#placing.emitted;
    voices.lone = loneTalker(this.#contributors);
    const isHeard = this.#mix(voices);
    if (this.#delivery.begin(tick, isHeard || voices.contributors.length > 0, voices)) this.#writeAll(voices);
    this.#endTick();
  }

  /** True if anybody can hear anything. */
  #mix(voices: Sounding): boolean {
    const { lone } = voices;
    if (lone === undefined) return this.#audiences.mix(voices);
    this.#audiences.passOn(voices, false);
    if (!isMixNeeded(this.#places, lone, voices)) return true;
    lone.source.render();
    this.#audiences.passOn(voices, true);
    return true;
  }

  #writeAll(voices: Sounding): void {
    for (const place of this.#places) {
      if (place.arriving) {
        place.arriving = false;
        continue;
      }
      this.#delivery.write(place, voices);
      if (place.departing) this.remove(place);
    }
  }

  #endTick(): void {
    this.#copies.endFrame();
    this.#sounds.endFrame();
    this.#audiences.endTick();
    this.#changes.endTick();
    this.#placing.endTick();
    if (this.#stereo.endTick(this.#contributors.length === 0)) this.#settleListeners();
  }

  /** Visits the current speakers, for the indicators that people see, whether or not the talker limit admits them. */
  forEachSpeaker(visit: (participant: MixParticipant, speaker: Speaker) => void): void {
    for (const place of this.#awake) {
      const { source } = place;
      if (source.isProvenSpeaker && !place.leaving) visit(place, source);
    }
  }

  close(): void {
    for (const place of this.#places) this.remove(place);
    for (const place of this.#awake) place.source.close();
    this.#awake.length = 0;
    this.#audiences.close();
    this.#copies.close();
    this.#placing.close();
  }

  #readSources(nowMs: number): void {
    const awake = this.#awake;
    const wasSilent = this.#contributors.length === 0;
    // The other parts may have been heard in the previous tick.
    const isLinked =
      this.#link !== undefined || this.#sounding.link !== undefined || this.#elsewhere.shouts !== undefined;
    const mayPass = !isLinked && this.#audiences.isFlat && !this.#placing.hasSpace;
    let contributors = 0;
    for (let i = awake.length - 1; i >= 0; i--) {
      const place = awake[i]!;
      place.soundedBefore = place.contributing;
      place.contributing = place.source.read(nowMs, mayPass && (wasSilent || place === this.#sounding.lone));
      if (place.contributing) {
        this.#contributors[contributors++] = place;
        place.steady = undefined;
      }
      const gone = place.leaving && !place.contributing;
      if (place.source.awake && !gone) continue;
      awake[i] = awake[awake.length - 1]!;
      awake.pop();
      place.awake = false;
      if (gone) place.source.close();
    }
    cutTo(this.#contributors, contributors);
    this.#limits.decide(this.#link && this.#standing);
  }

  #settleListeners(): void {
    for (const place of this.#places) this.#placing.settleListener(place);
  }

  #moveVoice(place: Place, address: Address): void {
    if (place.address === address) return;
    place.address = address;
    this.#changes.move(place);
  }

  #moveListener(place: Place, channels: ChannelSet): void {
    const isStereo = this.#hearsStereo(place, channels);
    if (place.audience.channels.equals(channels) && place.audience.isStereo === isStereo) return;
    this.#audiences.leave(place.audience);
    place.audience = this.#audiences.enter(channels, isStereo);
    this.#changes.move(place);
  }

  /** Whether anything that is heard in these channels may come from the left or the right for this listener. */
  #hearsStereo({ takesStereo = false }: { readonly takesStereo?: boolean }, channels: ChannelSet): boolean {
    if (!takesStereo || this.#placing.isMono) return false;
    return this.#stereo.isStereo || this.#sounds.panned.firstIn(channels) !== NO_CHANNEL;
  }

  /** A sounding voice fades within one more tick. */
  #endVoice(place: Place): void {
    place.source.setMuted(true);
    if (place.isMusic && !place.leaving) this.#stereo.musicLeft();
    place.leaving = true;
    if (!place.awake) place.source.close();
  }
}
