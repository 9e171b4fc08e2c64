/**
 * The voices of one part of a room that not everyone hears, of the last ticks, in memory shared by the workers of the
 * room. One worker writes, the others read. Each voice says where it goes, in its tick and in the one before, so that
 * the others let their listeners hear it as if it were in their own part.
 */
import { FRAME_SAMPLES } from '../../mixer/format.ts';
import { ChannelSet } from '../../mixer/mix/channel-set.ts';
import type { Contributor } from '../../mixer/mix/contributor.ts';
import { type Address, NOBODY } from '../../mixer/mix/voice-path.ts';
import { EMPTY, MISSING, SLOTS, slotOf } from './ring-slots.ts';

/** Maximum number of such voices in a tick, the loudest. */
export const MAX_TARGETED = 32;
/** Maximum number of people to whom one voice whispers. */
export const MAX_WHISPERS = 16;

/** Words of an address: two for its channels, the number of whispers, and to whom. */
const ADDRESS_WORDS = 3 + MAX_WHISPERS;
const [NUMBER, FLAGS, BODY, LOUDNESS, NOW, BEFORE] = [0, 1, 2, 3, 4, 4 + ADDRESS_WORDS] as const;
const VOICE_WORDS = BEFORE + ADDRESS_WORDS;
const SLOT_WORDS = 2 + MAX_TARGETED * VOICE_WORDS;
const [TICK, COUNT, FIRST] = [0, 1, 2] as const;
const WORDS_BYTES = SLOTS * SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT;
/** Loudness is kept in hundredths of a decibel. */
const STEPS_PER_DB = 100;
const FRAME_BYTES = FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT;
const [SOUNDED_BEFORE, ENDING] = [1, 2] as const;

export const TARGETED_BYTES = WORDS_BYTES + SLOTS * MAX_TARGETED * FRAME_BYTES;

export class TargetedRing {
  readonly #words: Int32Array;
  /** By slot and voice. */
  readonly #frames: readonly (readonly Float32Array[])[];

  /** @param at where its `TARGETED_BYTES` begin, a multiple of four */
  constructor(memory: SharedArrayBuffer, at: number) {
    this.#words = new Int32Array(memory, at, SLOTS * SLOT_WORDS);
    const frameAt = (slot: number, voice: number) => at + WORDS_BYTES + (slot * MAX_TARGETED + voice) * FRAME_BYTES;
    this.#frames = Array.from({ length: SLOTS }, (_, slot) =>
      Array.from({ length: MAX_TARGETED }, (_, voice) => new Float32Array(memory, frameAt(slot, voice), FRAME_SAMPLES)),
    );
  }

  /** For new memory: there are no ticks yet. */
  clear(): void {
    for (let slot = 0; slot < SLOTS; slot++) this.#words[slot * SLOT_WORDS + TICK] = EMPTY;
  }

  /**
   * Only the loudest `MAX_TARGETED` voices are written.
   * @param seen an address as the others see it
   */
  write(tick: number, all: readonly Contributor[], seen: (address: Address) => Address = asItIs): void {
    const voices = all.length <= MAX_TARGETED ? all : [...all].sort((a, b) => b.loudnessDbov - a.loudnessDbov);
    const slot = slotOf(tick);
    const words = this.#words;
    const at = slot * SLOT_WORDS;
    const count = Math.min(voices.length, MAX_TARGETED);
    Atomics.store(words, at + TICK, EMPTY);
    for (let i = 0; i < count; i++) {
      const {
        voice,
        soundedBefore,
        isEnding,
        slot: bodySlot,
        loudnessDbov,
        address,
        addressBefore,
        frame,
      } = voices[i]!;
      const voiceAt = at + FIRST + i * VOICE_WORDS;
      words[voiceAt + NUMBER] = voice;
      words[voiceAt + FLAGS] = (soundedBefore ? SOUNDED_BEFORE : 0) | (isEnding ? ENDING : 0);
      words[voiceAt + BODY] = bodySlot;
      words[voiceAt + LOUDNESS] = Math.round(loudnessDbov * STEPS_PER_DB);
      writeAddress(words, voiceAt + NOW, seen(address));
      writeAddress(words, voiceAt + BEFORE, seen(addressBefore));
      this.#frames[slot]![i]!.set(frame.samples);
    }
    Atomics.store(words, at + COUNT, count);
    Atomics.store(words, at + TICK, tick | 0);
  }

  /** The number of voices in this tick, or `MISSING`. */
  count(tick: number): number {
    const count = Atomics.load(this.#words, slotAt(tick) + COUNT);
    return this.holds(tick) ? count : MISSING;
  }

  numberOf(tick: number, index: number): number {
    return this.#words[voiceAt(tick, index) + NUMBER]!;
  }

  soundedBefore(tick: number, index: number): boolean {
    return (this.#words[voiceAt(tick, index) + FLAGS]! & SOUNDED_BEFORE) !== 0;
  }

  isEnding(tick: number, index: number): boolean {
    return (this.#words[voiceAt(tick, index) + FLAGS]! & ENDING) !== 0;
  }

  /** The slot of its body in space, or `NO_SLOT`. */
  bodySlot(tick: number, index: number): number {
    return this.#words[voiceAt(tick, index) + BODY]!;
  }

  loudnessDbov(tick: number, index: number): number {
    return this.#words[voiceAt(tick, index) + LOUDNESS]! / STEPS_PER_DB;
  }

  /** Where the voice goes. Returns `known` if that is the same. */
  address(tick: number, index: number, known: Address): Address {
    return readAddress(this.#words, voiceAt(tick, index) + NOW, known);
  }

  addressBefore(tick: number, index: number, known: Address): Address {
    return readAddress(this.#words, voiceAt(tick, index) + BEFORE, known);
  }

  readFrame(tick: number, index: number, into: Float32Array): void {
    into.set(this.#frames[slotOf(tick)]![index]!);
  }

  /**
   * Whether what was read of this tick is valid. Check it after reading: a worker that is several ticks late reads what
   * is being written.
   */
  holds(tick: number): boolean {
    return Atomics.load(this.#words, slotAt(tick) + TICK) === (tick | 0);
  }
}

function asItIs(address: Address): Address {
  return address;
}

function slotAt(tick: number): number {
  return slotOf(tick) * SLOT_WORDS;
}

function voiceAt(tick: number, index: number): number {
  return slotAt(tick) + FIRST + index * VOICE_WORDS;
}

function writeAddress(words: Int32Array, at: number, { channels, whispersTo }: Address): void {
  words[at] = channels.low;
  words[at + 1] = channels.high;
  let count = 0;
  for (const listener of whispersTo) {
    if (count === MAX_WHISPERS) break;
    words[at + 3 + count++] = listener;
  }
  words[at + 2] = count;
}

function readAddress(words: Int32Array, at: number, known: Address): Address {
  const [low, high] = [words[at]!, words[at + 1]!];
  const count = Math.min(words[at + 2]!, MAX_WHISPERS);
  const { channels, whispersTo } = known;
  let isKnown = channels.low === low && channels.high === high && whispersTo.size === count;
  for (let i = 0; i < count && isKnown; i++) isKnown = whispersTo.has(words[at + 3 + i]!);
  if (isKnown) return known;
  return {
    channels: ChannelSet.ofWords(low, high),
    whispersTo: count === 0 ? NOBODY : new Set(words.subarray(at + 3, at + 3 + count)),
  };
}
