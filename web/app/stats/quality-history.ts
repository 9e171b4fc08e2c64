import type { Quality } from '../../sdk/quality.ts';

export interface QualityPoint {
  /** By the clock of the machine, in ms since 1970. */
  readonly atMs: number;
  /** Null while no audio flowed. */
  readonly quality: Quality | null;
}

/** At a measurement every two seconds, the last ten minutes. */
export const MAX_POINTS = 300;

/** How good the connection was, oldest first. */
export class QualityHistory {
  #points: QualityPoint[] = [];

  get points(): readonly QualityPoint[] {
    return this.#points;
  }

  add(point: QualityPoint): void {
    this.#points.push(point);
    if (this.#points.length > MAX_POINTS) this.#points.shift();
  }

  /** Another call begins. */
  clear(): void {
    this.#points = [];
  }
}
