/** The connections of one server that are open now, and how they end with it. */
import type { Clock, Millis } from '../clock.ts';

export interface Session {
  /** Says that the server is closing. */
  close(): void;
  /** Ends the connection at once. */
  terminate(): void;
}

export class OpenSessions<Kind extends Session> {
  readonly #clock: Clock;
  readonly #sessions = new Set<Kind>();
  #onLastClosed: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Kind): void {
    this.#sessions.add(session);
  }

  /** The session has ended. */
  delete(session: Kind): void {
    if (this.#sessions.delete(session) && this.size === 0) this.#onLastClosed();
  }

  /** Closes all sessions, and cuts off those that stay longer than `graceMs`. Resolves when none is left. */
  async close(graceMs: Millis): Promise<void> {
    const allClosed = new Promise<void>((resolve) => {
      this.#onLastClosed = resolve;
    });
    for (const session of this.#sessions) session.close();
    if (this.size === 0) return;
    const cancel = this.#clock.setTimer(this.#clock.now() + graceMs, () => {
      for (const session of this.#sessions) session.terminate();
    });
    await allClosed;
    cancel();
  }
}
