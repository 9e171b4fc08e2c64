/** Writes the bodies of a room into their table, one property after the other. */
import {
  BodyWriter,
  EARS_COS,
  EARS_OF,
  EARS_SIN,
  EARS_X,
  EARS_Y,
  EARS_Z,
  ENCLOSURE,
  FACING_X,
  FACING_Y,
  FACING_Z,
  FLOATS,
  HEARS,
  JUMPS,
  LAYERS,
  MOUTH_X,
  MOUTH_Y,
  MOUTH_Z,
  MUFFLE,
  NO_VOICE,
  PLACED,
  RANGE,
  type SpaceMode,
  VOICE,
  WORDS,
} from './body-table.ts';

const NOBODY = -1;

export interface BodyPlace {
  /** In metres, in the mixer's axes. */
  readonly mouth: readonly [number, number, number];
  readonly ears: readonly [number, number, number];
  /** In degrees: where the face looks, and where the ears do. */
  readonly yaw: number;
  readonly pitch: number;
  readonly earsYaw: number;
  /** The gains of its paths jump, too. */
  readonly jump: boolean;
}

export interface BodyDescription {
  /** The number of the voice; null while nobody is here for it. */
  readonly voice: number | null;
  readonly isPlaced: boolean;
  /** In metres. */
  readonly range: number;
  /** Bits. */
  readonly layers: number;
  readonly hears: number;
  /** 0 is the open. */
  readonly enclosure: number;
  readonly muffle: number;
  /** The slot of another body whose ears are used. */
  readonly earsOf: number | null;
}

/** A body's slot must be in the table (`MAX_BODIES`). */
export class BodyFields {
  readonly #writer: BodyWriter;

  constructor(writer: BodyWriter = new BodyWriter()) {
    this.#writer = writer;
  }

  get writer(): BodyWriter {
    return this.#writer;
  }

  /** Nobody is there any more. */
  clear(slot: number): void {
    this.#writer.clearPairs(slot);
    this.describe(slot, {
      voice: null,
      isPlaced: false,
      range: 0,
      layers: 0,
      hears: 0,
      enclosure: 0,
      muffle: 0,
      earsOf: null,
    });
  }

  /** All changes that `run` makes become visible at once. */
  batch(run: () => void): void {
    this.#writer.begin();
    try {
      run();
    } finally {
      this.#writer.end();
    }
  }

  /** What the whole room does with voices in space. */
  setMode(mode: SpaceMode): void {
    this.#writer.setMode(mode);
  }

  place(slot: number, { mouth, ears, yaw, pitch, earsYaw, jump }: BodyPlace): void {
    const { floats, words } = this.#writer;
    const at = slot * FLOATS;
    // Neither here nor below anything that allocates: a game moves hundreds of bodies twenty times a second.
    const sin = Math.sin(radians(yaw));
    const cos = Math.cos(radians(yaw));
    const up = pitch === 0 ? 0 : Math.sin(radians(pitch));
    const flat = pitch === 0 ? 1 : Math.cos(radians(pitch));
    this.#writer.begin();
    this.#writer.use(slot + 1);
    // One by one, because `set` takes several times as long for so few.
    floats[at + MOUTH_X] = mouth[0];
    floats[at + MOUTH_Y] = mouth[1];
    floats[at + MOUTH_Z] = mouth[2];
    floats[at + FACING_X] = sin * flat;
    floats[at + FACING_Y] = up;
    floats[at + FACING_Z] = -cos * flat;
    floats[at + EARS_X] = ears[0];
    floats[at + EARS_Y] = ears[1];
    floats[at + EARS_Z] = ears[2];
    floats[at + EARS_SIN] = yaw === earsYaw ? sin : Math.sin(radians(earsYaw));
    floats[at + EARS_COS] = yaw === earsYaw ? cos : Math.cos(radians(earsYaw));
    if (jump) words[slot * WORDS + JUMPS]!++;
    this.#writer.end();
  }

  /** Where the ears look, in degrees. */
  turn(slot: number, earsYaw: number): void {
    const { floats } = this.#writer;
    this.#writer.begin();
    floats[slot * FLOATS + EARS_SIN] = Math.sin(radians(earsYaw));
    floats[slot * FLOATS + EARS_COS] = Math.cos(radians(earsYaw));
    this.#writer.end();
  }

  setVoice(slot: number, voice: number | null): void {
    this.#writer.begin();
    this.#writer.words[slot * WORDS + VOICE] = voice ?? NO_VOICE;
    this.#writer.end();
  }

  setPair(voice: number, ears: number, muffle: number): void {
    this.#writer.setPair(voice, ears, muffle);
  }

  describe(slot: number, body: BodyDescription): void {
    const { floats, words } = this.#writer;
    const at = slot * WORDS;
    this.#writer.begin();
    this.#writer.use(slot + 1);
    floats[slot * FLOATS + RANGE] = body.range;
    floats[slot * FLOATS + MUFFLE] = body.muffle;
    words[at + VOICE] = body.voice ?? NO_VOICE;
    words[at + PLACED] = body.isPlaced ? 1 : 0;
    words[at + LAYERS] = body.layers;
    words[at + HEARS] = body.hears;
    words[at + ENCLOSURE] = body.enclosure;
    words[at + EARS_OF] = body.earsOf ?? NOBODY;
    this.#writer.end();
  }
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
