/** How the channels of a room sound: their gains, effects and directions. What changes fades over one frame. */
import { ChannelSet } from './channel-set.ts';
import type { Contributor } from './contributor.ts';
import { Ducking } from './ducking.ts';
import { Effect, type EffectKind } from './voice-effect.ts';
import { NO_PATH, type Side, type VoicePath } from './voice-path.ts';

/** What can be set for a channel other than the room itself. */
export interface ChannelSound {
  /** Linear: 1 is unchanged; 0 is silence, and then the channel is not heard at all. */
  readonly gain: number;
  readonly effect: EffectKind | null;
  /** Of the effect, from 0 (none) to 1. */
  readonly strength: number;
  /** From -1 (left) to 1 (right), for listeners in stereo. */
  readonly pan: number;
  /** While somebody speaks in it, its listeners hear everything else this much more quietly; 0 for no priority. */
  readonly duckDb: number;
  /**
   * Of the effect, by the voices of members with a strength of their own: for what they say and for what they hear. If
   * both ends of a path have one, the greater counts.
   */
  readonly strengths?: ReadonlyMap<number, number>;
}

export const PLAIN_CHANNEL: ChannelSound = { gain: 1, effect: null, strength: 1, pan: 0, duckDb: 0 };

/** How much quieter the far ear is at most: 12 dB. A voice in one ear only is unpleasant with headphones. */
const FAR_EAR = 0.75;

/** A voice on its way to a listener in one tick: what it sounds like at both ends of the frame, and how loud it is. */
export interface Way {
  effectBefore: Effect | undefined;
  effect: Effect | undefined;
  /** Of a voice in stereo; 'both' for its sound in mono. */
  sideBefore: Side;
  side: Side;
  /** Gains. */
  from: number;
  to: number;
}

interface Sound {
  readonly gain: number;
  readonly effect: Effect | undefined;
  readonly pan: number;
  /** By the voices of members with a strength of their own; null for none. Undefined if nobody has one. */
  readonly own: ReadonlyMap<number, Effect | null> | undefined;
}

/** Own strengths are rounded to this, so that a room with many of them has few different effects. */
const STRENGTH_STEP = 1 / 16;
const PLAIN: Sound = { gain: 1, effect: undefined, pan: 0, own: undefined };
const NOWHERE: Sound = { gain: 0, effect: undefined, pan: 0, own: undefined };
const ALL_PLAIN: ReadonlyMap<number, Sound> = new Map();
const NO_STRENGTHS: ReadonlyMap<number, number> = new Map();

/** Temporary between two calls. */
// One literal, whose numbers change without garbage.
const way: Way = {
  effectBefore: undefined,
  effect: undefined,
  sideBefore: 'both',
  side: 'both',
  from: 1,
  to: 1,
};

export class ChannelSounds {
  /** Channels with a gain of 0: nobody hears them. */
  silent = ChannelSet.NONE;
  readonly ducking = new Ducking();
  /** Channels that are not in the middle. */
  panned = ChannelSet.NONE;
  #pannedBefore = ChannelSet.NONE;
  /** By channel; others are plain. In this tick and in the previous one. */
  #now = ALL_PLAIN;
  #before = ALL_PLAIN;
  /** Channels in which somebody has a strength of their own, in this tick or in the previous one. */
  #withOwn = ChannelSet.NONE;
  #withOwnBefore = ChannelSet.NONE;

  /** Takes effect over the next frame. Channels that are not listed are plain. */
  set(sounds: ReadonlyMap<number, ChannelSound>): void {
    const next = new Map<number, Sound>();
    const effects = this.#effects();
    for (const [channel, { gain, effect, strength, pan, strengths = NO_STRENGTHS }] of sounds) {
      const own = new Map<number, Effect | null>();
      if (effect !== null)
        for (const [voice, of] of strengths)
          own.set(voice, effects(effect, Math.round(of / STRENGTH_STEP) * STRENGTH_STEP) ?? null);
      // All sounds have their fields in the same order, so that a tick reads them without garbage.
      next.set(channel, {
        gain,
        effect: effect === null ? undefined : effects(effect, strength),
        pan,
        own: own.size > 0 ? own : undefined,
      });
    }
    this.#now = next;
    this.#withOwn = ChannelSet.of([...next].flatMap(([channel, { own }]) => (own === undefined ? [] : channel)));
    this.ducking.set(new Map([...sounds].flatMap(([channel, { duckDb }]) => (duckDb > 0 ? [[channel, duckDb]] : []))));
    this.silent = ChannelSet.of([...next].flatMap(([channel, { gain }]) => (gain === 0 ? channel : [])));
    this.panned = ChannelSet.of([...next].flatMap(([channel, { pan }]) => (pan === 0 ? [] : channel)));
  }

