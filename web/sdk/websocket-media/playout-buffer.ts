/**
 * The jitter buffer of the mix: samples come in frames, more or less in time, and go out evenly. It holds as much as the
 * network has needed lately, and shortens what is too much. It knows no clock: the samples that it gives out are its time.
 */

const RATE = 48_000;
const PER_MS = RATE / 1000;
/** The samples over which an edge is smooth. */
const FADE = 2.5 * PER_MS;
const LEAST_MARGIN = 10 * PER_MS;
const MOST_MARGIN = 150 * PER_MS;
const MORE_AT_UNDERRUN = 10 * PER_MS;
const LESS_WHEN_CALM = 5 * PER_MS;
const CALM_AFTER = 10 * RATE;
/** How often the buffer looks whether it holds too much. */
const LOOK_EVERY = 0.5 * RATE;
const CUT = 5 * PER_MS;
const LARGE_CUT = 20 * PER_MS;
const MUCH_TOO_MUCH = 50 * PER_MS;
/** What is older than this when it comes is left out. */
const MAX_HELD = 300 * PER_MS;

export interface PlayoutFigures {
  /** What is held now, and what the network needs. */
  readonly heldMs: number;
  readonly marginMs: number;
  /** Times that there was nothing to play though somebody spoke. */
  readonly underruns: number;
  /** Silence made because of that. */
  readonly missingMs: number;
  /** Sound that was left out to be in time again. */
  readonly cutMs: number;
  readonly playedMs: number;
  /** The sum of what all samples have waited, as browsers count it for WebRTC. */
  readonly waitedMs: number;
}

export class PlayoutBuffer {
  /** Frames, of which the first is read up to `#at`. */
  readonly #frames: Float32Array[] = [];
  #at = 0;
  #held = 0;
  /** The least that should be held when a frame comes. */
  #margin = LEAST_MARGIN;
  /** Samples of silence before the first frame after a pause; null while something is played. */
  #wait: number | null = LEAST_MARGIN;
  #isExpectingSound = false;
  #leastHeld = Number.POSITIVE_INFINITY;
  #untilLook = LOOK_EVERY;
  #untilCalm = CALM_AFTER;
  /** How far the next samples have faded in. */
  #fadedIn = FADE;
  readonly #last = new Float32Array(FADE);
  /** How far the end has faded out. */
  #fadedOut = FADE;
  #missing = 0;
  #underruns = 0;
  #cut = 0;
  #played = 0;
  #waited = 0;

  get figures(): PlayoutFigures {
    return {
      heldMs: this.#held / PER_MS,
      marginMs: this.#margin / PER_MS,
      underruns: this.#underruns,
      missingMs: this.#missing / PER_MS,
      cutMs: this.#cut / PER_MS,
      playedMs: this.#played / PER_MS,
      waitedMs: this.#waited,
    };
  }

