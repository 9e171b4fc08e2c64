/**
 * Single packets of a source that is silent: with DTX, a microphone at which nobody speaks still sends a few in each
 * second. Nobody hears anything of them, so they need not wait for their time, and no tick has to come for them.
 *
 * Only single ones: a steady stream could arrive in the wrong order, and its claimed levels have to be checked.
 */
import { isDtx } from '../../formats/opus-packet.ts';
import { SAMPLES_PER_MS } from '../format.ts';
import type { JitterBuffer } from './jitter-buffer.ts';
import type { PreRoll } from './pre-roll.ts';
import type { Speech } from './speech.ts';

/** libopus refreshes the noise every 400 ms with a packet, followed by one that says that there is nothing more. */
const MAX_IN_ROW = 2;
/** After this time without sound, what came before is over. */
const ROW_ENDS_MS = 100;

export class QuietPackets {
  readonly #jitter: JitterBuffer;
  readonly #speech: Speech;
  readonly #preRoll: PreRoll;
  #inRow = 0;
  /** When the sound of the last packet is over. A packet may be longer than a pause between others. */
  #endsMs = Number.NEGATIVE_INFINITY;

  constructor(jitter: JitterBuffer, speech: Speech, preRoll: PreRoll) {
    this.#jitter = jitter;
    this.#speech = speech;
    this.#preRoll = preRoll;
  }

  /** Takes the packet that has just been pushed while nothing played, if nobody hears anything of it. */
  take(nowMs: number): boolean {
    // It was refused.
    if (this.#jitter.empty) return true;
    const { head } = this.#jitter;
    const silent = isDtx(head.payload);
    if (!silent && !this.#speech.isBackground(head.levelDbov)) return false;
    const durationMs = head.durationSamples / SAMPLES_PER_MS;
    if (nowMs - this.#endsMs > ROW_ENDS_MS) {
      this.#inRow = 0;
      this.#speech.silence();
    }
    this.#endsMs = nowMs + durationMs;
    if (this.#inRow === MAX_IN_ROW) return false;
    this.#inRow++;
    const { payload, levelDbov } = this.#jitter.skip(nowMs);
    if (silent) this.#speech.silence(durationMs);
    else this.#speech.claim(levelDbov, durationMs);
    this.#preRoll.add(payload);
    return true;
  }
}
