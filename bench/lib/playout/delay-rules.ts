/** Rules other than ours for how long packets should wait. */
export interface DelayRule {
  /** Takes one packet: how much longer it took than the fastest of the last two seconds. */
  observe(relativeDelayMs: number, nowMs: number): void;
  targetMs(): number;
}

export function fixedDelay(targetMs: number): DelayRule {
  return { observe: () => {}, targetMs: () => targetMs };
}

const BUCKET_MS = 20;
const BUCKETS = 100;
const INTERVAL_MS = 500;
const QUANTILE = 0.95;
const FORGET = 0.983;
const START_FORGET_WEIGHT = 2;
const START_MS = 80;

/**
 * WebRTC's NetEq with its default settings (delay_manager.cc, underrun_optimizer.cc, histogram.cc). The worst relative
 * delay of each half second goes into a histogram of 100 buckets of 20 ms, with a forget factor of 0.983 per entry
 * (faster at the start). The target is the upper edge of the bucket with the quantile 0.95. The optimizer for
 * reordering is left out.
 */
export class NetEqRule implements DelayRule {
  readonly #histogram = new Float64Array(BUCKETS);
  #entries = 0;
  #intervalStartMs: number | undefined;
  #worstMs = 0;
  #targetMs = START_MS;

  observe(relativeDelayMs: number, nowMs: number): void {
    this.#intervalStartMs ??= nowMs;
    if (nowMs - this.#intervalStartMs > INTERVAL_MS) {
      this.#add(Math.min(BUCKETS - 1, Math.floor(this.#worstMs / BUCKET_MS)));
      this.#intervalStartMs = nowMs;
      this.#worstMs = 0;
    }
    this.#worstMs = Math.max(this.#worstMs, relativeDelayMs);
  }

  targetMs(): number {
    return this.#targetMs;
  }

  #add(bucket: number): void {
    this.#entries++;
    const forget = Math.min(FORGET, Math.max(0, 1 - START_FORGET_WEIGHT / (this.#entries + 1)));
    for (let i = 0; i < BUCKETS; i++) this.#histogram[i]! *= forget;
    this.#histogram[bucket]! += 1 - forget;
    let above = 1 - this.#histogram[0]!;
    let index = 0;
    while (above > 1 - QUANTILE && index < BUCKETS - 1) above -= this.#histogram[++index]!;
    this.#targetMs = (1 + index) * BUCKET_MS;
  }
}
