import pino, { type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { harmlessJson, harmlessText } from './harmless-text.ts';

export interface LogOptions {
  readonly level: string;
  /** `auto` is pretty if `out` is a terminal. */
  readonly format: 'auto' | 'pretty' | 'json';
  readonly out: LogOutput;
}

/** Accepts whole lines. Must not throw. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
  /** Lines lost before the output became writable again. */
  takeLost?(): number;
}

const SECRETS = ['resumeToken', 'token', 'tokenSecret', 'adminToken', 'webhookSecret', 'password', 'roomPasswords'];

/** Fields that pino-pretty writes unchanged; it writes all others as JSON. */
const WRITTEN_AS_THEY_ARE: ReadonlySet<string> = new Set(['name', 'hostname', 'caller', 'msg']);

/**
 * The root logger. Each lifecycle event is one line, with a constant message and variable fields. Both formats are
 * produced and written synchronously in this thread, so that the last line before the process exits is not lost. Text
 * from clients cannot start new lines or control a terminal.
 */
export function createLogger({ level, format, out }: LogOptions): Logger {
  const isTerminal = out.isTTY === true;
  const descendants = new Descendants();
  const pretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorOf },
    onChild: (child) => descendants.add(child),
    // Nothing should log these. This is a safety net.
    redact: SECRETS.flatMap((name) => [name, `*.${name}`]),
  };
  const output = pretty ? prettyOutput(out, isTerminal) : jsonOutput(out);
  const log = pino(options, {
    write: (line: string) => {
      output.write(line);
      const lines = out.takeLost?.() ?? 0;
      if (lines > 0) log.warn({ lines }, 'log lines were lost because they could not be written');
    },
  });
  families.set(log, descendants);
  return log;
}

/** Changes the level of a root logger, and of all loggers that were made from it. */
export function setLogLevel(log: Logger, level: string): void {
  log.level = level;
  for (const child of families.get(log)?.living ?? []) child.level = level;
}

const families = new WeakMap<Logger, Descendants>();
/** References to loggers that are gone are dropped when there are twice as many, but not below this number. */
const MIN_SWEEP = 256;

/** Loggers of rooms and participants, which have levels of their own. */
class Descendants {
  #all: WeakRef<Logger>[] = [];
  #sweepAt = MIN_SWEEP;

  get living(): Logger[] {
    return this.#all.flatMap((reference) => reference.deref() ?? []);
  }

  add(child: Logger): void {
    this.#all.push(new WeakRef(child));
    if (this.#all.length < this.#sweepAt) return;
    this.#all = this.#all.filter((reference) => reference.deref() !== undefined);
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#all.length);
  }
}

function jsonOutput(out: LogOutput): { write(line: string): void } {
  return { write: (line) => void out.write(harmlessJson(line)) };
}

function prettyOutput(out: LogOutput, colorize: boolean): { write(line: string): void } {
  const prettify = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return {
    write: (line) => {
      const record: unknown = JSON.parse(line, (key, value: unknown) =>
        typeof value === 'string' ? harmlessField(key, value) : value,
      );
      out.write(prettify(record) ?? line);
    },
  };
}

function harmlessField(key: string, value: string): string {
  // All lines of a stack except its messages are ours, and `errorOf` has sanitized the messages.
  if (key === 'stack') return value.split('\n').map(harmlessText).join('\n');
  return WRITTEN_AS_THEY_ARE.has(key) ? harmlessText(value) : harmlessJson(value);
}

/** Like pino's serializer, but with single-line messages, in stacks as well. */
function errorOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const serialized = pino.stdSerializers.err(thrown);
  let { stack } = serialized;
  for (let error: unknown = thrown; error instanceof Error; error = error.cause)
    if (error.message !== '') stack = stack.replaceAll(error.message, harmlessText(error.message));
  return { ...serialized, stack };
}
