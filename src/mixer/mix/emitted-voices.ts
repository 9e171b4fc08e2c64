/**
 * Voices that are heard from emitters, such as a radio on a table: what is said in a channel, or by one person. Each
 * voice at each emitter is a voice in space of its own, so that per-person volumes apply and nobody hears themselves.
 */
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { MAX_BODIES } from '../space/body-table.ts';
import type { Emitter } from '../space/space-settings.ts';
import { ChannelSet } from './channel-set.ts';
import type { Contributor } from './contributor.ts';
import { SpaceVoice } from './space-voice.ts';
import type { VoiceCopies } from './voice-copies.ts';
import { createPath, NO_PATH } from './voice-path.ts';

/** Temporary within one call. Nothing else is heard there that a channel could turn down. */
const path = createPath(ChannelSet.NONE);
const NONE: readonly Emitter[] = [];

export class EmittedVoices {
  readonly #kernels: Kernels;
  #emitters = NONE;
  /** Emitters that are gone, until what is heard from them has faded in the next tick. */
  #ending = NONE;
  /** By voice and emitter. */
  readonly #voices = new Map<number, SpaceVoice>();
  #people: ReadonlySet<number> = new Set();

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  set emitters(emitters: readonly Emitter[]) {
    const gone = this.#emitters.filter((known) => !emitters.some((other) => isSame(known, other)));
    this.#ending = [...this.#ending, ...gone];
    this.#emitters = emitters;
    this.#people = new Set(emitters.flatMap(({ voice }) => voice ?? []));
  }

  /** The voices of people that are heard from emitters, wherever they speak. */
  get people(): ReadonlySet<number> {
    return this.#people;
  }

  /**
   * Whether this person is heard from an emitter for which this is true.
   * @param isNear takes the slot of an emitter
   */
  isHeard(voice: number, isNear: (slot: number) => boolean): boolean {
    return this.#people.has(voice) && this.#emitters.some((emitter) => emitter.voice === voice && isNear(emitter.slot));
  }

  /** Whether this voice is heard from an emitter instead of from where it is. */
  isElsewhere(contributor: Contributor): boolean {
    for (const emitter of this.#emitters) if (emitter.instead && plays(emitter, contributor)) return true;
    return false;
  }

  /**
   * Finds what is heard from emitters in this tick.
   * @param sounding gets the voices
   */
  sound(contributors: readonly Contributor[], copies: VoiceCopies, sounding: SpaceVoice[]): void {
    for (const voice of this.#voices.values()) voice.isPresent = false;
    for (const emitter of this.#emitters) this.#emit(emitter, contributors, copies, sounding);
    for (const emitter of this.#ending) this.#emit(emitter, contributors, copies, undefined);
    this.#ending = NONE;
    for (const [key, voice] of this.#voices) {
      if (voice.isPresent) continue;
      voice.release();
      this.#voices.delete(key);
    }
  }

  close(): void {
    for (const voice of this.#voices.values()) voice.release();
    this.#voices.clear();
  }

  /** @param sounding if undefined, paths to the emitter end */
  #emit(
    emitter: Emitter,
    contributors: readonly Contributor[],
    copies: VoiceCopies,
    sounding: SpaceVoice[] | undefined,
  ): void {
    for (const contributor of contributors) {
      const frame = frameAt(emitter, contributor, copies);
      if (frame === undefined) continue;
      const key = contributor.voice * MAX_BODIES + emitter.slot;
      let voice = this.#voices.get(key);
      if (voice === undefined) {
        if (sounding === undefined) continue;
        voice = new SpaceVoice(contributor.voice, this.#kernels);
        voice.slot = emitter.slot;
        this.#voices.set(key, voice);
      } else if (voice.isPresent) continue;
      voice.isPresent = true;
      voice.begin(frame, contributor.soundedBefore, contributor.loudnessDbov);
      voice.channels = contributor.address.channels;
      voice.channelsBefore = contributor.addressBefore.channels;
      sounding?.push(voice);
    }
  }
}

/** What the emitter makes of this voice; undefined if it does not play it. */
function frameAt(emitter: Emitter, contributor: Contributor, copies: VoiceCopies): Frame | undefined {
  const { channel, voice } = emitter;
  if (channel === null) return contributor.voice === voice ? contributor.frame : undefined;
  path.now = contributor.address.channels.has(channel) ? channel : NO_PATH;
  path.before = contributor.addressBefore.channels.has(channel) ? channel : NO_PATH;
  if (path.now === NO_PATH && path.before === NO_PATH) return undefined;
  // With the effect and the gain of the channel.
  return copies.frameOf(contributor, path);
}

function plays({ channel, voice }: Emitter, contributor: Contributor): boolean {
  return channel === null ? contributor.voice === voice : contributor.address.channels.has(channel);
}

function isSame(a: Emitter, b: Emitter): boolean {
  return a.slot === b.slot && a.channel === b.channel && a.voice === b.voice;
}
