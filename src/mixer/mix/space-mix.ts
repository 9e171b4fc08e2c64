/**
 * The space of one room: whose ears hear which voices, from where everybody is. A voice with a place is heard in space
 * and not by the room as a whole; without one it is heard by all others without one.
 */
import type { Kernels } from '../kernels/kernels.ts';
import { BodyReader, NO_VOICE, PLACED, VOICE, WORDS } from '../space/body-table.ts';
import { earsOf, isInEarshot } from '../space/pair.ts';
import type { SpaceSettings } from '../space/space-settings.ts';
import type { Contributor } from './contributor.ts';
import { Ears, type Surroundings } from './ears.ts';
import { EmittedVoices } from './emitted-voices.ts';
import { NO_SLOT } from './mix-participant.ts';
import { SpaceVoice } from './space-voice.ts';
import type { VoiceCopies } from './voice-copies.ts';

export class SpaceMix {
  /** Nobody is in this space any more. */
  isEnding = false;
  readonly #kernels: Kernels;
  readonly #bodies: BodyReader;
  /** By the number of the body that they belong to. */
  readonly #ears = new Map<number, Ears>();
  /** All voices that have sounded in space and may do so again, by their number. */
  readonly #voices = new Map<number, SpaceVoice>();
  readonly #sounding: SpaceVoice[] = [];
  readonly #emitted: EmittedVoices;
  readonly #around: Surroundings;
  /** Somebody is new, so their place must be found although nobody has moved. */
  #hasNewcomers = true;

  /** @param memory from `createBodyTable` */
  constructor(kernels: Kernels, memory: SharedArrayBuffer, settings: SpaceSettings) {
    this.#kernels = kernels;
    this.#bodies = new BodyReader(memory);
    this.#emitted = new EmittedVoices(kernels);
    this.#emitted.emitters = settings.emitters ?? [];
    this.#around = { bodies: this.#bodies, settings, rangeFactor: 1, voices: this.#sounding };
  }

  set settings(settings: SpaceSettings) {
    this.#around.settings = settings;
    this.#emitted.emitters = settings.emitters ?? [];
  }

  /** Shortens the range of all voices to this part of it, or restores it with 1. */
  set rangeFactor(factor: number) {
    this.#around.rangeFactor = factor;
  }

  /** Somebody is here whose place must be found. */
  welcome(): void {
    this.#hasNewcomers = true;
  }

  /**
   * Begins a tick with the positions as they are now.
   * @returns whether the slots and ears of anybody may have changed
   */
  begin(): boolean {
    const hasMoved = this.#bodies.refresh();
    const isNews = hasMoved || this.#hasNewcomers || this.isEnding;
    this.#hasNewcomers = false;
    return isNews;
  }

  /** Whether anybody in the whole room, whose parts may be in other workers, could hear this body now. */
  isInEarshot(slot: number): boolean {
    const { words, slots } = this.#bodies;
    for (let listener = 0; listener < slots; listener++) {
      if (listener === slot || words[listener * WORDS + VOICE] === NO_VOICE) continue;
      const ears = earsOf(this.#bodies, listener);
      if (ears === slot || isInEarshot(this.#bodies, slot, ears, this.#around.rangeFactor)) return true;
    }
    return false;
  }

  /** The same for this voice at any emitter. */
  isEmittedInEarshot(voice: number): boolean {
    return this.#emitted.isHeard(voice, (slot) => this.isInEarshot(slot));
  }

  /** The voices of people that are heard from emitters. */
  get emitted(): ReadonlySet<number> {
    return this.#emitted.people;
  }

  /** The slot of this voice's body, if it has a place in the world. */
  slotOf(voice: number): number {
    if (this.#isFlat) return NO_SLOT;
    const slot = this.#bodies.slotOf(voice);
    return slot === undefined || this.#bodies.words[slot * WORDS + PLACED] !== 1 ? NO_SLOT : slot;
  }

  /** The slot of the ears with which the owner of this voice hears: their own, or those of another. */
  earsSlotOf(voice: number): number {
    if (this.#isFlat) return NO_SLOT;
    const own = this.#bodies.slotOf(voice);
    if (own === undefined) return NO_SLOT;
    const slot = earsOf(this.#bodies, own);
    return this.#bodies.words[slot * WORDS + PLACED] === 1 ? slot : NO_SLOT;
  }

  /** Takes these ears; `letGo` must be called for them once. */
  take(slot: number): Ears {
    let ears = this.#ears.get(slot);
    if (ears === undefined) {
      ears = new Ears(slot);
      this.#ears.set(slot, ears);
    }
    ears.listeners++;
    return ears;
  }

  letGo(ears: Ears): void {
    ears.listeners--;
    if (ears.listeners === 0) this.#ears.delete(ears.slot);
  }

  /** Finds what all ears hear in this tick. */
  listen(contributors: readonly Contributor[], copies: VoiceCopies): void {
    this.#sounding.length = 0;
    for (const voice of this.#voices.values()) voice.isPresent = false;
    for (const contributor of contributors) this.#sound(contributor);
    for (const voice of this.#voices.values()) if (!voice.isPresent) this.#forget(voice);
    this.#emitted.sound(contributors, copies, this.#sounding);
    if (this.#bodies.mode !== 'on') this.#sounding.length = 0;
    for (const ears of this.#ears.values()) ears.listen(this.#around);
  }

  close(): void {
    for (const voice of this.#voices.values()) voice.release();
    this.#voices.clear();
    this.#emitted.close();
    this.#ears.clear();
  }

  get #isFlat(): boolean {
    return this.isEnding || this.#bodies.mode === 'flat';
  }

  #sound(contributor: Contributor): void {
    const { voice: number, slot, frame, soundedBefore, loudnessDbov, address, addressBefore } = contributor;
    const isPlaced = slot !== NO_SLOT;
    let voice = this.#voices.get(number);
    if (voice === undefined) {
      if (!isPlaced) return;
      voice = new SpaceVoice(number, this.#kernels);
      this.#voices.set(number, voice);
    }
    voice.isPresent = true;
    voice.begin(frame, soundedBefore, loudnessDbov);
    voice.channels = address.channels;
    voice.channelsBefore = addressBefore.channels;
    if (!isPlaced || this.#emitted.isElsewhere(contributor)) return;
    voice.slot = slot;
    this.#sounding.push(voice);
  }

  /** Its sound is over; paths to it end. */
  #forget(voice: SpaceVoice): void {
    voice.release();
    this.#voices.delete(voice.voice);
  }
}
