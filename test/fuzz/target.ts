import type { Prng } from '../helpers/prng.ts';

/** One piece of code that takes bytes from the network, and what must hold whatever the bytes are. */
export interface FuzzTarget {
  readonly name: string;
  /** Source files whose coverage tells whether an input is worth keeping. */
  readonly files: readonly string[];
  /** Valid inputs: what the others are made from. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** The input is a list of `joinFrames`; each frame is changed by itself. */
  readonly framed?: boolean;
  /** Words of the format, put in here and there. */
  readonly tokens?: readonly string[];
  /** An input made from nothing, closer to valid than changes of seeds would be. */
  readonly generate?: (prng: Prng) => Uint8Array;
  /** Longer inputs are cut; 1500 by default. */
  readonly maxBytes?: number;
  /** The most time that one input may take; 5 by default. */
  readonly maxMs?: number;
  /** Runs native code, which may end the process: each input is written to a file first. */
  readonly native?: boolean;
  /** Of the time of a run, in relation to the others; 1 by default. */
  readonly weight?: number;
  /** Throws if anything is not as it should be. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  /** Frees what `run` has opened, which opens it again if it has to. */
  readonly close?: () => Promise<void>;
}

/** What a target throws when a rule is broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}

/** `rule` says what must hold. */
export function hold(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new BrokenRule(rule);
}

const MAX_FRAMES = 64;

/** A list of byte strings as one, each after its length in two bytes. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(frames.flatMap((frame) => [Buffer.from([frame.length >> 8, frame.length & 0xff]), frame]));
}

/** The byte strings in `joined`; what is cut short at the end is a frame as well. */
export function splitFrames(joined: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at + 2 <= joined.length && frames.length < MAX_FRAMES; ) {
    const length = (joined[at]! << 8) | joined[at + 1]!;
    frames.push(joined.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return frames;
}
