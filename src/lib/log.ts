import pino, { type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';

export interface LogOptions {
  readonly level: string;
  /** `auto` is pretty where a person reads, which is where `out` is a terminal. */
  readonly format: 'auto' | 'pretty' | 'json';
  readonly out: LogOutput;
}

/** `process.stdout`, or what a test puts in its place. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const SECRETS = ['resumeToken', 'token', 'tokenSecret', 'password', 'roomPasswords'];

/**
 * The root logger: one line per lifecycle event, a constant message and what varies in fields. Both formats are made
 * in this thread and written at once, so that the last line before the end of the process is not lost.
 */
export function createLogger({ level, format, out }: LogOptions): Logger {
  const isTerminal = out.isTTY === true;
  const pretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Nothing should log these; this is for the day when something does.
    redact: SECRETS.flatMap((name) => [name, `*.${name}`]),
  };
  return pino(options, pretty ? prettyOutput(out, isTerminal) : out);
}

function prettyOutput(out: LogOutput, colorize: boolean): { write(line: string): void } {
  const prettify = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return { write: (line) => void out.write(prettify(line) ?? line) };
}
