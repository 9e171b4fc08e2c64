/**
 * Output of log lines. If the log cannot be written (full disk, stalled or missing reader, closed terminal), lines are
 * lost but nothing throws and nothing blocks.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Clock, Millis } from './clock.ts';
import type { LogOutput } from './log.ts';

/** Maximum number of bytes queued for a slow reader. */
const MAX_WAITING = 262_144;
const RETRY_MS: Millis = 20;
const NEWLINE = Buffer.from('\n');

/** Writes as many bytes as possible without blocking and returns how many. Throws like `writeSync` if that is none. */
export type WriteBytes = (bytes: Uint8Array) => number;

export interface LossyOutputOptions {
  readonly write: WriteBytes;
  readonly isTTY: boolean;
  readonly clock: Clock;
}

/** Writes lines while possible, queues some for a slow reader, and counts lost lines. */
export class LossyOutput implements LogOutput {
  readonly isTTY: boolean;
  readonly #write: WriteBytes;
  readonly #clock: Clock;
  /** Lines not yet written; the first may be only the rest of a line. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Part of the first queued line has been written. */
  #isSplit = false;
  /** The output ends with a partial line whose rest is lost. */
  #isTorn = false;
  #lost = 0;
  /** The last attempt failed, so lines are being lost. */
  #lastFailed = false;
  #isRetrying = false;

  constructor({ write, isTTY, clock }: LossyOutputOptions) {
    this.#write = write;
    this.isTTY = isTTY;
    this.#clock = clock;
  }

  /** Lines lost since the last call; 0 while lines still cannot be written. */
  takeLost(): number {
    if (this.#waiting.length > 0 || this.#lastFailed) return 0;
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isRetrying) this.flush();
  }

  /** Writes as much of the queue as possible without blocking. */
  flush(): void {
    try {
      if (this.#isTorn) this.#write(NEWLINE);
      this.#isTorn = false;
      while (this.#waiting.length > 0) this.#writeFirst();
      this.#lastFailed = false;
    } catch (error) {
      if (isBusy(error)) this.#retryLater();
      else this.#lose();
    }
  }

  #writeFirst(): void {
    const first = this.#waiting[0]!;
    const written = this.#write(first);
    this.#waitingBytes -= written;
    this.#isSplit = written < first.length;
    if (this.#isSplit) this.#waiting[0] = first.subarray(written);
    else this.#waiting.shift();
  }

  #lose(): void {
    this.#lastFailed = true;
    this.#isTorn ||= this.#isSplit;
    this.#isSplit = false;
    this.#lost += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #retryLater(): void {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    this.#clock.setTimer(this.#clock.now() + RETRY_MS, () => {
      this.#isRetrying = false;
      this.flush();
    });
  }
}

/** The standard output of this process. Lines queued at the end are written if the reader accepts them then. */
export function standardOutput(stream: NodeJS.WriteStream & { readonly fd: number }, clock: Clock): LossyOutput {
  // Libraries and Node itself may write to it, too.
  stream.on('error', () => {});
  const output = new LossyOutput({ write: writerOf(stream), isTTY: stream.isTTY === true, clock });
  process.on('exit', () => output.flush());
  return output;
}

function writerOf(stream: NodeJS.WriteStream & { readonly fd: number }): WriteBytes {
  const fd = withoutWaiting(stream.fd);
  if (fd !== undefined) return (bytes) => writeSync(fd, bytes);
  return (bytes) => {
    stream.write(bytes);
    return bytes.length;
  };
}

/**
 * A descriptor for the same output that never blocks. A pipe or a terminal is reopened for this, because the descriptor
 * that we were given may be shared with a shell and must not change. Undefined if that is not possible, as with
 * sockets.
 */
function withoutWaiting(fd: number): number | undefined {
  try {
    if (fstatSync(fd).isFile()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
