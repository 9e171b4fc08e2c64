/**
 * Where log lines are written. A log that cannot be written (a full disk, a reader that has gone or does not read, a closed terminal) costs
 * lines and nothing else: nothing is thrown, and nothing waits.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Clock, Millis } from './clock.ts';
import type { LogOutput } from './log.ts';

/** What may wait for a slow reader, in bytes. */
const MAX_WAITING = 262_144;
const RETRY_MS: Millis = 20;
const NEWLINE = Buffer.from('\n');

/** Writes as many of these bytes as can be written at once, and returns how many. Throws as `writeSync` does if that is none. */
export type WriteBytes = (bytes: Uint8Array) => number;

export interface LossyOutputOptions {
  readonly write: WriteBytes;
  readonly isTTY: boolean;
  readonly clock: Clock;
}

/** Writes lines while that is possible, keeps some for a reader who is slow, and counts those that are lost. */
export class LossyOutput implements LogOutput {
  readonly isTTY: boolean;
  readonly #write: WriteBytes;
  readonly #clock: Clock;
  /** Lines that have not been written; of the first perhaps only the rest. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** A part of the first waiting line has been written. */
  #isSplit = false;
  /** The output ends with a part of a line whose rest is lost. */
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

  /** How many lines were lost since this was asked last; 0 for as long as lines cannot be written. */
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

  /** Writes what waits, as far as that is possible at once. */
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

/** The standard output of this process. What waits for a slow reader at the end is written if the reader takes it then. */
export function standardOutput(stream: NodeJS.WriteStream & { readonly fd: number }, clock: Clock): LossyOutput {
  // Libraries and Node itself may write to it as well.
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
 * A descriptor of the same output that never waits for a reader. A pipe or a terminal is opened again for that: shared with a shell, the one we
 * were given must stay as it is. Undefined where that is not possible, as with sockets.
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
