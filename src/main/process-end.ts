/** How the process ends: asked to by a signal, or because something failed that nobody caught. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { PartylineServer } from '../server/server.ts';
import { StartError } from '../server/start-error.ts';

const EXIT_FAILURE = 1;
/** As for settings that cannot be read: a service manager need not try again. */
const EXIT_SETTINGS = 2;
/** After a failure nothing can be relied on: enough time to tell the participants, and no more. */
const FAILURE_GRACE_MS: Millis = 1000;

export interface ProcessEndOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** Closing takes no longer than this after a signal. */
  readonly graceMs: Millis;
  readonly exit: (code: number) => void;
}

export class ProcessEnd {
  readonly #options: ProcessEndOptions;
  #server: PartylineServer | undefined;
  #ending = false;

  constructor(options: ProcessEndOptions) {
    this.#options = options;
  }

  /** From now on this is what is closed before the end. */
  serves(server: PartylineServer): void {
    this.#server = server;
  }

  /** The first closes the server and ends with 0; another ends at once with 1. */
  signal(name: string): void {
    const { log, exit } = this.#options;
    log.info({ signal: name }, this.#ending ? 'shutting down immediately' : 'closing');
    if (this.#ending) exit(EXIT_FAILURE);
    else this.#closeInTime();
  }

  /** Nobody is left whom the server was to wait for: it closes and ends with 0. */
  drained(): void {
    if (!this.#ending) this.#closeInTime();
  }

  /** Says what failed, tells the participants, and ends with 1: whatever started the server starts it anew. Ends with 2 for wrong settings. */
  fail(message: string, error: unknown): void {
    const { log, exit } = this.#options;
    if (error instanceof StartError) log.fatal(error.message);
    else log.fatal({ err: error }, message);
    const code = error instanceof StartError && error.isOfSettings ? EXIT_SETTINGS : EXIT_FAILURE;
    if (this.#ending) exit(code);
    else this.#close(FAILURE_GRACE_MS, code, () => exit(code));
  }

  #closeInTime(): void {
    const { log, graceMs, exit } = this.#options;
    this.#close(graceMs, 0, () => {
      log.fatal(`shutting down took longer than the grace time of ${graceMs} ms`);
      exit(EXIT_FAILURE);
    });
  }

  #close(graceMs: Millis, code: number, tooLate: () => void): void {
    const { clock, exit } = this.#options;
    this.#ending = true;
    if (this.#server === undefined) {
      exit(code);
      return;
    }
    clock.setTimer(clock.now() + graceMs, tooLate);
    this.#server.close().then(
      () => exit(code),
      (error: unknown) => this.fail('shutting down failed', error),
    );
  }
}
