/**
 * How long a source's packets must wait so that nearly all of them have arrived when their turn comes.
 *
 * Network delay cannot be measured against a sender's clock; only its variation can. The fastest packet of the last two
 * seconds is the reference, and the relative delay of a packet is how much longer it took. The target is a high
 * quantile of the worst relative delay of each half second, as in WebRTC's NetEq (delay_manager.cc) but with finer
 * steps. It never exceeds what the last seconds required, and drops when they show that a bad period is over, which
 * must not cost delay for half a minute. A packet later than the target raises the target at once. The constants were
 * chosen by replaying networks (`bench/jitter.ts`).
 */
import { SAMPLES_PER_MS } from '../format.ts';
import { RecentDelays } from './recent-delays.ts';

const WINDOW_MS = 2000;
const INTERVAL_MS = 500;
const BUCKET_MS = 2;
const BUCKETS = 100;
const QUANTILE = 0.95;
/** Weight of the newest interval once there are many; the memory is about 1 / (1 - FORGET) intervals. */
const FORGET = 0.97;
/** The wider the jitter, the longer its tail beyond the quantile. */
const MARGIN_SHARE = 0.05;
const MARGIN_MS = 2;
const MIN_TARGET_MS = 4;
const MAX_TARGET_MS = BUCKET_MS * BUCKETS;
/** Until enough packets have arrived. */
const INITIAL_TARGET_MS = 20;
const INITIAL_INTERVALS = 2;
const MAX_STEP_MS = 20;
/**
 * Nothing older keeps the target up: together with the pause in which the delay can shrink, a bad period is forgotten
 * within 5 s.
 */
const MEMORY_INTERVALS = 4500 / INTERVAL_MS;
/**
 * A rise caused by a late packet decays at this rate, or faster if that would take longer than `SPIKE_MEMORY_MS`,
 * unless the histogram has come to agree.
 */
const SPIKE_DECAY_MS_PER_S = 20;
const SPIKE_MEMORY_MS = 2500;

/**
 * If the reference rises by this much, the path has become longer: earlier measurements against the old one are not
 * jitter.
 */
const LONGER_PATH_MS = 5;

/** Minima of slices of the window, so that a packet does not require a search over all others. */
const SLICE_MS = 100;
const SLICES = WINDOW_MS / SLICE_MS;

export class DelayEstimator {
  readonly #sliceMinima = new Float64Array(SLICES).fill(Number.POSITIVE_INFINITY);
  #slice = Number.NEGATIVE_INFINITY;
  #reference = Number.POSITIVE_INFINITY;

  readonly #histogram = new Float32Array(BUCKETS);
  #intervals = 0;
  #intervalEnd = Number.NEGATIVE_INFINITY;
  #worst = 0;
  readonly #recent = new RecentDelays(MEMORY_INTERVALS);

  #quantileTarget = INITIAL_TARGET_MS;
  #spikeTarget = 0;
  #spikeAt = 0;

  /**
   * Observes one arriving packet.
   * @param timestamp unwrapped RTP timestamp in samples
   * @returns its relative delay in milliseconds
   */
  observe(timestamp: number, nowMs: number): number {
    const delay = nowMs - timestamp / SAMPLES_PER_MS;
    this.#moveWindow(nowMs);
    const index = this.#slice % SLICES;
    if (delay < this.#sliceMinima[index]!) this.#sliceMinima[index] = delay;
    if (delay < this.#reference) this.#reference = delay;

    const relative = delay - this.#reference;
    if (nowMs >= this.#intervalEnd) this.#closeInterval(nowMs);
    if (relative > this.#worst) this.#worst = relative;
    return relative;
  }

  /** A packet came after its turn, so the wait increases. */
  observeLate(relativeDelayMs: number, nowMs: number): void {
    const target = this.targetMs(nowMs);
    const wanted = relativeDelayMs + MARGIN_MS;
    if (wanted <= target) return;
    this.#spikeTarget = Math.min(target + MAX_STEP_MS, wanted, MAX_TARGET_MS);
    this.#spikeAt = nowMs;
  }

  /** How long after its (fastest possible) arrival a packet should be played. */
  targetMs(nowMs: number): number {
    const decay = Math.max(SPIKE_DECAY_MS_PER_S / 1000, this.#spikeTarget / SPIKE_MEMORY_MS);
    const spike = this.#spikeTarget - (nowMs - this.#spikeAt) * decay;
    return Math.max(this.#quantileTarget, spike, MIN_TARGET_MS);
  }

  /** When, in our time, the packet with this timestamp would have arrived at the speed of the fastest. */
  idealArrivalMs(timestamp: number): number {
    return this.#reference + timestamp / SAMPLES_PER_MS;
  }

  /** Forgets the reference, for a timestamp that has jumped; the knowledge of the jitter stays. */
  rebase(): void {
    this.#sliceMinima.fill(Number.POSITIVE_INFINITY);
    this.#slice = Number.NEGATIVE_INFINITY;
    this.#reference = Number.POSITIVE_INFINITY;
    this.#worst = 0;
  }

  #moveWindow(nowMs: number): void {
    const slice = Math.floor(nowMs / SLICE_MS);
    if (slice <= this.#slice) return;
    if (slice - this.#slice >= SLICES) this.#sliceMinima.fill(Number.POSITIVE_INFINITY);
    else for (let i = this.#slice + 1; i <= slice; i++) this.#sliceMinima[i % SLICES] = Number.POSITIVE_INFINITY;
    this.#slice = slice;
    let minimum = Number.POSITIVE_INFINITY;
    for (let i = 0; i < SLICES; i++) minimum = Math.min(minimum, this.#sliceMinima[i]!);
    // After a pause as long as the window, the old reference is still the best guess.
    if (minimum === Number.POSITIVE_INFINITY) this.#sliceMinima[slice % SLICES] = this.#reference;
    else this.#raiseReference(minimum);
  }

  #raiseReference(delay: number): void {
    const rise = delay - this.#reference;
    this.#reference = delay;
    if (rise < LONGER_PATH_MS) return;
    this.#worst = Math.max(0, this.#worst - rise);
    this.#recent.shift(rise);
  }

  #closeInterval(nowMs: number): void {
    if (this.#intervalEnd !== Number.NEGATIVE_INFINITY) {
      this.#intervals++;
      // Equal weights at first, so that a new source soon gets its low delay.
      const weight = Math.max(1 / this.#intervals, 1 - FORGET);
      for (let i = 0; i < BUCKETS; i++) this.#histogram[i]! *= 1 - weight;
      this.#histogram[Math.min(BUCKETS - 1, Math.floor(this.#worst / BUCKET_MS))]! += weight;
      const quantile = this.#quantile();
      this.#recent.add(this.#worst, quantile);
      if (this.#intervals >= INITIAL_INTERVALS) {
        const wanted = Math.min(quantile, this.#recent.longestMs());
        this.#quantileTarget = Math.min(wanted * (1 + MARGIN_SHARE) + MARGIN_MS, MAX_TARGET_MS);
      }
    }
    this.#worst = 0;
    this.#intervalEnd = nowMs + INTERVAL_MS;
  }

  /** The upper edge of the bucket that contains the quantile. */
  #quantile(): number {
    let above = 1 - QUANTILE;
    let bucket = BUCKETS - 1;
    for (; bucket > 0; bucket--) {
      above -= this.#histogram[bucket]!;
      if (above < 0) break;
    }
    return (bucket + 1) * BUCKET_MS;
  }
}
