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
}

export const PLAIN_CHANNEL: ChannelSound = { gain: 1, effect: null, strength: 1, pan: 0, duckDb: 0 };

/** How much quieter the far ear is at most: 12 dB. A voice in one ear only is unpleasant with headphones. */
const FAR_EAR = 0.75;

/** A voice on its way to a listener in one tick: what it sounds like at both ends of the frame, and how loud it is. */
export interface Way {
  effectBefore: Effect | undefined;
  effect: Effect | undefined;
  /** Gains. */
  from: number;
  to: number;
}

interface Sound {
  readonly gain: number;
  readonly effect: Effect | undefined;
  readonly pan: number;
}

const PLAIN: Sound = { gain: 1, effect: undefined, pan: 0 };
const NOWHERE: Sound = { gain: 0, effect: undefined, pan: 0 };
const ALL_PLAIN: ReadonlyMap<number, Sound> = new Map();

/** Temporary between two calls. */
const way: Way = { effectBefore: undefined, effect: undefined, from: 1, to: 1 };

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

  /** Takes effect over the next frame. Channels that are not listed are plain. */
  set(sounds: ReadonlyMap<number, ChannelSound>): void {
    const next = new Map<number, Sound>();
    for (const [channel, { gain, effect, strength, pan }] of sounds) {
      const isPlain = effect === null || strength === 0;
      next.set(channel, { gain, effect: isPlain ? undefined : this.#effect(effect, strength), pan });
    }
    this.#now = next;
    this.ducking.set(new Map([...sounds].flatMap(([channel, { duckDb }]) => (duckDb > 0 ? [[channel, duckDb]] : []))));
    this.silent = ChannelSet.of([...next].flatMap(([channel, { gain }]) => (gain === 0 ? channel : [])));
    this.panned = ChannelSet.of([...next].flatMap(([channel, { pan }]) => (pan === 0 ? [] : channel)));
  }

  /** Channels that are not in the middle during this frame. */
  get pannedInFrame(): ChannelSet {
    return this.panned.with(this.#pannedBefore);
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
    if (!voice.soundedBefore) way.from = way.to;
    way.to *= path.to;
    way.from *= path.from;
    way.effect = to.gain === 0 ? from.effect : to.effect;
    way.effectBefore = from.gain === 0 ? to.effect : from.effect;
    return way;
  }

  /** The frame of this tick is over. */
  endFrame(): void {
    this.#before = this.#now;
    this.#pannedBefore = this.panned;
  }

  /** The same object while nothing changes, so that a running effect continues. */
  #effect(kind: EffectKind, strength: number): Effect {
    for (const { effect } of this.#now.values()) {
      if (effect?.kind === kind && effect.strength === strength) return effect;
    }
    return new Effect(kind, strength);
  }
}

function gainOf({ gain, pan }: Sound, side: Side): number {
  if (side === 'both') return gain;
  const away = side === 'left' ? pan : -pan;
  return away > 0 ? gain * (1 - FAR_EAR * away) : gain;
}

function soundOf(sounds: ReadonlyMap<number, Sound>, path: number): Sound {
  return path === NO_PATH ? NOWHERE : (sounds.get(path) ?? PLAIN);
}
