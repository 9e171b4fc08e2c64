/** Signals that mean nothing to the server, but would end it without a word, or open a debugger. */
import type { Logger } from 'pino';

/**
 * By default SIGUSR1 opens the inspector of V8 to every user of the machine, who could then run code as the server's user. The others end the
 * process; those of failures in its own code (SIGSEGV and the like) are left to the system.
 */
const IGNORED = [
  ...['SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'],
  ...['SIGXCPU', 'SIGIO', 'SIGPWR', 'SIGSTKFLT'],
] as const;

/** From now on they are logged, and nothing else happens. */
export function ignoreSignals(log: Logger): void {
  for (const signal of IGNORED)
    process.on(signal, () => log.warn({ signal }, 'signal ignored; SIGTERM or SIGINT shuts the server down'));
  // A file may not grow further (setrlimit(2)). Where it is that of the log, another line would bring the next signal.
  process.on('SIGXFSZ', () => {});
}
