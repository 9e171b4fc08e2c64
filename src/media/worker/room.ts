import type { CodecPool } from '../../mixer/codec/codec-pool.ts';
import type { Kernels } from '../../mixer/kernels/kernels.ts';
import type { MixParticipant } from '../../mixer/mix/mix-participant.ts';
import { Mixer, type MixSettings } from '../../mixer/mix/mixer.ts';
import type { RoomSpace, SpaceLimits } from '../../mixer/mix/space-placing.ts';
import type { PartShouts } from '../link/messages.ts';
import type { RoomTap } from './room-tap.ts';
import { SharedMixLink } from './shared-mix.ts';
import { SharedShouts } from './shared-shouts.ts';

/**
 * Levels go to everyone over their WebSockets, which in a very large room takes as long as the audio. For every fifty
 * participants they are sent at one more multiple of the interval, but at least twice a second.
 */
const PARTICIPANTS_PER_SKIP = 50;
const MOST_SKIPPED = 3;

/** A room in its worker: the mixer, and its members. */
export class MixedRoom {
  readonly id: number;
  readonly #kernels: Kernels;
  readonly mixer: Mixer;
  #maxTalkers: number;
  /** The overload limit, `null` if there is none. */
  #talkerLimit: number | null = null;
  readonly #memberIds = new Map<MixParticipant, number>();
  /** Member ids in the last levels. */
  #reportedSpeakers = new Set<number>();
  #levelsSkipped = 0;
  #link: SharedMixLink | undefined;
  #shouts: SharedShouts | undefined;
  #shoutsEnd = false;
  #closing = false;
  #tap: RoomTap | null = null;
  /** The tap's place as a listener, if it wants the mix. */
  #tapPlace: MixParticipant | undefined;

  constructor(id: number, pool: CodecPool, mix: MixSettings) {
    this.id = id;
    this.#kernels = pool.kernels;
    this.#maxTalkers = mix.maxTalkers;
    this.mixer = new Mixer(pool, mix);
  }

  /** Closed and completely faded: the other parts of the room have heard the end. */
  get over(): boolean {
    return this.#closing && this.#memberIds.size === 0 && this.mixer.deserted;
  }

  /** See `Mixer.isQuiet`; and nobody records. */
  get isQuiet(): boolean {
    return this.#tap === null && !this.#closing && this.#reportedSpeakers.size === 0 && this.mixer.isQuiet;
  }

  /** Its last member has left. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Someone joins after all, in the same room: what is fading continues to fade. */
  reopen(mix: MixSettings): void {
    this.#closing = false;
    this.setMix(mix);
  }

  /** The room is over when everything has faded. */
  startClosing(): void {
    this.#closing = true;
    // The control plane sets it again if the room is opened again.
    this.setTap(null);
  }

  /** What members send is shown to it. */
  get tap(): RoomTap | null {
    return this.#tap;
  }

