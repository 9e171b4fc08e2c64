/** The part of `window.history` that is needed. */
export type GuardedHistory = Pick<History, 'state' | 'pushState' | 'replaceState'>;

const MARK = 'partyline-room';

/**
 * Puts an entry of its own for the room on top of the history, so that Back leads to the page itself, which can then
 * ask, and does not end the call without a word.
 */
export class BackGuard {
  readonly #history: GuardedHistory;

  constructor(history: GuardedHistory = globalThis.history) {
    this.#history = history;
  }

  /** Shows this path. The entry on top stays the same if it already belongs to a room. */
  enter(path: string): void {
    if (this.isInRoom) this.#history.replaceState(MARK, '', path);
    else this.#history.pushState(MARK, '', path);
  }

  /** The entry that is shown belongs to a room; not so after Back. */
  get isInRoom(): boolean {
    return this.#history.state === MARK;
  }
}
