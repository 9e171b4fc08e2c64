/** Those who shout from linked rooms, as the participants of a room are told: several times a second at most. */
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { EventOf, ShouterView } from './events.ts';

const INTERVAL_MS: Millis = 250;
/** As many as can be heard at the same time from one worker. */
const MAX_SHOUTERS = 32;

export interface ShoutersOptions {
  /** Everyone who shouts from a linked room now. */
  readonly find: () => readonly ShouterView[];
  readonly tell: (event: EventOf<'shouting'>) => void;
  readonly clock: Clock;
}

export class Shouters {
  readonly #options: ShoutersOptions;
  /** As JSON. */
  #told = '[]';
  #toldMs: Millis = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(options: ShoutersOptions) {
    this.#options = options;
  }

  /** For a newcomer. */
  get now(): readonly ShouterView[] {
    return this.#options.find().slice(0, MAX_SHOUTERS);
  }

  /** Somebody may have begun or stopped, or the room has other links. */
  changed(): void {
    const { clock } = this.#options;
    this.#cancel ??= clock.setTimer(Math.max(clock.now(), this.#toldMs + INTERVAL_MS), () => this.#tell());
  }

  close(): void {
    this.#cancel?.();
  }

  #tell(): void {
    this.#cancel = undefined;
    const shouters = this.now;
    const text = JSON.stringify(shouters);
    if (text === this.#told) return;
    this.#told = text;
    this.#toldMs = this.#options.clock.now();
    this.#options.tell({ type: 'shouting', shouters });
  }
}
