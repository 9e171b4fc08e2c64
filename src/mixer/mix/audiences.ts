/**
 * The audiences of one room: listeners are grouped by the channels they hear. Everyone in a group shares one mix and one
 * encoder, and groups that hear the same, because their other channels are silent, share one as well.
 *
 * A group moves between encoders as a whole, in mid-sentence and without being heard, as `mix-stream.ts` describes. When
 * one of its channels begins to sound, its own stream takes over from the shared one. When both have had the same mix
 * for a while, it returns.
 */
import { cutTo } from '../../lib/cut.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import type { Frame } from '../kernels/frame.ts';
import type { TalkerStanding } from '../source/talker-places.ts';
import { Audience } from './audience.ts';
import { ChannelSet, ROOM_CHANNEL } from './channel-set.ts';
import { type Contributor, isForEveryone } from './contributor.ts';
import type { MixLink } from './mix-link.ts';
import { RETURN_AFTER_TICKS } from './mix-stream.ts';
import type { Voices } from './personal-mix.ts';
import { FLAT_ENCODERS, type RoomEncoders } from './room-encoders.ts';
import { NOBODY } from './voice-path.ts';

/** A tick of the room. */
export interface Sounding extends Voices {
  readonly tick: number;
  /** The voices of this part of the room; `contributors` may contain voices of others as well. */
  readonly own: readonly Contributor[];
  /** The standing of this part's talkers, if the room has other parts. */
  readonly standing: TalkerStanding;
  /** Voices that are heard from emitters as well, so that other parts of the room need them separately. */
  readonly emitted?: ReadonlySet<number>;
}

export class Audiences {
  readonly #pool: CodecPool;
  /** Those who hear only the room itself. First in `#all`, so it follows nobody. */
  readonly #everyone: Audience;
  readonly #all: Audience[];
  /** The sum of the room's other parts in this tick, which is temporary, and its number of voices. */
  readonly #elsewhere: Frame;
  #voicesElsewhere = 0;
  /** The voices of this tick that the other parts of the room learn of: those in the sum, and all others. */
  readonly #forEveryone: Contributor[] = [];
  readonly #targeted: Contributor[] = [];

  #encoders: RoomEncoders = FLAT_ENCODERS;
  /** Channels whose sides may differ in this tick. */
  #wide = ChannelSet.NONE;

  constructor(pool: CodecPool) {
    this.#pool = pool;
    this.#everyone = new Audience(pool, ChannelSet.ROOM, this.#encoders.shared);
    this.#all = [this.#everyone];
    this.#elsewhere = pool.kernels.scratch('other parts of the room');
  }

