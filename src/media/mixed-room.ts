import type { CodecPool } from '../mixer/codec-pool.ts';
import { Mixer, type MixParticipant, type MixSettings } from '../mixer/mixer.ts';
import { RedundancyCache } from './redundancy.ts';
import { SharedMixLink } from './shared-mix.ts';

/** A room as its worker knows it: the mixer, and who is who in it. */
export class MixedRoom {
  readonly id: number;
  readonly mixer: Mixer;
  readonly redundancy = new RedundancyCache();
  readonly #maxTalkers: number;
  readonly #transportIds = new Map<MixParticipant, number>();
  #levelsSent = false;

  constructor(id: number, pool: CodecPool, mix: MixSettings) {
    this.id = id;
    this.#maxTalkers = mix.maxTalkers;
    this.mixer = new Mixer(pool, mix);
  }

  get empty(): boolean {
    return this.#transportIds.size === 0;
  }

  add(participant: MixParticipant, transportId: number): void {
    this.#transportIds.set(participant, transportId);
  }

  remove(participant: MixParticipant): void {
    this.#transportIds.delete(participant);
    this.mixer.remove(participant);
  }

  /** Transport id and level of each speaker, one after the other; undefined if nobody speaks and that has been told. */
  takeLevels(): number[] | undefined {
    const levels: number[] = [];
    this.mixer.forEachSpeaker((participant, levelDbov) => {
      const transportId = this.#transportIds.get(participant);
      if (transportId !== undefined) levels.push(transportId, Math.round(levelDbov));
    });
    const news = levels.length > 0 || this.#levelsSent;
    this.#levelsSent = levels.length > 0;
    return news ? levels : undefined;
  }

  /** Fewer than the room's setting may be heard at a time; `null` goes back to the setting. */
  limitTalkers(maxTalkers: number | null): void {
    const own = this.#maxTalkers;
    // As a setting 0 means everybody.
    const limited = maxTalkers !== null && (own === 0 || own > maxTalkers);
    this.mixer.setMaxTalkers(limited ? maxTalkers : own);
  }

  /** See `SharedMixLink`. */
  link(own: SharedArrayBuffer, others: readonly SharedArrayBuffer[]): void {
    this.mixer.setLink(others.length > 0 ? new SharedMixLink(own, others) : undefined);
  }

  close(): void {
    this.mixer.close();
  }
}
