import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { ParticipantView, RoomEvent } from './events.ts';

export interface ParticipantUpdatesOptions {
  /** Everybody in the room by id: those who change, and those who are told. */
  readonly participants: ReadonlyMap<string, { readonly view: ParticipantView }>;
  readonly tellAll: (event: RoomEvent) => void;
  readonly clock: Clock;
}

/** How long a change waits for others at most. */
const INTERVAL_MS: Millis = 50;
/** Messages for which nothing has to wait in that time: a room of two is told 50 changes at once, one of a hundred the first. */
const MESSAGES_AT_ONCE = 100;

/**
 * Tells a room who has changed. Where n people change at the same time, as when a media worker dies, n messages to each of them
 * would be n². So a change is told at once as long as that is little, and others are gathered into one message.
 */
export class ParticipantUpdates {
  readonly #options: ParticipantUpdatesOptions;
  readonly #waiting = new Set<string>();
  #intervalStartMs: Millis = Number.NEGATIVE_INFINITY;
  /** Messages since then. */
  #sent = 0;
  #cancelTimer: Cancel = () => {};
  #closed = false;

  constructor(options: ParticipantUpdatesOptions) {
    this.#options = options;
  }

  /** To be called after each change; what is told is how the participant is then. */
  changed(id: string): void {
    if (this.#closed) return;
    const { participants, clock } = this.#options;
    const nowMs = clock.now();
    if (this.#waiting.size === 0 && nowMs - this.#intervalStartMs >= INTERVAL_MS) this.#beginInterval(nowMs);
    if (this.#sent === 0 || this.#sent + participants.size <= MESSAGES_AT_ONCE) {
      this.#tell([id]);
      return;
    }
    if (this.#waiting.size === 0)
      this.#cancelTimer = clock.setTimer(this.#intervalStartMs + INTERVAL_MS, () => this.#tellWaiting());
    this.#waiting.add(id);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#waiting.clear();
  }

  #tellWaiting(): void {
    this.#beginInterval(this.#options.clock.now());
    const ids = [...this.#waiting];
    this.#waiting.clear();
    this.#tell(ids);
  }

  #beginInterval(nowMs: Millis): void {
    this.#intervalStartMs = nowMs;
    this.#sent = 0;
  }

  /** Who has left meanwhile is no news. */
  #tell(ids: readonly string[]): void {
    const { participants, tellAll } = this.#options;
    const views = ids.flatMap((id) => participants.get(id)?.view ?? []);
    const [participant] = views;
    if (participant === undefined) return;
    this.#sent += participants.size;
    if (views.length === 1) tellAll({ type: 'participant_updated', participant });
    else tellAll({ type: 'participants_updated', participants: views });
  }
}
