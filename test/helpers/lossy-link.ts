import type { Prng } from './prng.ts';

export interface LossyLinkOptions {
  readonly delayMs: number;
  /** Added to the delay, uniformly distributed. */
  readonly jitterMs: number;
  /** 0 to 1 */
  readonly loss: number;
  readonly duplication: number;
  /** How many packets in a row are lost on average. By default losses are independent (1). */
  readonly lossRun?: number;
  /** The share of packets that one to three others overtake. */
  readonly reordering?: number;
  /** Capacity of the link. Excess packets wait in a queue of `queueMs`; what does not fit into the queue is lost. */
  readonly bitsPerSecond?: number;
  readonly queueMs?: number;
}

const REORDERED_MS = [25, 65] as const;
const QUEUE_MS = 150;

/** One direction of a bad network in simulated time: items come out later, out of order, twice or never. */
export class LossyLink<T> {
  readonly #prng: Prng;
  readonly #options: LossyLinkOptions;
  readonly #inFlight: { readonly atMs: number; readonly item: T }[] = [];
  #losing = false;
  #freeAtMs = 0;

  constructor(prng: Prng, options: LossyLinkOptions) {
    this.#prng = prng;
    this.#options = options;
  }

  /** `bytes` counts against the link's capacity. */
  send(item: T, nowMs: number, bytes = 0): void {
    const { delayMs, jitterMs, duplication, reordering = 0 } = this.#options;
    const queuedMs = this.#queue(nowMs, bytes);
    if (queuedMs === undefined || this.#isLost()) return;
    const copies = this.#prng() < duplication ? 2 : 1;
    const [least, most] = REORDERED_MS;
    const laterMs = reordering > 0 && this.#prng() < reordering ? least + (most - least) * this.#prng() : 0;
    const atMs = nowMs + queuedMs + delayMs + laterMs;
    for (let i = 0; i < copies; i++) this.#inFlight.push({ atMs: atMs + this.#prng() * jitterMs, item });
  }

  /** Takes out what has arrived by `nowMs`, in the order of arrival. */
  receive(nowMs: number): { readonly atMs: number; readonly item: T }[] {
    const arrived = this.#inFlight.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const entry of arrived) this.#inFlight.splice(this.#inFlight.indexOf(entry), 1);
    return arrived;
  }

  /** Losses in runs follow a Markov chain with two states (Gilbert), with the same loss rate in the long run. */
  #isLost(): boolean {
    const { loss, lossRun = 1 } = this.#options;
    if (lossRun <= 1) return this.#prng() < loss;
    const ends = 1 / lossRun;
    const begins = (ends * loss) / (1 - loss);
    this.#losing = this.#prng() < (this.#losing ? 1 - ends : begins);
    return this.#losing;
  }

  /** How long until the link has transmitted it; undefined if its queue is full. */
  #queue(nowMs: number, bytes: number): number | undefined {
    const { bitsPerSecond, queueMs = QUEUE_MS } = this.#options;
    if (bitsPerSecond === undefined) return 0;
    const startMs = Math.max(nowMs, this.#freeAtMs);
    if (startMs - nowMs > queueMs) return undefined;
    this.#freeAtMs = startMs + (8000 * bytes) / bitsPerSecond;
    return this.#freeAtMs - nowMs;
  }
}
