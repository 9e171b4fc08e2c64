import {
  BodyReader,
  BodyWriter,
  EARS_COS,
  EARS_OF,
  EARS_SIN,
  EARS_X,
  ENCLOSURE,
  FACING_X,
  FLOATS,
  HEARS,
  JUMPS,
  LAYERS,
  MOUTH_X,
  MUFFLE,
  PLACED,
  RANGE,
  VOICE,
  WORDS,
} from '../../src/mixer/space/body-table.ts';

export interface BodyOptions {
  readonly at?: readonly [number, number, number];
  /** In degrees, clockwise from above; 0 looks along -z. */
  readonly yaw?: number;
  readonly range?: number;
  readonly layers?: number;
  readonly hears?: number;
  readonly enclosure?: number;
  readonly muffle?: number;
  readonly placed?: boolean;
  /** The slot of another body. */
  readonly earsOf?: number;
  /** The number of the voice; by default one more than the slot. */
  readonly voice?: number;
  readonly jumps?: number;
}

/** Bodies in a table, as the control plane would write them. */
export class World {
  readonly writer = new BodyWriter();
  readonly #reader = new BodyReader(this.writer.memory);

  /** Replaces the whole state of a body. */
  put(slot: number, options: BodyOptions): void {
    const { at = [0, 0, 0], yaw = 0, range = 20, layers = 1, hears = 1, enclosure = 0, muffle = 0 } = options;
    const { floats, words } = this.writer;
    const radians = (yaw * Math.PI) / 180;
    const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
    this.writer.begin();
    this.writer.use(slot + 1);
    floats.set(at, slot * FLOATS + MOUTH_X);
    floats.set([sin, 0, -cos], slot * FLOATS + FACING_X);
    floats.set(at, slot * FLOATS + EARS_X);
    floats[slot * FLOATS + EARS_SIN] = sin;
    floats[slot * FLOATS + EARS_COS] = cos;
    floats[slot * FLOATS + RANGE] = range;
    floats[slot * FLOATS + MUFFLE] = muffle;
    const values = {
      [VOICE]: options.voice ?? slot + 1,
      [PLACED]: options.placed === false ? 0 : 1,
      [LAYERS]: layers,
      [HEARS]: hears,
      [ENCLOSURE]: enclosure,
      [EARS_OF]: options.earsOf ?? -1,
      [JUMPS]: options.jumps ?? 0,
    };
    for (const [word, value] of Object.entries(values)) words[slot * WORDS + Number(word)] = value;
    this.writer.end();
  }

  /** The latest state, as a media worker sees it. */
  read(): BodyReader {
    this.#reader.refresh();
    return this.#reader;
  }
}