  /** Channels that are not in the middle during this frame. */
  get pannedInFrame(): ChannelSet {
    return this.panned.with(this.#pannedBefore);
  }

  /** Whether anybody has a strength of their own in this frame. */
  get hasOwnStrengths(): boolean {
    return !this.#withOwn.isEmpty || !this.#withOwnBefore.isEmpty;
  }

  /** Whether a listener's own strength in a channel makes this voice sound different for them than for others. */
  isOwn(voice: Contributor, listener: number, heard: ChannelSet, heardBefore: ChannelSet): boolean {
    const now = voice.address.channels.firstIn(heard);
    if (soundOf(this.#now, now).own?.has(listener) === true) return true;
    if (!voice.soundedBefore) return false;
    return soundOf(this.#before, voice.addressBefore.channels.firstIn(heardBefore)).own?.has(listener) === true;
  }

  /** Which way this voice goes on this path. Valid until the next call. */
  wayOf(voice: Contributor, path: Readonly<VoicePath>): Way {
    const to = soundOf(this.#now, path.now);
    // A voice that starts fades in by itself.
    const from = voice.soundedBefore ? soundOf(this.#before, path.before) : to;
    way.to = gainOf(to, path.side);
    way.from = gainOf(from, path.sideBefore);
    if (!this.ducking.active.isEmpty) {
      way.to *= this.ducking.gainNow(voice.address.channels, path.heard);
      way.from *= this.ducking.gainBefore(voice.addressBefore.channels, path.heardBefore);
    }
    way.side = voice.sides === undefined ? 'both' : path.side;
    way.sideBefore = voice.sides === undefined || !voice.soundedBefore ? way.side : path.sideBefore;
    if (!voice.soundedBefore) way.from = way.to;
    way.to *= path.to;
    way.from *= path.from;
    way.effect = effectOf(to.gain === 0 ? from : to, voice.voice, path.listener);
    way.effectBefore = effectOf(from.gain === 0 ? to : from, voice.voice, path.listener);
    return way;
  }

  /** The frame of this tick is over. */
  endFrame(): void {
    this.#before = this.#now;
    this.#withOwnBefore = this.#withOwn;
    this.#pannedBefore = this.panned;
  }

  /**
   * Makes effects; undefined at strength 0. Those that are in use now stay the same objects, so that a running effect
   * continues.
   */
  #effects(): (kind: EffectKind, strength: number) => Effect | undefined {
    const known = new Map<string, Effect>();
    for (const { effect, own } of this.#now.values()) {
      for (const one of [effect, ...(own?.values() ?? [])]) if (one) known.set(`${one.kind} ${one.strength}`, one);
    }
    return (kind, strength) => {
      if (strength === 0) return undefined;
      const key = `${kind} ${strength}`;
      const effect = known.get(key) ?? new Effect(kind, strength);
      known.set(key, effect);
      return effect;
    };
  }
}

/** @param listener the only one on this path, or `SEVERAL` */
function effectOf({ effect, own }: Sound, voice: number, listener: number): Effect | undefined {
  if (own === undefined) return effect;
  const spoken = own.get(voice);
  const heard = own.get(listener);
  if (spoken === undefined && heard === undefined) return effect;
  return ((spoken?.strength ?? 0) > (heard?.strength ?? 0) ? spoken : heard) ?? spoken ?? undefined;
}

function gainOf({ gain, pan }: Sound, side: Side): number {
  if (side === 'both') return gain;
  const away = side === 'left' ? pan : -pan;
  return away > 0 ? gain * (1 - FAR_EAR * away) : gain;
}

function soundOf(sounds: ReadonlyMap<number, Sound>, path: number): Sound {
  return path === NO_PATH ? NOWHERE : (sounds.get(path) ?? PLAIN);
}