  /** From now on this tap is shown what is said here; null ends that. */
  setTap(tap: RoomTap | null): void {
    if (this.#tapPlace !== undefined) this.mixer.remove(this.#tapPlace);
    this.#tapPlace = undefined;
    this.#tap?.close();
    this.#tap = tap;
    this.#seatTap();
  }

  /** A tap listens only while somebody is here, so that it does not keep the room open. */
  #seatTap(): void {
    const sink = this.#tap;
    const listens = sink?.mix === true && !this.#closing;
    if (listens && this.#tapPlace === undefined) {
      this.#tapPlace = this.mixer.add({ sink, muted: true, deafened: false });
    } else if (!listens && this.#tapPlace !== undefined) {
      this.mixer.remove(this.#tapPlace);
      this.#tapPlace = undefined;
    }
  }

  add(participant: MixParticipant, memberId: number): void {
    this.#memberIds.set(participant, memberId);
  }

  remove(participant: MixParticipant): void {
    this.#memberIds.delete(participant);
    this.mixer.remove(participant);
  }

  /** See `Mixer.dismiss`. */
  dismiss(participant: MixParticipant): void {
    this.#memberIds.delete(participant);
    this.mixer.dismiss(participant);
  }

  /** See `Mixer.tick`. */
  tick(tick: number, nowMs: number): void {
    this.mixer.tick(tick, nowMs);
    if (this.#link?.alone) this.#setLink(undefined);
    if (this.#shoutsEnd && this.#shouts?.isOver) this.#replaceShouts(undefined);
  }

  /**
   * Alternating member ids and levels of the speakers, to be called every 120 ms. Undefined if there is nothing new:
   * nobody speaks and that was reported, or the speakers are the same and a large room was informed recently.
   */
  takeLevels(): number[] | undefined {
    const levels: number[] = [];
    let changed = false;
    this.mixer.forEachSpeaker((participant, { levelDbov }) => {
      const memberId = this.#memberIds.get(participant);
      if (memberId === undefined) return;
      levels.push(memberId, Math.round(levelDbov));
      if (!this.#reportedSpeakers.has(memberId)) changed = true;
    });
    const speakers = levels.length / 2;
    if (speakers !== this.#reportedSpeakers.size) changed = true;
    if (!changed && (speakers === 0 || this.#levelsSkipped < this.#levelsToSkip)) {
      this.#levelsSkipped++;
      return undefined;
    }
    this.#levelsSkipped = 0;
    if (changed) this.#reportedSpeakers = new Set(levels.filter((_, index) => index % 2 === 0));
    return levels;
  }

  /** See the `levels` event; undefined without space. */
  takeHeard(): number[] | undefined {
    if (!this.mixer.hasSpace) return undefined;
    const heard = new Map<number, number[]>();
    this.mixer.forEachInSpace((participant) => {
      const memberId = this.#memberIds.get(participant);
      if (memberId !== undefined) heard.set(memberId, []);
    });
    this.mixer.forEachHeard((participant, voice) => heard.get(this.#memberIds.get(participant) ?? 0)?.push(voice));
    return [...heard].flatMap(([memberId, voices]) => [memberId, voices.length, ...voices]);
  }

  /** See `Mixer.setSpace`; null ends it. */
  setSpace(space: RoomSpace | null): void {
    this.mixer.setSpace(space ?? undefined);
  }

  /** See `Mixer.limitSpace`. */
  limitSpace(limits: SpaceLimits): void {
    this.mixer.limitSpace(limits);
  }

  get #levelsToSkip(): number {
    return Math.min(MOST_SKIPPED, Math.floor(this.#memberIds.size / PARTICIPANTS_PER_SKIP));
  }

  /** Limits the number of talkers below the room's setting; `null` restores the setting. */
  limitTalkers(maxTalkers: number | null): void {
    this.#talkerLimit = maxTalkers;
    const own = this.#maxTalkers;
    // As a setting, 0 means no limit.
    const limited = maxTalkers !== null && (own === 0 || own > maxTalkers);
    this.mixer.setMaxTalkers(limited ? maxTalkers : own);
  }

  setMix({ maxTalkers, levelling }: MixSettings): void {
    this.#maxTalkers = maxTalkers;
    this.limitTalkers(this.#talkerLimit);
    this.mixer.setLevelling(levelling);
  }

  /** See `SharedMixLink`. */
  link(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[]): void {
    if (this.#link?.writesTo(own)) this.#link.setOthers(others);
    else this.#setLink(others.length > 0 ? new SharedMixLink(own, others, this.#kernels) : undefined);
  }

  #setLink(link: SharedMixLink | undefined): void {
    this.#link?.close();
    this.#link = link;
    this.mixer.setLink(link);
  }

  /** See `SharedShouts`; after null, what is heard of other rooms fades first. */
  setShouts(shouts: PartShouts | null): void {
    this.#shoutsEnd = shouts === null;
    if (shouts === null) {
      this.#shouts?.setOthers([]);
      return;
    }
    const { own, channel, others } = shouts;
    const isKnown = this.#shouts?.writesTo(own) === true && this.#shouts.channel === channel;
    if (!isKnown) this.#replaceShouts(new SharedShouts(own, channel, this.#kernels));
    this.#shouts?.setOthers(others);
  }

  #replaceShouts(shouts: SharedShouts | undefined): void {
    this.#shouts?.close();
    this.#shouts = shouts;
    this.mixer.setShouts(shouts);
  }

  close(): void {
    this.setTap(null);
    this.#setLink(undefined);
    this.#replaceShouts(undefined);
    this.mixer.close();
  }
}
