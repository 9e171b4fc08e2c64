import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';
import type { RoomEvent } from './events.ts';
import { isProgram } from './presence.ts';
import type { Room } from './room.ts';

export interface DrainingOptions {
  readonly clock: Clock;
  readonly isEmpty: () => boolean;
  /** Everyone has left, or the deadline has passed. Called once. */
  readonly onDrained: () => void;
}

export interface DrainingState {
  /** Both in milliseconds since 1970. */
  readonly sinceMs: Millis;
  readonly deadlineMs: Millis | null;
}

/** Gives the requester time to see that draining has begun, even if the server is empty. */
const MIN_DURATION_MS: Millis = 500;

/** The time between "admit nobody new" and the shutdown of the server. */
export class Draining {
  readonly #options: DrainingOptions;
  readonly #startedMs: Millis;
  readonly #sinceMs: Millis;
  #deadlineMs: Millis | null = null;
  #cancelDeadline: Cancel = () => {};
  #cancelCheck: Cancel = () => {};
  #closed = false;

  constructor(options: DrainingOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.#sinceMs = options.clock.wallNow();
    this.check();
  }

  get state(): DrainingState {
    const { clock } = this.#options;
    const deadlineMs = this.#deadlineMs === null ? null : clock.wallNow() + this.#deadlineMs - clock.now();
    return { sinceMs: this.#sinceMs, deadlineMs };
  }

  /** Time until the deadline, null without one. */
  get endsInMs(): Millis | null {
    return this.#deadlineMs === null ? null : Math.max(0, this.#deadlineMs - this.#options.clock.now());
  }

  /** Replaces the deadline; null for none. */
  endIn(durationMs: Millis | null): void {
    const { clock } = this.#options;
    this.#cancelDeadline();
    this.#deadlineMs = durationMs === null ? null : clock.now() + Math.max(MIN_DURATION_MS, durationMs);
    if (this.#deadlineMs === null) this.#cancelDeadline = () => {};
    else this.#cancelDeadline = clock.setTimer(this.#deadlineMs, () => this.#drained());
  }

  /** Call when someone has left. */
  check(): void {
    const { clock, isEmpty } = this.#options;
    this.#cancelCheck();
    if (this.#closed || !isEmpty()) return;
    this.#cancelCheck = clock.setTimer(Math.max(clock.now(), this.#startedMs + MIN_DURATION_MS), () => {
      if (isEmpty()) this.#drained();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelDeadline();
    this.#cancelCheck();
  }

  #drained(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onDrained();
  }
}

export interface DrainOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Also those that go on at another server. */
  readonly rooms: () => Iterable<Room>;
  readonly onDrained: (() => void) | undefined;
}

/** Whether a server admits nobody new because it is to end, and until when. */
export class Drain {
  readonly #options: DrainOptions;
  #draining: Draining | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#draining !== undefined;
  }

  get state(): DrainingState | null {
    return this.#draining?.state ?? null;
  }

  /** What newcomers are told; null while it is off. */
  get notice(): { readonly endsInMs: Millis | null } | null {
    return this.#draining === undefined ? null : { endsInMs: this.#draining.endsInMs };
  }

  begin(durationMs: Millis | null): DrainingState {
    const { clock, log, rooms, onDrained } = this.#options;
    this.#draining ??= new Draining({
      clock,
      isEmpty: () => isDeserted(rooms()),
      onDrained: () => {
        log.info('drained');
        onDrained?.();
      },
    });
    this.#draining.endIn(durationMs);
    const participants = Array.from(rooms()).reduce((sum, { size }) => sum + size, 0);
    log.info({ durationMs, participants }, 'draining: no new participants are admitted');
    this.#tellEverybody({ type: 'server_draining', draining: true, endsInMs: this.#draining.endsInMs });
    return this.#draining.state;
  }

  cancel(): void {
    if (this.#draining === undefined) return;
    this.#draining.close();
    this.#draining = undefined;
    this.#options.log.info('draining cancelled');
    this.#tellEverybody({ type: 'server_draining', draining: false, endsInMs: null });
  }

  check(): void {
    this.#draining?.check();
  }

  close(): void {
    this.#draining?.close();
  }

  #tellEverybody(event: RoomEvent): void {
    for (const room of this.#options.rooms()) room.tellAll(event);
  }
}

/** Nobody is left who would leave by themselves: programs do not know that the server is draining. */
export function isDeserted(rooms: Iterable<Room>): boolean {
  for (const room of rooms) for (const { view } of room.everybody) if (!isProgram(view)) return false;
  return true;
}
