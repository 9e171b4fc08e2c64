/**
 * Tells systemd that the server is ready or ends, and that its main thread is alive (sd_notify(3)). Node has no Unix
 * datagrams, so `systemd-notify` sends them.
 */
import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../lib/clock.ts';

const PROGRAM = 'systemd-notify';
/** It waits until systemd has read the message. */
const SEND_TIMEOUT_MS: Millis = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceManagerOptions {
  readonly env: Environment;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Sends one message; `systemd-notify` by default. */
  readonly send?: (message: string) => Promise<void>;
}

export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #isThere: boolean;
  #cancel: Cancel = () => {};
  #hasFailed = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#isThere = (options.env['NOTIFY_SOCKET'] ?? '') !== '';
  }

  /** The server serves. From now on the watchdog hears from it, if there is one. */
  ready(): void {
    if (!this.#isThere) return;
    this.#send('READY=1');
    const everyMs = watchdogMs(this.#options) / 2;
    if (everyMs > 0) this.#feed(everyMs);
  }

  /** The server ends, which may take until its grace time is over. */
  stopping(): void {
    this.#cancel();
    if (this.#isThere) this.#send('STOPPING=1');
  }

  #feed(everyMs: Millis): void {
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + everyMs, () => {
      this.#send('WATCHDOG=1');
      this.#feed(everyMs);
    });
  }

  #send(message: string): void {
    const { send = systemdNotify, log } = this.#options;
    send(message).catch((error: unknown) => {
      if (!this.#hasFailed)
        log.warn({ err: error }, `the service manager cannot be told anything: ${PROGRAM} has failed`);
      this.#hasFailed = true;
    });
  }
}

/** How long systemd waits for a sign of life (sd_watchdog_enabled(3)); 0: it does not. */
function watchdogMs({ env, pid }: ServiceManagerOptions): Millis {
  const isForOther = (env['WATCHDOG_PID'] ?? String(pid)) !== String(pid);
  const microseconds = Number(env['WATCHDOG_USEC'] ?? 0);
  return isForOther || !(microseconds > 0) ? 0 : microseconds / 1000;
}

function systemdNotify(message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, [message], { timeout: SEND_TIMEOUT_MS }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
