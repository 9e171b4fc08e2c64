import type { ClientMessageInput, ParticipantGain, ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Environment } from './environment.ts';
import { GainMemory } from './gain-memory.ts';

/** The interval at which a dragged slider sends its value to the server. */
const INTERVAL_MS = 100;
/** The highest gain that the server accepts. */
const MAX_GAIN = 2;

export interface HearingOptions {
  readonly environment: Environment;
  readonly send: (message: ClientMessageInput) => void;
  readonly onChange: (gains: ReadonlyMap<string, number>) => void;
}

/** How loud this participant hears each of the others. */
export class Hearing {
  readonly #options: HearingOptions;
  readonly #memory: GainMemory;
  /** By participant id; anyone not listed is heard unchanged. */
  #gains = new Map<string, number>();
  /** Gains waiting to be sent, by participant id. */
  readonly #waiting = new Map<string, number>();
  #cancelPause: (() => void) | null = null;

  constructor(options: HearingOptions) {
    this.#options = options;
    this.#memory = new GainMemory(options.environment.storage());
  }

  get gains(): ReadonlyMap<string, number> {
    return this.#gains;
  }

  /** Sets the gain, and remembers it for this person's next visit. Throws `RangeError`. */
  set(participant: ParticipantInfo | undefined, gain: number): void {
    if (!(gain >= 0 && gain <= MAX_GAIN)) throw new RangeError(`the gain must be 0 to ${MAX_GAIN}`);
    if (!participant) return;
    this.#memory.set(participant, gain);
    this.#apply(participant.id, gain);
  }

  /** The room or the connection is new. Remembered gains that the server does not have yet are sent to it. */
  enter(gains: readonly ParticipantGain[], participants: Iterable<ParticipantInfo>): void {
    this.#waiting.clear();
    this.#gains = new Map(gains);
    this.recall(participants);
    this.#options.onChange(this.#gains);
  }

  /** The participant has left the room. */
  leave(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#waiting.clear();
    this.#gains = new Map();
  }

  /** Applies the remembered gains of these participants. */
  recall(participants: Iterable<ParticipantInfo>): void {
    for (const participant of participants) {
      const gain = this.#memory.gainOf(participant);
      if (gain !== 1 && gain !== this.#gains.get(participant.id)) this.#apply(participant.id, gain);
    }
  }

  /** The server reports a gain. It is ignored if a newer one is waiting to be sent. */
  confirmed(participantId: string, gain: number): void {
    if (this.#waiting.has(participantId)) return;
    this.#keep(participantId, gain);
  }

  #apply(participantId: string, gain: number): void {
    this.#keep(participantId, gain);
    this.#waiting.set(participantId, gain);
    if (!this.#cancelPause) this.#sendWaiting();
  }

  #keep(participantId: string, gain: number): void {
    if (gain === 1) this.#gains.delete(participantId);
    else this.#gains.set(participantId, gain);
    this.#options.onChange(this.#gains);
  }

  #sendWaiting(): void {
    const { send, environment } = this.#options;
    for (const [participantId, gain] of this.#waiting) send({ type: 'hear', participantId, gain });
    const isPause = this.#waiting.size > 0;
    this.#waiting.clear();
    this.#cancelPause = isPause ? environment.setTimer(INTERVAL_MS, () => this.#sendWaiting()) : null;
  }
}
