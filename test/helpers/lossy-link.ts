import type { Prng } from './prng.ts';

export interface LossyLinkOptions {
  readonly delayMs: number;
  /** Uniformly distributed on top of the delay. */
  readonly jitterMs: number;
  /** 0 to 1 */
  readonly loss: number;
  readonly duplication: number;
}

/** One direction of a bad network in simulated time: what goes in comes out later, out of order, twice or never. */
export class LossyLink<T> {
  readonly #prng: Prng;
  readonly #options: LossyLinkOptions;
  readonly #inFlight: { readonly atMs: number; readonly item: T }[] = [];

  constructor(prng: Prng, options: LossyLinkOptions) {
    this.#prng = prng;
    this.#options = options;
  }

  send(item: T, nowMs: number): void {
    const { delayMs, jitterMs, loss, duplication } = this.#options;
    if (this.#prng() < loss) return;
    const copies = this.#prng() < duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) this.#inFlight.push({ atMs: nowMs + delayMs + this.#prng() * jitterMs, item });
  }

  /** Takes out what has arrived by `nowMs`, in the order of arrival. */
  receive(nowMs: number): { readonly atMs: number; readonly item: T }[] {
    const arrived = this.#inFlight.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const entry of arrived) this.#inFlight.splice(this.#inFlight.indexOf(entry), 1);
    return arrived;
  }
}
