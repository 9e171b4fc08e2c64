/**
 * Channels with priority: while somebody speaks in one, its listeners hear everything else more quietly. The others
 * go down fast, and come back slowly, after a pause that is longer than those between words.
 */
import { cutTo } from '../../lib/cut.ts';
import { PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { ChannelSet } from './channel-set.ts';
import type { Contributor } from './contributor.ts';

/** 20 dB in 100 ms. */
export const DOWN_DB = (20 * PTIME_MS) / 100;
/** 20 dB in 500 ms. */
export const UP_DB = (20 * PTIME_MS) / 500;
export const HOLD_TICKS = 600 / PTIME_MS;

interface Duck {
  readonly channel: number;
  /** What others are turned down by while somebody speaks, in dB. */
  depthDb: number;
  /** What they are turned down by now. */
  db: number;
  /** Ticks since somebody spoke. */
  quietTicks: number;
  /** Gains at both ends of this frame. */
  from: number;
  to: number;
}

export class Ducking {
  /** Channels that turn others down in this tick. */
  active = ChannelSet.NONE;
  readonly #ducks: Duck[] = [];

  /** @param depths in dB, by channel; others have no priority from now on, and let the others come back */
  set(depths: ReadonlyMap<number, number>): void {
    for (const duck of this.#ducks) duck.depthDb = depths.get(duck.channel) ?? 0;
    for (const [channel, depthDb] of depths) {
      if (this.#ducks.some((duck) => duck.channel === channel)) continue;
      this.#ducks.push({ channel, depthDb, db: 0, quietTicks: HOLD_TICKS, from: 1, to: 1 });
    }
  }

  /** Call once per tick, when it is known who sounds in it. */
  advance(contributors: readonly Contributor[]): void {
    let kept = 0;
    let isSame = true;
    for (const duck of this.#ducks) {
      advance(duck, contributors);
      if (this.active.has(duck.channel) !== isActive(duck)) isSame = false;
      if (duck.depthDb > 0 || isActive(duck)) this.#ducks[kept++] = duck;
    }
    cutTo(this.#ducks, kept);
    // Only a change may allocate.
    if (!isSame) this.active = ChannelSet.of(this.#ducks.filter(isActive).map(({ channel }) => channel));
  }

  /**
   * Adds voices from other parts of the room to `mix`; they are turned down as a whole.
   * @param heard what the listeners hear
   */
  addElsewhere(mix: Frame, voices: Frame, heard: ChannelSet, kernels: Kernels): void {
    if (this.active.isEmpty) kernels.add(mix, voices);
    else {
      const { ROOM } = ChannelSet;
      kernels.addRamped(mix, voices, this.gainBefore(ROOM, heard), this.gainNow(ROOM, heard));
    }
  }

  /**
   * The gain of a voice for someone, at the beginning of this frame.
   * @param into where the voice speaks: nobody is turned down by a channel that they speak into
   * @param heard what the listener hears
   */
  gainBefore(into: ChannelSet, heard: ChannelSet): number {
    let gain = 1;
    for (const { channel, from } of this.#ducks) {
      if (from < gain && heard.has(channel) && !into.has(channel)) gain = from;
    }
    return gain;
  }

  /** The same at the end of the frame. */
  gainNow(into: ChannelSet, heard: ChannelSet): number {
    let gain = 1;
    for (const { channel, to } of this.#ducks) {
      if (to < gain && heard.has(channel) && !into.has(channel)) gain = to;
    }
    return gain;
  }
}

/** Turns others down at either end of this frame. */
function isActive({ from, to }: Duck): boolean {
  return from < 1 || to < 1;
}

function speaksIn(channel: number, contributors: readonly Contributor[]): boolean {
  for (let i = 0; i < contributors.length; i++) {
    const { address, isEnding } = contributors[i]!;
    if (!isEnding && address.channels.has(channel)) return true;
  }
  return false;
}

function advance(duck: Duck, contributors: readonly Contributor[]): void {
  duck.quietTicks = speaksIn(duck.channel, contributors) ? 0 : duck.quietTicks + 1;
  const wantedDb = duck.quietTicks < HOLD_TICKS ? duck.depthDb : 0;
  duck.db = wantedDb > duck.db ? Math.min(wantedDb, duck.db + DOWN_DB) : Math.max(wantedDb, duck.db - UP_DB);
  duck.from = duck.to;
  duck.to = 10 ** (-duck.db / 20);
}
