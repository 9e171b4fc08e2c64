import { PTIME_MS } from '../format.ts';

/** How loud music is. */
export interface MusicLoudness {
  /** Linear: 1 is unchanged. */
  readonly gain: number;
  /** It is turned down by so much while somebody in the room speaks, in dB. */
  readonly duckDb: number;
}

/** 20 dB in 100 ms, and back in 500 ms, as channels with priority turn others down. */
const DOWN_DB = (20 * PTIME_MS) / 100;
const UP_DB = (20 * PTIME_MS) / 500;
/** Longer than the pauses between words. */
const HOLD_TICKS = 600 / PTIME_MS;

/** The gains of music at both ends of each frame. */
export class MusicLevel {
  from: number;
  to: number;
  readonly #loudness: MusicLoudness;
  #duckedDb = 0;
  #quietTicks = HOLD_TICKS;

  constructor(loudness: MusicLoudness) {
    this.#loudness = loudness;
    this.from = loudness.gain;
    this.to = loudness.gain;
  }

  /** Call once per tick. */
  advance(somebodySpeaks: boolean): void {
    const { gain, duckDb } = this.#loudness;
    this.from = this.to;
    if (duckDb === 0) return;
    this.#quietTicks = somebodySpeaks ? 0 : this.#quietTicks + 1;
    const wantedDb = this.#quietTicks < HOLD_TICKS ? duckDb : 0;
    this.#duckedDb =
      wantedDb > this.#duckedDb
        ? Math.min(wantedDb, this.#duckedDb + DOWN_DB)
        : Math.max(wantedDb, this.#duckedDb - UP_DB);
    this.to = gain * 10 ** (-this.#duckedDb / 20);
  }
}
