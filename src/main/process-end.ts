/** How the process ends: on a signal, or after an uncaught failure. */
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { PartylineServer } from '../server/server.ts';
import { StartError } from '../server/start-error.ts';

const EXIT_FAILURE = 1;
/** The code for invalid settings: a service manager need not restart. */
const EXIT_SETTINGS = 2;
/** After a failure nothing can be relied on. This is just enough time to notify the participants. */
const FAILURE_GRACE_MS: Millis = 1000;

export interface ProcessEndOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** Time limit for shutting down after a signal, once the rooms have moved that can. */
  readonly graceMs: Millis;
  readonly exit: (code: number) => void;
  /** The process begins to end. Called once. */
  readonly onEnding?: () => void;
}

export class ProcessEnd {
  readonly #options: ProcessEndOptions;
  #server: PartylineServer | undefined;
  #ending = false;

  constructor(options: ProcessEndOptions) {
    this.#options = options;
  }

  /** Registers the server to close before the process ends. */
  serves(server: PartylineServer): void {
    this.#server = server;
  }

  /** The first signal closes the server and exits with 0; another exits immediately with 1. */
  signal(name: string): void {
    const { log, exit } = this.#options;
    log.info({ signal: name }, this.#ending ? 'shutting down immediately' : 'closing');
    if (this.#ending) exit(EXIT_FAILURE);
    else this.#closeInTime();
  }

  /** Everyone has left a draining server: closes it and exits with 0. */
  drained(): void {
    if (!this.#ending) this.#closeInTime();
  }

  /**
   * Logs the failure, notifies the participants, and exits with 1, so that the supervisor restarts the server. Exits
   * with 2 for invalid settings.
   */
  fail(message: string, error: unknown): void {
    const { log, exit } = this.#options;
    if (error instanceof StartError) log.fatal(error.message);
    else log.fatal({ err: error }, message);
    const code = error instanceof StartError && error.isSettingsError ? EXIT_SETTINGS : EXIT_FAILURE;
    if (this.#ending) exit(code);
    else this.#close(FAILURE_GRACE_MS, code, () => exit(code));
  }

  #closeInTime(): void {
    const { log, graceMs, exit } = this.#options;
    const close = () =>
      this.#close(graceMs, 0, () => {
        log.fatal(`shutting down took longer than the grace time of ${graceMs} ms`);
        exit(EXIT_FAILURE);
      });
    this.#begin();
    const leaving = this.#server?.leave();
    if (leaving === undefined) close();
    else leaving.catch((error: unknown) => log.error({ err: error }, 'the rooms could not be moved')).then(close);
  }

  #begin(): void {
    if (!this.#ending) this.#options.onEnding?.();
    this.#ending = true;
  }

  #close(graceMs: Millis, code: number, tooLate: () => void): void {
    const { clock, exit } = this.#options;
    this.#begin();
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
