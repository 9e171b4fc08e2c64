import type { LightParticipant } from '../../client/participant.ts';
import type { Programme } from '../../client/programme.ts';

/** One participant that plays its programme once, over a network that loses packets. */
export class Talker {
  readonly #participant: LightParticipant;
  readonly #programme: Programme;
  readonly #isLost: () => boolean;
  #sent = 0;
  #startMs = Number.POSITIVE_INFINITY;

  constructor(participant: LightParticipant, programme: Programme, isLost: () => boolean) {
    this.#participant = participant;
    this.#programme = programme;
    this.#isLost = isLost;
  }

  /** When the first frame was sent, or would have been sent if our own timer had been on time. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Sends the next 20 ms, and nothing after the end. */
  sendNext(): void {
    if (this.#sent >= this.#programme.length) return;
    this.#startMs = Math.min(this.#startMs, performance.now() - 20 * this.#sent);
    const frame = this.#programme[this.#sent++];
    if (frame === undefined) {
      this.#participant.skip();
      return;
    }
    // A lost packet takes up a sequence number like the others.
    const packet = this.#participant.seal(frame);
    if (!this.#isLost()) this.#participant.sendSealed(packet);
  }
}