  /** See `MixStream.retune`. */
  retune(encoders: RoomEncoders): void {
    this.#encoders = encoders;
    for (const audience of this.#all) audience.retune(audience.isStereo ? encoders.stereo : encoders.shared);
  }

  /** Takes a place among the listeners of these channels, in stereo or mono. */
  enter(channels: ChannelSet, isStereo = false): Audience {
    let audience = this.#all.find((known) => known.channels.equals(channels) && known.isStereo === isStereo);
    if (audience === undefined) {
      audience = new Audience(this.#pool, channels, isStereo ? this.#encoders.stereo : this.#encoders.shared);
      // Those in mono first, because they may lead those in stereo, but not the other way round.
      const firstStereo = isStereo ? -1 : this.#all.findIndex((known) => known.isStereo);
      if (firstStereo < 0) this.#all.push(audience);
      else this.#all.splice(firstStereo, 0, audience);
    }
    audience.size++;
    return audience;
  }

  /** Its last tick is the next one, if nobody else is in it. */
  leave(audience: Audience): void {
    audience.size--;
  }

  /** Everyone hears the same channels. */
  get isFlat(): boolean {
    return this.#all.length === 1;
  }

  /**
   * The only voice of this tick is passed on, in a room where everyone hears the same channels.
   * @param isSummed whether somebody needs its samples as well
   */
  passOn({ contributors, copies }: Sounding, isSummed: boolean): void {
    if (isSummed) this.#everyone.sumUp(contributors, copies);
    else this.#everyone.releaseSum();
    this.#everyone.passOn();
  }

  /** Makes the mixes of this tick. Returns true if anybody can hear anything. */
  mix(sounding: Sounding): boolean {
    const everyone = this.#everyone;
    const { contributors, link } = sounding;
    const isQuiet = contributors.length === 0 && link === undefined;
    const isSummed = link !== undefined && this.#publish(link, sounding);
    if (!isQuiet && !isSummed) everyone.sumUp(contributors, sounding.copies);
    if (this.isFlat) return this.#mixFlat(sounding, isQuiet);
    this.#begin(sounding);
    for (const audience of this.#all) {
      if (audience.leader === audience && !audience.isSilent) this.#lead(audience, sounding);
    }
    for (const audience of this.#all) {
      if (!audience.isSilent && !audience.leader.hearsTheSameAs(audience)) this.#leaveLeader(audience, sounding);
    }
    let isHeard = false;
    for (const audience of this.#all) {
      audience.isNew = false;
      if (audience.isSilent) audience.rest();
      else isHeard = true;
    }
    return isHeard;
  }

  /** Forgets audiences that have lost all their listeners; call at the end of a tick. */
  endTick(): void {
    for (let i = this.#all.length - 1; i > 0; i--) {
      const audience = this.#all[i]!;
      if (audience.size > 0 || this.#all.some((other) => other !== audience && other.leader === audience)) continue;
      audience.close();
      this.#all.splice(i, 1);
    }
  }

  close(): void {
    for (const audience of this.#all) audience.close();
  }

  /**
   * The other parts of the room decide themselves who hears a voice that is not for everyone. Returns whether the sum
   * that everyone hears is that of all voices of this tick.
   */
  #publish(link: MixLink, { tick, own, contributors, copies, standing, emitted = NOBODY }: Sounding): boolean {
    const everyone = this.#everyone;
    const forEveryone = this.#forEveryone;
    const targeted = this.#targeted;
    let count = 0;
    for (const voice of own) if (isInSum(voice, emitted)) forEveryone[count++] = voice;
    cutTo(forEveryone, count);
    count = 0;
    for (const voice of own) if (!isInSum(voice, emitted)) targeted[count++] = voice;
    cutTo(targeted, count);
    everyone.sumUp(forEveryone, copies);
    link.publish(tick, everyone.sum.samples, everyone.voices, standing, forEveryone, targeted);
    return targeted.length === 0 && contributors === own;
  }

  /** The usual case: a room without other channels. */
  #mixFlat({ tick, link }: Sounding, isQuiet: boolean): boolean {
    const everyone = this.#everyone;
    // The other parts' sums of this tick may be missing, but those of the previous tick are there.
    if (link !== undefined) everyone.addLinked(link, tick - 1);
    if (isQuiet || everyone.voices === 0) {
      everyone.rest();
      return false;
    }
    everyone.setMix();
    return true;
  }

  /** Finds out which channels sound. */
  #begin({ tick, contributors, copies, link }: Sounding): void {
    let [low, high] = [0, 0];
    const { pannedInFrame, ducking } = copies.sounds;
    let [wideLow, wideHigh] = [pannedInFrame.low, pannedInFrame.high];
    for (const { address, addressBefore, soundedBefore, sides } of contributors) {
      low |= address.channels.low | (soundedBefore ? addressBefore.channels.low : 0);
      high |= address.channels.high | (soundedBefore ? addressBefore.channels.high : 0);
      if (sides === undefined) continue;
      wideLow |= address.channels.low | (soundedBefore ? addressBefore.channels.low : 0);
      wideHigh |= address.channels.high | (soundedBefore ? addressBefore.channels.high : 0);
    }
    if (link !== undefined) {
      const elsewhere = this.#elsewhere;
      elsewhere.samples.fill(0);
      this.#voicesElsewhere = link.add(tick - 1, elsewhere);
      if (this.#voicesElsewhere > 0) low |= 1;
    } else {
      this.#voicesElsewhere = 0;
    }
    if (this.#wide.low !== wideLow || this.#wide.high !== wideHigh) this.#wide = ChannelSet.ofWords(wideLow, wideHigh);
    for (const audience of this.#all) audience.begin(low, high, this.#wide, ducking.active);
  }

  /** Makes the mix of a group that has its own stream, unless it can share an earlier one from now on. */
  #lead(audience: Audience, sounding: Sounding): void {
    const leader = this.#earlierLeader(audience);
    if (leader !== undefined && this.#mayFollow(audience, leader)) {
      this.#follow(audience, leader);
      return;
    }
    this.#sumUp(audience, sounding);
    audience.setMix();
  }

  #mayFollow(audience: Audience, leader: Audience): boolean {
    // A stream that starts now suits everyone at rest, and in a new group nobody is in sync with anything yet.
    if (audience.isAtRest) return audience.isNew || leader.stream.frames === 1;
    if (!audience.isBeside(leader)) audience.sameTicks = 0;
    return audience.sameTicks > RETURN_AFTER_TICKS;
  }

  /** The first group with a stream of its own that hears the same in this tick, among those before this one. */
  #earlierLeader(audience: Audience): Audience | undefined {
    for (const other of this.#all) {
      if (other === audience) break;
      if (other.leader !== other || !audience.mayShareWith(other)) continue;
      audience.sameTicks++;
      return other;
    }
    audience.sameTicks = 0;
    return undefined;
  }

  #follow(audience: Audience, leader: Audience): void {
    for (const other of this.#all) if (other.leader === audience) other.leader = leader;
    audience.follow(leader);
  }

  /** For a group that no longer hears the same as its leader; groups that leave together stay together. */
  #leaveLeader(audience: Audience, sounding: Sounding): void {
    const companion = this.#all.find((other) => other.left === audience.leader && audience.mayShareWith(other));
    if (companion !== undefined) {
      audience.follow(companion);
      return;
    }
    audience.leaveLeader();
    this.#sumUp(audience, sounding);
    audience.setMix();
  }

  #sumUp(audience: Audience, { contributors, copies }: Sounding): void {
    if (audience !== this.#everyone) audience.sumUp(contributors, copies);
    if (audience.channels.has(ROOM_CHANNEL)) audience.add(this.#elsewhere, this.#voicesElsewhere, copies.sounds);
  }
}

/** Everyone hears it in the same way: nobody hears it from an emitter as well. */
function isInSum(voice: Contributor, emitted: ReadonlySet<number>): boolean {
  return isForEveryone(voice) && !emitted.has(voice.voice);
}
