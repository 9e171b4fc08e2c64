/**
 * Where everybody in a room is, in memory shared by the control plane, which writes it, and the media workers of the
 * room, which read it. Positions are in metres, right-handed, y up; a yaw of 0 looks along -z.
 *
 * A reader takes a copy of what is in use whenever something has changed, between two states of a sequence number
 * (seqlock), so that it never sees half of a batch.
 */

/** Maximum number of bodies in one room. */
export const MAX_BODIES = 1024;

/** Floats of one body. */
export const FLOATS = 16;
export const [MOUTH_X, MOUTH_Y, MOUTH_Z, FACING_X, FACING_Y, FACING_Z] = [0, 1, 2, 3, 4, 5] as const;
export const [EARS_X, EARS_Y, EARS_Z, EARS_SIN, EARS_COS, RANGE, MUFFLE] = [6, 7, 8, 9, 10, 11, 12] as const;

/** Integers of one body. */
export const WORDS = 8;
export const [VOICE, PLACED, LAYERS, HEARS, ENCLOSURE, EARS_OF, JUMPS] = [0, 1, 2, 3, 4, 5, 6] as const;

/** Nobody has this voice. */
export const NO_VOICE = 0;

/** What the room does with voices in space. */
export type SpaceMode = 'on' | 'muted' | 'flat';
const MODES: readonly SpaceMode[] = ['on', 'muted', 'flat'];

const HEADER_WORDS = 8;
const [SEQUENCE, IN_USE, MODE] = [0, 1, 2] as const;
const FLOATS_AT = HEADER_WORDS * 4;
const WORDS_AT = FLOATS_AT + MAX_BODIES * FLOATS * 4;
const PAIRS_AT = WORDS_AT + MAX_BODIES * WORDS * 4;
/** The muffling between two bodies, in steps of this. */
const PAIR_STEP = 1 / 255;

/** 1.1 MB, of which the system backs only what is used. */
export function createBodyTable(): SharedArrayBuffer {
  return new SharedArrayBuffer(PAIRS_AT + MAX_BODIES * MAX_BODIES);
}

/**
 * The control plane's side. All changes between `begin` and `end` become visible at once. Batches may be nested: then
 * the outermost counts.
 */
export class BodyWriter {
  readonly memory: SharedArrayBuffer;
  readonly floats: Float32Array;
  readonly words: Int32Array;
  readonly #header: Int32Array;
  readonly #pairs: Uint8Array;
  #depth = 0;

  constructor(memory: SharedArrayBuffer = createBodyTable()) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, HEADER_WORDS);
    this.floats = new Float32Array(memory, FLOATS_AT, MAX_BODIES * FLOATS);
    this.words = new Int32Array(memory, WORDS_AT, MAX_BODIES * WORDS);
    this.#pairs = new Uint8Array(memory, PAIRS_AT, MAX_BODIES * MAX_BODIES);
  }

  begin(): void {
    if (this.#depth++ === 0) Atomics.add(this.#header, SEQUENCE, 1);
  }

  end(): void {
    if (--this.#depth === 0) Atomics.add(this.#header, SEQUENCE, 1);
  }

  /** Slots from 0 up to this one, exclusive, may be in use. Call between `begin` and `end`. */
  use(slots: number): void {
    if (slots > this.#header[IN_USE]!) this.#header[IN_USE] = slots;
  }

  setMode(mode: SpaceMode): void {
    this.begin();
    this.#header[MODE] = MODES.indexOf(mode);
    this.end();
  }

  get mode(): SpaceMode {
    return MODES[this.#header[MODE]!]!;
  }

  /** How much the voice of one body is muffled for the ears of another, 0 to 1. */
  setPair(voice: number, ears: number, muffle: number): void {
    this.#pairs[voice * MAX_BODIES + ears] = Math.round(muffle / PAIR_STEP);
  }

  /** Forgets what was set for pairs with this body. */
  clearPairs(slot: number): void {
    this.#pairs.fill(0, slot * MAX_BODIES, (slot + 1) * MAX_BODIES);
    for (let voice = 0; voice < MAX_BODIES; voice++) this.#pairs[voice * MAX_BODIES + slot] = 0;
  }
}

/** A media worker's side. */
export class BodyReader {
  readonly floats = new Float32Array(MAX_BODIES * FLOATS);
  readonly words = new Int32Array(MAX_BODIES * WORDS);
  mode: SpaceMode = 'on';
  readonly #header: Int32Array;
  readonly #sharedFloats: Float32Array;
  readonly #sharedWords: Int32Array;
  readonly #pairs: Uint8Array;
  #sequence = -1;
  #slots = 0;
  readonly #slotOf = new Map<number, number>();

  constructor(memory: SharedArrayBuffer) {
    this.#header = new Int32Array(memory, 0, HEADER_WORDS);
    this.#sharedFloats = new Float32Array(memory, FLOATS_AT, MAX_BODIES * FLOATS);
    this.#sharedWords = new Int32Array(memory, WORDS_AT, MAX_BODIES * WORDS);
    this.#pairs = new Uint8Array(memory, PAIRS_AT, MAX_BODIES * MAX_BODIES);
  }

  /** Slots from 0 up to this one, exclusive, may be in use. */
  get slots(): number {
    return this.#slots;
  }

  /** Takes what was written last. If that is being written now, keeps what it has. True if anything changed. */
  refresh(): boolean {
    const sequence = Atomics.load(this.#header, SEQUENCE);
    if (sequence === this.#sequence || (sequence & 1) === 1) return false;
    const slots = Math.min(MAX_BODIES, Math.max(0, this.#header[IN_USE]!));
    const mode = MODES[this.#header[MODE]!] ?? 'on';
    copy(this.#sharedFloats, this.#floatsCopy, slots * FLOATS);
    copy(this.#sharedWords, this.#wordsCopy, slots * WORDS);
    if (Atomics.load(this.#header, SEQUENCE) !== sequence) return false;
    this.#sequence = sequence;
    this.#slots = slots;
    this.mode = mode;
    this.#take(slots);
    return true;
  }

  /** The slot of the body with this voice; undefined if it has none. */
  slotOf(voice: number): number | undefined {
    return this.#slotOf.get(voice);
  }

  /** See `BodyWriter.setPair`. */
  pairMuffle(voice: number, ears: number): number {
    return this.#pairs[voice * MAX_BODIES + ears]! * PAIR_STEP;
  }

  // A copy that was overtaken by the writer must not be used.
  readonly #floatsCopy = new Float32Array(MAX_BODIES * FLOATS);
  readonly #wordsCopy = new Int32Array(MAX_BODIES * WORDS);

  #take(slots: number): void {
    copy(this.#floatsCopy, this.floats, slots * FLOATS);
    let sameVoices = true;
    for (let at = 0; at < slots * WORDS; at += WORDS) {
      if (this.words[at + VOICE] !== this.#wordsCopy[at + VOICE]) sameVoices = false;
    }
    copy(this.#wordsCopy, this.words, slots * WORDS);
    if (sameVoices) return;
    this.#slotOf.clear();
    for (let slot = 0; slot < slots; slot++) {
      const voice = this.words[slot * WORDS + VOICE]!;
      if (voice !== NO_VOICE) this.#slotOf.set(voice, slot);
    }
  }
}

/** Creates no view, unlike `set` with a part of an array. */
function copy(from: Float32Array | Int32Array, to: Float32Array | Int32Array, count: number): void {
  for (let i = 0; i < count; i++) to[i] = from[i]!;
}