  /**
   * @param frame at 48 kHz; it belongs to the buffer from now on
   * @param isLast nothing may follow it for a while, because it is silent
   */
  push(frame: Float32Array, isLast: boolean): void {
    if (frame.length === 0) return;
    this.#leastHeld = Math.min(this.#leastHeld, this.#held);
    this.#frames.push(frame);
    this.#held += frame.length;
    this.#isExpectingSound = !isLast;
    if (this.#held > MAX_HELD) this.#skip(this.#held - this.#margin - frame.length);
  }

  /** Fills the output with what is to be played now. */
  pull(output: Float32Array): void {
    let done = 0;
    if (this.#wait !== null) done = this.#pause(output);
    if (this.#wait === null && done < output.length) done += this.#play(output, done);
    if (done < output.length) this.#runOut(output, done);
    this.#look(output.length);
  }

  /** Returns how many samples of silence are written. */
  #pause(output: Float32Array): number {
    const wait = this.#wait ?? 0;
    if (this.#held === 0) {
      this.#fadeOut(output, 0, output.length);
      if (this.#isExpectingSound) this.#missing += output.length;
      return output.length;
    }
    const silent = Math.min(wait, output.length);
    this.#fadeOut(output, 0, silent);
    this.#wait = wait - silent > 0 ? wait - silent : null;
    this.#fadedIn = 0;
    return silent;
  }

  #play(output: Float32Array, from: number): number {
    const count = Math.min(output.length - from, this.#held);
    this.#waited += (this.#held / PER_MS) * count;
    for (let done = 0; done < count; ) {
      const [frame] = this.#frames;
      const taken = Math.min(count - done, frame!.length - this.#at);
      output.set(frame!.subarray(this.#at, this.#at + taken), from + done);
      done += taken;
      this.#advance(taken);
    }
    for (let i = from; i < from + count && this.#fadedIn < FADE; i++) output[i]! *= this.#fadedIn++ / FADE;
    this.#played += count;
    this.#remember(output.subarray(from, from + count));
    return count;
  }

  #runOut(output: Float32Array, from: number): void {
    const count = output.length - from;
    this.#fadedOut = 0;
    this.#fadeOut(output, from, output.length);
    if (this.#isExpectingSound) {
      this.#underruns++;
      this.#missing += count;
      this.#margin = Math.min(MOST_MARGIN, this.#margin + MORE_AT_UNDERRUN);
      this.#untilCalm = CALM_AFTER;
    }
    this.#wait = this.#margin;
    this.#leastHeld = Number.POSITIVE_INFINITY;
  }

  /** The end goes out backwards, so that there is no edge. */
  #fadeOut(output: Float32Array, from: number, to: number): void {
    let at = from;
    for (; at < to && this.#fadedOut < FADE; at++, this.#fadedOut++)
      output[at] = this.#last[FADE - 1 - this.#fadedOut]! * (1 - (this.#fadedOut + 1) / FADE);
    output.fill(0, at, to);
  }

  #look(samples: number): void {
    this.#untilCalm -= samples;
    if (this.#untilCalm <= 0) {
      this.#margin = Math.max(LEAST_MARGIN, this.#margin - LESS_WHEN_CALM);
      this.#untilCalm = CALM_AFTER;
    }
    this.#untilLook -= samples;
    if (this.#untilLook > 0) return;
    this.#untilLook = LOOK_EVERY;
    const least = this.#leastHeld;
    this.#leastHeld = Number.POSITIVE_INFINITY;
    if (!Number.isFinite(least) || this.#wait !== null) return;
    const tooMuch = least - this.#margin;
    if (tooMuch > MUCH_TOO_MUCH) this.#skip(LARGE_CUT);
    else if (tooMuch > CUT) this.#skip(CUT);
  }

  /** Leaves out so many samples, with a cross-fade over the place. */
  #skip(count: number): void {
    if (count <= 0 || this.#held < count + FADE) return;
    const before = this.#peek(FADE);
    this.#advance(count);
    const after = this.#peek(FADE);
    this.#advance(FADE);
    for (let i = 0; i < FADE; i++) after[i] = before[i]! + (after[i]! - before[i]!) * ((i + 1) / FADE);
    if (this.#at > 0) {
      this.#frames[0] = this.#frames[0]!.subarray(this.#at);
      this.#at = 0;
    }
    this.#frames.unshift(after);
    this.#held += FADE;
    this.#cut += count;
  }

  #peek(count: number): Float32Array {
    const samples = new Float32Array(count);
    let done = 0;
    for (const [index, frame] of this.#frames.entries()) {
      const from = index === 0 ? this.#at : 0;
      const taken = Math.min(count - done, frame.length - from);
      samples.set(frame.subarray(from, from + taken), done);
      done += taken;
      if (done === count) break;
    }
    return samples;
  }

  #advance(count: number): void {
    this.#held -= count;
    this.#at += count;
    while (this.#frames.length > 0 && this.#at >= this.#frames[0]!.length) this.#at -= this.#frames.shift()!.length;
  }

  #remember(played: Float32Array): void {
    const last = this.#last;
    const kept = Math.min(FADE, played.length);
    last.copyWithin(0, kept);
    last.set(played.subarray(played.length - kept), FADE - kept);
  }
}
