import type { Prng } from '../helpers/prng.ts';

/** A piece of code that reads bytes from the network, and what must hold whatever the bytes are. */
export interface FuzzTarget {
  readonly name: string;
  /** Source files whose coverage decides whether an input is worth keeping. */
  readonly files: readonly string[];
  /** Valid inputs, from which the others are made. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** The input is a list of `joinFrames`, and each frame is mutated separately. */
  readonly framed?: boolean;
  /** Words of the format, inserted here and there. */
  readonly tokens?: readonly string[];
  /** An input made from scratch, closer to valid than mutated seeds would be. */
  readonly generate?: (prng: Prng) => Uint8Array;
  /** Longer inputs are cut; 1500 by default. */
  readonly maxBytes?: number;
  /** The longest time that one input may take; 5 by default. */
  readonly maxMs?: number;
  /** Runs native code, which may crash the process, so each input is written to a file first. */
  readonly native?: boolean;
  /** The share of a run's time, relative to the other targets; 1 by default. */
  readonly weight?: number;
  /** Throws if a rule is broken. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  /** Frees what `run` opened. `run` opens it again if necessary. */
  readonly close?: () => Promise<void>;
}

/** The error that a target throws when a rule is broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}

/** `rule` says what must hold. */
export function hold(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new BrokenRule(rule);
}

const MAX_FRAMES = 64;

/** Joins byte strings into one, each preceded by its length in two bytes. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(frames.flatMap((frame) => [Buffer.from([frame.length >> 8, frame.length & 0xff]), frame]));
}

/** The byte strings in `joined`. A truncated last one counts as a frame as well. */
export function splitFrames(joined: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 2 <= joined.length && frames.length < MAX_FRAMES; ) {
    const length = (joined[at]! << 8) | joined[at + 1]!;
    frames.push(joined.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return frames;
}
