/**
 * A place that is listened from, usually somebody's own: which voices are heard there, and how. If there are more
 * voices in earshot than a listener can hear, the loudest are heard, and those that are heard keep a small advantage.
 *
 * The gains of a path follow the positions smoothly: in each tick they go a part of the way to their target, as a ramp
 * over the frame. Paths begin and end within one tick.
 */
import { cutTo } from '../../lib/cut.ts';
import { PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { type BodyReader, JUMPS, VOICE, WORDS } from '../space/body-table.ts';
import { isInEarshot, pairGains } from '../space/pair.ts';
import { MAX_VOICES_HEARD, type SpaceSettings } from '../space/space-settings.ts';
import type { ChannelSet } from './channel-set.ts';
import type { Ducking } from './ducking.ts';
import { type Hearing, UNITY, type VoiceGain } from './hearing.ts';
import type { Heard } from './mix-participant.ts';
import type { SpaceVoice } from './space-voice.ts';

/** The part of the way to its target that a gain goes in one tick: one pole of 40 ms. */
const STEP = 1 - Math.exp(-PTIME_MS / 40);
/** Below -80 dB the rest of the way is gone at once. */
const NEARLY = 1e-4;
/** Another voice must be this much louder, in power, than one that is heard: 3 dB. */
const ADVANTAGE = 2;
/** A voice that has just become audible is not replaced for this long. */
const HOLD_TICKS = 300 / PTIME_MS;
/** The power of a voice that may not be replaced yet. */
const KEPT = 1e6;

/** Gains as in `Kernels.pan`: low and high before the frame, low and high at its end, of the left ear and the right. */
const GAINS = 8;
const [LEFT_FROM, LEFT_TO, RIGHT_FROM, RIGHT_TO] = [0, 2, 4, 6] as const;

/** One voice on its way to these ears. */
interface Path {
  voice: SpaceVoice;
  readonly gains: Float32Array;
  /** For how long it has been heard. */
  ticks: number;
  isChosen: boolean;
  /** Its jump counts when the gains were last found. */
  jumps: number;
}

/** Who hears with these ears. */
export interface SpaceListener {
  /** The number of the listener's own voice, which is not heard from emitters either. */
  voice?: number;
  hearing: Hearing;
  /** The listener did not hear these voices in the previous tick. */
  fadesIn: boolean;
  /** The channels that the listener hears as well. */
  heard: ChannelSet;
  ducking: Ducking;
}

/** How the bodies stand in this tick. */
export interface Surroundings {
  readonly bodies: BodyReader;
  settings: SpaceSettings;
  /** 1, or less while the worker is overloaded. */
  rangeFactor: number;
  /** The voices that sound in space. */
  readonly voices: readonly SpaceVoice[];
}

/** Temporary within one call. */
const target = new Float32Array(4);
const targets = new Float32Array(4 * MAX_VOICES_HEARD);
const chosen = new Array<SpaceVoice | undefined>(MAX_VOICES_HEARD);
const ranks = new Float64Array(MAX_VOICES_HEARD);
const adjusted = new Float32Array(GAINS);
const near = { from: 0, to: 0 };
const whole = { from: 0, to: 0 };

export class Ears {
  readonly slot: number;
  /** Number of listeners with these ears. */
  listeners = 0;
  /** The voice of the body that the ears belong to, while it sounds in space. Only others with these ears hear it. */
  ownVoice: SpaceVoice | undefined;
  readonly #paths: Path[] = [];
  readonly #spare: Path[] = [];

  constructor(slot: number) {
    this.slot = slot;
  }

  /** Finds the paths of this tick. Call once per tick. */
  listen(around: Surroundings): void {
    this.ownVoice = undefined;
    for (const path of this.#paths) advance(path);
    const count = this.#choose(around);
    for (const path of this.#paths) path.isChosen = false;
    for (let i = 0; i < count; i++) this.#follow(chosen[i]!, 4 * i, around.bodies);
    this.#end();
  }

  /** Whether there is a path for this voice. */
  hears(voice: number): boolean {
    for (const path of this.#paths) if (path.isChosen && path.voice.voice === voice) return true;
    return false;
  }

  /** Visits the voices that are heard. */
  forEachVoice(visit: (voice: number) => void): void {
    for (const path of this.#paths) if (path.isChosen) visit(path.voice.voice);
  }

  /**
   * How near a voice is, from 0 to 1 for as loud as in a flat room; undefined if these ears do not hear it.
   * Valid until the next call.
   */
  nearnessOf(voice: number): VoiceGain | undefined {
    if (this.ownVoice?.voice === voice) return UNITY;
    let isNear = false;
    near.from = 0;
    near.to = 0;
    for (const { voice: heard, gains } of this.#paths) {
      if (heard.voice !== voice) continue;
      isNear = true;
      near.from = Math.min(1, Math.max(near.from, gains[LEFT_FROM]!, gains[RIGHT_FROM]!));
      near.to = Math.min(1, Math.max(near.to, gains[LEFT_TO]!, gains[RIGHT_TO]!));
    }
    return isNear ? near : undefined;
  }

  get isSilent(): boolean {
    return this.#paths.length === 0 && this.ownVoice === undefined;
  }

  /**
   * What a listener with these ears and this hearing hears.
   * @param isOwner the ears are the listener's own
   * @param own the number of the listener's voice
   */
  heardBy(hearing: Hearing, isOwner: boolean, own?: number): Heard {
    let heard: Heard = 'nothing';
    if (!isOwner && this.ownVoice !== undefined) {
      const { from, to } = hearing.gainOf(this.ownVoice.voice) ?? UNITY;
      if (from > 0 && this.ownVoice.soundedBefore) return 'more';
      if (to > 0) heard = 'beginnings';
    }
    for (const { voice, gains } of this.#paths) {
      if (voice.voice === own) continue;
      const gain = hearing.gainOf(voice.voice);
      if (voice.soundedBefore && isAudible(gains) && (gain === undefined || gain.from > 0)) return 'more';
      if (gains[LEFT_TO]! > 0 && (gain === undefined || gain.to > 0)) heard = 'beginnings';
    }
    return heard;
  }

  /** Whether this hearing has a gain for a voice that is heard, or it is the listener's own, which emitters play. */
  isTouchedBy(hearing: Hearing, own?: number): boolean {
    if (this.ownVoice !== undefined && hearing.gainOf(this.ownVoice.voice) !== undefined) return true;
    for (const { voice } of this.#paths) {
      if (voice.voice === own || hearing.gainOf(voice.voice) !== undefined) return true;
    }
    return false;
  }

  /** Adds the voice of the body that the ears belong to, as it is; returns the number of voices. */
  addOwnVoiceTo(mix: Frame, listener: SpaceListener, kernels: Kernels): number {
    const voice = this.ownVoice;
    if (voice === undefined) return 0;
    const { from, to } = gainFor(voice, listener);
    if (from > 0 || to > 0) kernels.addRamped(mix, voice.frame!, from, to);
    return to > 0 ? 1 : 0;
  }

  /**
   * Adds what is heard to both sides.
   * @returns the sum of the squared gains, which tells how much room the voices take
   */
  addTo(left: Frame, right: Frame, listener: SpaceListener, kernels: Kernels): number {
    let load = 0;
    for (const path of this.#paths) {
      const gains = gainsFor(path, listener);
      if (gains === undefined) continue;
      kernels.pan(left, right, path.voice.frame!, path.voice.muffled, gains);
      load += loadOf(path);
    }
    return load;
  }

  /** Like `addTo`, for a listener in mono, who hears the mean of both sides. */
  addMonoTo(mix: Frame, listener: SpaceListener, kernels: Kernels): number {
    let load = 0;
    for (const path of this.#paths) {
      const gains = gainsFor(path, listener);
      if (gains === undefined) continue;
      for (let i = 0; i < 4; i++) adjusted[i] = (gains[LEFT_FROM + i]! + gains[RIGHT_FROM + i]!) / 2;
      kernels.addShelved(mix, path.voice.frame!, path.voice.muffled, adjusted);
      load += loadOf(path);
    }
    return load;
  }

  /** Leaves the loudest voices in `chosen`, with their gains in `targets`; returns their number. */
  #choose({ bodies, settings, rangeFactor, voices }: Surroundings): number {
    const most = Math.min(settings.voices, MAX_VOICES_HEARD);
    let count = 0;
    const owner = bodies.words[this.slot * WORDS + VOICE];
    for (const voice of voices) {
      if (voice.slot === this.slot) this.ownVoice = voice;
      // Not from emitters either: others with these ears hear it as it is.
      if (voice.voice === owner || voice.slot === this.slot || !isInEarshot(bodies, voice.slot, this.slot, rangeFactor))
        continue;
      const gain = pairGains(bodies, voice.slot, this.slot, settings, rangeFactor, target);
      if (gain === 0) continue;
      const rank = voice.power * gain * gain * this.#advantageOf(voice);
      if (count === most && rank <= ranks[count - 1]!) continue;
      let at = count === most ? count - 1 : count++;
      for (; at > 0 && ranks[at - 1]! < rank; at--) {
        ranks[at] = ranks[at - 1]!;
        chosen[at] = chosen[at - 1];
        targets.copyWithin(4 * at, 4 * at - 4, 4 * at);
      }
      ranks[at] = rank;
      chosen[at] = voice;
      targets.set(target, 4 * at);
    }
    return count;
  }

  #advantageOf(voice: SpaceVoice): number {
    const path = this.#pathOf(voice);
    if (path === undefined || !path.isChosen) return 1;
    return path.ticks < HOLD_TICKS ? KEPT : ADVANTAGE;
  }

  #pathOf(voice: SpaceVoice): Path | undefined {
    for (const path of this.#paths) if (path.voice === voice) return path;
    return undefined;
  }

  /** Moves the path of a chosen voice towards its target, or begins one. */
  #follow(voice: SpaceVoice, at: number, { words }: BodyReader): void {
    const jumps = words[voice.slot * WORDS + JUMPS]! + words[this.slot * WORDS + JUMPS]!;
    const path = this.#pathOf(voice);
    if (path === undefined) {
      this.#begin(voice, at, jumps);
      return;
    }
    const step = path.jumps === jumps ? STEP : 1;
    path.jumps = jumps;
    path.isChosen = true;
    path.ticks++;
    const { gains } = path;
    for (let i = 0; i < 2; i++) {
      gains[LEFT_TO + i] = towards(gains[LEFT_FROM + i]!, targets[at + i]!, step);
      gains[RIGHT_TO + i] = towards(gains[RIGHT_FROM + i]!, targets[at + 2 + i]!, step);
    }
  }

  #begin(voice: SpaceVoice, at: number, jumps: number): void {
    const path = this.#spare.pop() ?? newPath(voice);
    path.voice = voice;
    path.ticks = 0;
    path.isChosen = true;
    path.jumps = jumps;
    const { gains } = path;
    for (let i = 0; i < 2; i++) {
      gains[LEFT_TO + i] = targets[at + i]!;
      gains[RIGHT_TO + i] = targets[at + 2 + i]!;
      // A voice that starts in this tick fades in by itself.
      gains[LEFT_FROM + i] = voice.soundedBefore ? 0 : gains[LEFT_TO + i]!;
      gains[RIGHT_FROM + i] = voice.soundedBefore ? 0 : gains[RIGHT_TO + i]!;
    }
    this.#paths.push(path);
  }

  /** What was not chosen fades in this tick, and is gone in the next one. */
  #end(): void {
    let kept = 0;
    for (const path of this.#paths) {
      if (path.isChosen || (path.voice.frame !== undefined && isAudible(path.gains))) this.#paths[kept++] = path;
      else this.#spare.push(path);
    }
    cutTo(this.#paths, kept);
  }
}

function newPath(voice: SpaceVoice): Path {
  return { voice, gains: new Float32Array(GAINS), ticks: 0, isChosen: true, jumps: 0 };
}

/** The frame of the last tick is over. Unless the voice is chosen again, it ends in this one. */
function advance({ gains }: Path): void {
  gains.copyWithin(LEFT_FROM, LEFT_TO, LEFT_TO + 2);
  gains.copyWithin(RIGHT_FROM, RIGHT_TO, RIGHT_TO + 2);
  gains.fill(0, LEFT_TO, LEFT_TO + 2);
  gains.fill(0, RIGHT_TO, RIGHT_TO + 2);
}

/** Heard before this frame. The far ear hears less, but never nothing, so one ear tells it. */
function isAudible(gains: Float32Array): boolean {
  return gains[LEFT_FROM]! > 0;
}

function towards(from: number, to: number, step: number): number {
  const next = from + (to - from) * step;
  return Math.abs(to - next) < NEARLY ? to : next;
}

/** The gain of a voice for this listener, before that of its path. Valid until the next call. */
function gainFor(voice: SpaceVoice, { hearing, fadesIn, heard, ducking }: SpaceListener): VoiceGain {
  const gain = hearing.gainOf(voice.voice) ?? UNITY;
  if (ducking.active.isEmpty && (!fadesIn || !voice.soundedBefore) && gain === UNITY) return UNITY;
  whole.to = gain.to * ducking.gainNow(voice.channels, heard);
  // A voice that starts in this tick has its gain at once.
  if (!voice.soundedBefore) whole.from = whole.to;
  else whole.from = fadesIn ? 0 : gain.from * ducking.gainBefore(voice.channelsBefore, heard);
  return whole;
}

/** The gains of a path for this listener; undefined if nothing is heard. Valid until the next call. */
function gainsFor({ voice, gains }: Path, listener: SpaceListener): Float32Array | undefined {
  if (voice.voice === listener.voice) return undefined;
  const gain = gainFor(voice, listener);
  if (gain === UNITY) return gains;
  const { from, to } = gain;
  if (from === 0 && to === 0) return undefined;
  for (let i = 0; i < 2; i++) {
    adjusted[LEFT_FROM + i] = gains[LEFT_FROM + i]! * from;
    adjusted[LEFT_TO + i] = gains[LEFT_TO + i]! * to;
    adjusted[RIGHT_FROM + i] = gains[RIGHT_FROM + i]! * from;
    adjusted[RIGHT_TO + i] = gains[RIGHT_TO + i]! * to;
  }
  return adjusted;
}

function loadOf({ gains }: Path): number {
  const louder = Math.max(gains[LEFT_TO]!, gains[RIGHT_TO]!);
  return louder * louder;
}
