/** The parts of the server as a list: started in order, closed in reverse. */

/** All three can be called before the part has started. */
export interface Part {
  readonly name: string;
  /** Opens what other parts depend on. */
  start?(): void | Promise<void>;
  /** Accepts nothing new from now on and starts finishing current work. */
  stop?(): void;
  /** Releases everything. */
  close?(): void | Promise<void>;
}

export class Parts {
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** Starts the parts one after another. Rejects with the first error; closes nothing in that case. */
  async start(): Promise<void> {
    for (const part of this.#parts) await part.start?.();
  }

  /**
   * Stops all parts in reverse order, then closes them in reverse order, one at a time. A failing part does not keep
   * the others open. Finally rejects with an `Error` that names the first part that failed.
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
