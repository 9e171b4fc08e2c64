/** Signals that mean nothing to the server but would end it silently or open a debugger. */
import type { Logger } from 'pino';

/**
 * By default SIGUSR1 opens V8's inspector to every user of the machine, who could then run code as the server's user.
 * The others end the process. Signals caused by faults in its own code (SIGSEGV and the like) are left to the system.
 */
const IGNORED = [
  ...['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'],
  ...['SIGXCPU', 'SIGIO', 'SIGPWR', 'SIGSTKFLT'],
] as const;

/** From now on these signals are logged and have no other effect. */
export function ignoreSignals(log: Logger): void {
  for (const signal of IGNORED)
    process.on(signal, () => log.warn({ signal }, 'signal ignored; SIGTERM or SIGINT shuts the server down'));
  // A file may not grow further (setrlimit(2)). If it is the log, logging the signal would raise it again.
  process.on('SIGXFSZ', () => {});
}
