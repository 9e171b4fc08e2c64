/** Levels of frames, and which of them are sent: while nothing is said, one in 400 ms is enough. */

const QUIET_DBOV = -60;
const FRAMES_BEFORE_SILENCE = 15;
const FRAMES_BETWEEN = 20;
const LEAST_DBOV = -127;

/** RFC 6464: 0 is full scale, -127 is silence. */
export function levelDbov(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum === 0 ? LEAST_DBOV : Math.max(LEAST_DBOV, Math.round(10 * Math.log10(sum / samples.length)));
}

export class SendGate {
  #quietFrames = 0;

  /** Whether the next frame, which has this level, is sent. */
  next(level: number): boolean {
    this.#quietFrames = level < QUIET_DBOV ? this.#quietFrames + 1 : 0;
    const silentFrames = this.#quietFrames - FRAMES_BEFORE_SILENCE;
    return silentFrames <= 0 || silentFrames % FRAMES_BETWEEN === 0;
  }
}
