/** Messages between two servers over one connection: JSON, a line each. Whoever is silent for seconds is given up. */
import type { Duplex } from 'node:stream';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';

/** Longer than any session description or list of speakers. */
const MAX_LINE_BYTES = 256 * 1024;
/** More waits only for somebody who does not read any more. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
const PING_MS: Millis = 1000;
const SILENT_MS: Millis = 4000;
const NEWLINE = 10;

export interface MessageStreamOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  /** Whatever the other server said; it is not checked yet. */
  readonly onMessage: (message: unknown) => void;
  /** Called once, not after `close`. */
  readonly onClosed: (reason: string) => void;
}

export class MessageStream {
  readonly #options: MessageStreamOptions;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #heardMs: Millis;
  #closed = false;
  #cancel: Cancel = () => {};

  constructor(options: MessageStreamOptions) {
    this.#options = options;
    const { stream, clock } = options;
    this.#heardMs = clock.now();
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    stream.on('error', (error: Error) => this.#end(error.message));
    stream.on('close', () => this.#end('the connection was closed'));
    stream.on('end', () => this.#end('the connection was closed'));
    this.#ping();
  }

  /** Bytes are written as base64. */
  send(message: object): void {
    this.#write(`${JSON.stringify(message, bytesAsBase64)}\n`);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    this.#options.stream.destroy();
  }

  #write(line: string): void {
    const { stream } = this.#options;
    if (this.#closed || stream.destroyed) return;
    stream.write(line);
    // Whoever sends is in the middle of something, and is told later.
    if (stream.writableLength > MAX_UNSENT_BYTES) stream.destroy(new Error('the other server does not read'));
  }

  #ping(): void {
    const { clock } = this.#options;
    this.#cancel = clock.setTimer(clock.now() + PING_MS, () => {
      if (clock.now() - this.#heardMs > SILENT_MS) {
        this.#end('the other server is silent');
        return;
      }
      this.#write('\n');
      if (!this.#closed) this.#ping();
    });
  }

  #receive(bytes: Buffer): void {
    this.#heardMs = this.#options.clock.now();
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0 && !this.#closed; at = bytes.indexOf(NEWLINE, start)) {
      this.#keep(bytes.subarray(start, at));
      start = at + 1;
      this.#take();
    }
    if (!this.#closed) this.#keep(bytes.subarray(start));
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes > MAX_LINE_BYTES) this.#end('a message is too long');
    else if (part.length > 0) this.#parts.push(part);
  }

  /** An empty line is a sign of life. */
  #take(): void {
    if (this.#closed || this.#partBytes === 0) return;
    const text = Buffer.concat(this.#parts).toString();
    this.#parts = [];
    this.#partBytes = 0;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.#end('a message is no JSON');
      return;
    }
    this.#options.onMessage(message);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onClosed(reason);
  }
}

function bytesAsBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // A Buffer has been changed before it comes here.
  const original = this[key];
  if (!(original instanceof Uint8Array)) return value;
  return Buffer.from(original.buffer, original.byteOffset, original.length).toString('base64');
}
