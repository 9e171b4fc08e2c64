/** The parts of the server as a list: started in order, closed in reverse. */

/** All three can be called before the part has started. */
export interface Part {
  readonly name: string;
  /** Opens what others wait for. */
  start?(): void | Promise<void>;
  /** Takes nothing new from now on, and begins to finish what it has. */
  stop?(): void;
  /** Frees everything. */
  close?(): void | Promise<void>;
}

export class Parts {
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** Starts each part when the one before it has started. Rejects with the error of the first that cannot start; nothing is closed then. */
  async start(): Promise<void> {
    for (const part of this.#parts) await part.start?.();
  }

  /**
   * Stops all parts from last to first, and then closes them from last to first, one at a time. A part that fails does not keep the others
   * open. Rejects at the end with an `Error` that names the first part that failed.
   */
  async close(): Promise<void> {
    const fromLast = this.#parts.toReversed();
    const errors: Error[] = [];
    const attempt = async ({ name }: Part, action: () => void | Promise<void>) => {
      try {
        await action();
      } catch (cause) {
        errors.push(new Error(`cannot close: ${name}`, { cause }));
      }
    };
    for (const part of fromLast) await attempt(part, () => part.stop?.());
    for (const part of fromLast) await attempt(part, () => part.close?.());
    if (errors.length > 0) throw errors[0];
  }
}
